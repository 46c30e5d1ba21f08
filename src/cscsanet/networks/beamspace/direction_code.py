"""The order of the codeword features of `csa.front: beamspace`: any prefix is a message.

A direction t in [0, 1) becomes base-4 digits, one feature of two bits each:

    f_0 = t,   f_(d+1) = fold(4 f_d),   fold(x) = 1 - |x mod 2 - 1|

Quantised to four levels, D of them select one of 4^D cells. Folding instead of wrapping keeps every
feature continuous in t. The head of the codeword holds the digits of every path, the shares of the
paths after the first (see `stream_allocation`), the gain of the strongest path, and free features.
Both ends know the SNR, so the order of the head depends on it:

    low SNR    digits of the strongest path | share and digits of every further path | gain | free
    high SNR   4 digits of each path | shares | fifth digits | gain | sixth digits | free

After the head comes the angular spectrum, at 1/16, 1/8, 1/4, 1/2 and all of its resolution. The
head has 16 features for two paths. B = 4 locates the strongest path within four beams of 64
antennas; B = 16 locates the strongest within a hundredth of a beam, or both within a quarter of a
beam. The networks learn how to use the free features and the spectrum.

Axes: P paths, D digits, F = B / 2 features, H features of the head, I beams.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

DIGITS = 6
FREE = 2
BEAM_DIGITS = 4  # of a path: they locate it within a quarter of a beam, and come first at high SNR
SPECTRUM_POOLS = (16, 8, 4, 2, 1)


@dataclass(frozen=True)
class CodewordOrder:
    """The positions of the parts of a codeword; every entry is the index of a feature.

    digits: of each path; shares: of the paths after the first; gain; free: positions within the
    head in its canonical order, digits | shares | gain | free. low_snr, high_snr: the head's
    positions in feedback order. spectrum: the first and one past the last feature of each
    resolution.
    """

    digits: tuple[tuple[int, ...], ...]
    shares: tuple[int, ...]
    gain: int
    free: tuple[int, ...]
    low_snr: tuple[int, ...]
    high_snr: tuple[int, ...]
    spectrum: tuple[tuple[int, int], ...]

    @property
    def head_length(self) -> int:
        """The number of features before the spectrum."""
        return len(self.low_snr)

    @property
    def length(self) -> int:
        """The number of features of the whole codeword."""
        return self.spectrum[-1][1]

    def to_feedback_order(self, head: Tensor, low_snr: Tensor) -> Tensor:
        """Return a head (..., H) in feedback order.

        low_snr: bool (..., 1), whether the order for low SNR applies, here and below.
        """
        return torch.where(low_snr, head[..., list(self.low_snr)], head[..., list(self.high_snr)])

    def from_feedback_order(self, features: Tensor, low_snr: Tensor) -> Tensor:
        """Return features (..., F) with the head in canonical order, from feedback order."""
        low, high = (
            sorted(range(self.head_length), key=order.__getitem__) for order in (self.low_snr, self.high_snr)
        )
        head = torch.where(low_snr, features[..., low], features[..., high])
        return torch.cat((head, features[..., self.head_length :]), dim=-1)

    def directions(self, codeword: Tensor, fed_back: Tensor) -> tuple[Tensor, Tensor]:
        """Return the directions u (..., P) of a codeword and their numbers of digits (..., P).

        codeword: features (..., F) in canonical order; fed_back: their mask (..., F), 1 where fed
        back.
        """
        aoa, num_digits = [], []
        for path in self.digits:
            active = fed_back[..., list(path)]
            aoa.append(2 * from_digits(codeword[..., list(path)], active) - 1)
            num_digits.append(active.sum(dim=-1))
        return torch.stack(aoa, dim=-1), torch.stack(num_digits, dim=-1)

    def reported(self, fed_back: Tensor) -> tuple[Tensor, Tensor]:
        """Return the masks (..., P) of the paths whose share, and whose direction, is fed back.

        The strongest path always counts as reported; the direction of another path does from
        BEAM_DIGITS digits on.
        fed_back: (..., F) in canonical order, 1 where fed back.
        """
        strongest = torch.ones_like(fed_back[..., :1])
        share_reported = torch.cat((strongest, fed_back[..., list(self.shares)]), dim=-1)
        last_digits = [path[BEAM_DIGITS - 1] for path in self.digits[1:]]
        return share_reported, torch.cat((strongest, fed_back[..., last_digits]), dim=-1)


def codeword_order(paths: int, beams: int) -> CodewordOrder:
    """Return the order of the codeword for P paths and a spectrum of I beams, 16 | I."""
    positions = iter(range(paths * DIGITS + paths + FREE))
    digits = tuple(tuple(next(positions) for _ in range(DIGITS)) for _ in range(paths))
    shares = tuple(next(positions) for _ in range(paths - 1))
    gain = next(positions)
    free = tuple(positions)
    low_snr = [*digits[0]]
    for share, further in zip(shares, digits[1:], strict=True):
        low_snr += [share, *further]
    high_snr = [position for path in digits for position in path[:BEAM_DIGITS]] + list(shares)
    fifth, *rest = range(BEAM_DIGITS, DIGITS)
    high_snr += [path[fifth] for path in digits] + [gain]
    high_snr += [path[digit] for digit in rest for path in digits]
    first = len(low_snr) + 1 + FREE
    spectrum = []
    for pool in SPECTRUM_POOLS:
        spectrum.append((first, first + beams // pool))
        first += beams // pool
    return CodewordOrder(
        digits, shares, gain, free, (*low_snr, gain, *free), (*high_snr, *free), tuple(spectrum)
    )


def to_digits(position: Tensor) -> Tensor:
    """Return the features (..., D) in [0, 1] of positions t (...) in [0, 1)."""
    features = [position]
    for _ in range(1, DIGITS):
        features.append(1 - (torch.remainder(4 * features[-1], 2) - 1).abs())
    return torch.stack(features, dim=-1)


def from_digits(features: Tensor, active: Tensor) -> Tensor:
    """Return the centre t (...) of the cell that the dequantised features (..., D) select.

    active: (..., D), 1 for digits that were fed back, 0 for those after them. The gradient is
    straight-through, by way of the first digit, whose slope in t is 1: d t / d f_0 = 1.
    """
    digits = torch.round(4 * features.detach() - 0.5)
    odd = torch.remainder(digits, 2)
    position = torch.full_like(features[..., 0], 0.5)
    for digit in reversed(range(DIGITS)):
        inside = odd[..., digit] + (1 - 2 * odd[..., digit]) * position
        position = active[..., digit] * (digits[..., digit] + inside) / 4 + (1 - active[..., digit]) * 0.5
    first = features[..., 0]
    return position + active[..., 0] * (first - first.detach())
