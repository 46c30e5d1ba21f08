"""The order of the codeword features of `csa.front: beamspace`, coarse to fine, so that any prefix is a message.

A direction t in [0, 1) becomes base-4 digits, one feature of two bits each:

    f_0 = t,   f_(d+1) = fold(4 f_d),   fold(x) = 1 - |x mod 2 - 1|

Quantised to four levels, D of them name one of 4^D cells; folding instead of wrapping keeps every feature continuous
in t. The head of the codeword holds every path's digits, the shares of the paths after the first (see
`strategy_gate`), the level, and free features; both ends know the SNR, so its order follows what the SNR makes worth knowing:

    low SNR    all digits of the strongest path | of every further path: its share, its digits | level | free ones
    high SNR   4 digits of each path | shares | fifth digits | level | sixth digits | free ones

After the head comes the angular spectrum at 1/16, 1/8, 1/4, 1/2 and all of its resolution. The head has 16 features for
two paths: B = 4 is the strongest path within four beams of 64 antennas; B = 16 the strongest within a hundredth of a beam,
or both within a quarter. Free features and all of the spectrum are for the networks to use.

Axes: P paths, D digits, F = B / 2 features, I beams.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

DIGITS = 6
FREE = 2
BEAM_DIGITS = 4  # of a path: they come first at high SNR, and say in which quarter of a beam it lies
SPECTRUM_POOLS = (16, 8, 4, 2, 1)


@dataclass(frozen=True)
class CodewordOrder:
    """Where each part of the codeword stands; every entry is the index of a feature.

    digits: for each path; shares: of the paths after the first; level; free: places in the head before it is put in
    order. low, high: the head's places in the order in which they are fed back. spectrum: the first and one past the
    last feature of each resolution.
    """

    digits: tuple[tuple[int, ...], ...]
    shares: tuple[int, ...]
    level: int
    free: tuple[int, ...]
    low: tuple[int, ...]
    high: tuple[int, ...]
    spectrum: tuple[tuple[int, int], ...]

    @property
    def head(self) -> int:
        """Features before the spectrum."""
        return len(self.low)

    @property
    def length(self) -> int:
        """Features of the whole codeword."""
        return self.spectrum[-1][1]

    def sent(self, head: Tensor, low: Tensor) -> Tensor:
        """Put a head (..., H) in the order in which it is fed back; low: (..., 1), whether that of low SNR."""
        return torch.where(low, head[..., list(self.low)], head[..., list(self.high)])

    def placed(self, sent: Tensor, low: Tensor) -> Tensor:
        """Bring what was fed back (..., F) to its places, the inverse of `sent`; the spectrum stays as it is."""
        low_places, high_places = (
            sorted(range(self.head), key=order.__getitem__) for order in (self.low, self.high)
        )
        head = torch.where(low, sent[..., low_places], sent[..., high_places])
        return torch.cat((head, sent[..., self.head :]), dim=-1)

    def directions(self, codeword: Tensor, fed_back: Tensor) -> tuple[Tensor, Tensor]:
        """Read directions u (..., P), and of how many digits each, from placed features (..., F) and their mask."""
        aoa, digits = [], []
        for path in self.digits:
            known = fed_back[..., list(path)]
            aoa.append(2 * from_digits(codeword[..., list(path)], known) - 1)
            digits.append(known.sum(dim=-1))
        return torch.stack(aoa, dim=-1), torch.stack(digits, dim=-1)

    def told(self, fed_back: Tensor) -> tuple[Tensor, Tensor]:
        """Return which paths' shares and directions (..., P) are among the features fed back, by place (..., F).

        The strongest path always counts as told; the direction of another does from BEAM_DIGITS digits on.
        """
        strongest = torch.ones_like(fed_back[..., :1])
        shares = torch.cat((strongest, fed_back[..., list(self.shares)]), dim=-1)
        digits = [path[BEAM_DIGITS - 1] for path in self.digits[1:]]
        return shares, torch.cat((strongest, fed_back[..., digits]), dim=-1)


def codeword_order(paths: int, beams: int) -> CodewordOrder:
    """Return the order of the codeword for P paths and a spectrum of I beams, I a multiple of 16."""
    places = iter(range(paths * DIGITS + paths + FREE))
    digits = tuple(tuple(next(places) for _ in range(DIGITS)) for _ in range(paths))
    shares = tuple(next(places) for _ in range(paths - 1))
    level = next(places)
    free = tuple(places)
    low = [*digits[0]]
    for share, further in zip(shares, digits[1:], strict=True):
        low += [share, *further]
    high = [place for path in digits for place in path[:BEAM_DIGITS]] + list(shares)
    fifth, *rest = range(BEAM_DIGITS, DIGITS)
    high += [path[fifth] for path in digits] + [level]
    high += [path[digit] for digit in rest for path in digits]
    cursor = len(low) + 1 + FREE
    spectrum = []
    for pool in SPECTRUM_POOLS:
        spectrum.append((cursor, cursor + beams // pool))
        cursor += beams // pool
    return CodewordOrder(digits, shares, level, free, (*low, level, *free), (*high, *free), tuple(spectrum))


def to_digits(position: Tensor) -> Tensor:
    """Return the features (..., D) in [0, 1] of positions t (...) in [0, 1)."""
    features = [position]
    for _ in range(1, DIGITS):
        features.append(1 - (torch.remainder(4 * features[-1], 2) - 1).abs())
    return torch.stack(features, dim=-1)


def from_digits(features: Tensor, active: Tensor) -> Tensor:
    """Return the centre t (...) of the cell that the dequantised features (..., D) name.

    active: (..., D), 1 for digits that were fed back, 0 for those after them. The gradient is straight-through, by
    way of the first digit, whose slope in t is 1: d t / d f_0 = 1.
    """
    level = torch.round(4 * features.detach() - 0.5)
    odd = torch.remainder(level, 2)
    position = torch.full_like(features[..., 0], 0.5)
    for digit in reversed(range(DIGITS)):
        inside = odd[..., digit] + (1 - 2 * odd[..., digit]) * position
        position = active[..., digit] * (level[..., digit] + inside) / 4 + (1 - active[..., digit]) * 0.5
    first = features[..., 0]
    return position + active[..., 0] * (first - first.detach())
