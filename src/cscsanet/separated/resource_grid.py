"""Which resource elements of the uplink carry DMRS, of which UE, and which carry the payload.

The payload of a UE is N_c Q symbols, as many as a stream of `noma` has; a third as many elements again are DMRS, a
quarter of the whole: Q_base = 4 Q / 3 OFDM symbols, of which the last is partly loaded where that is not whole. Its
elements are spread evenly over the band. A DMRS element is one UE's own and the other UEs are silent on it.

DMRS are gathered in as many OFDM symbols, evenly spaced in time, as leave each UE a comb that resolves the band by itself:
one element in five or denser. Few payload symbols have one such symbol, more have several, since fading is fast over frequency
and slow over time. From one to the next a UE's comb moves by the golden section of its period.

Axes: T OFDM symbols, N_c subcarriers, D payload elements, P DMRS elements of one UE.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

_GOLDEN = (math.sqrt(5) - 1) / 2
_DENSE = 5  # subcarriers to an element of a comb that resolves the band by itself


@dataclass(frozen=True, eq=False)
class ResourceGrid:
    """The elements as (symbol, subcarrier) index pairs.

    symbols: T; subcarriers: N_c. data: (D, 2), in time order. pilots: for each UE (P, 2), in time order.
    """

    symbols: int
    subcarriers: int
    data: Tensor
    pilots: tuple[Tensor, ...]

    @property
    def elements(self) -> int:
        """How many resource elements are in use."""
        return len(self.data) + sum(len(own) for own in self.pilots)

    @property
    def pilot_mask(self) -> Tensor:
        """Which elements are each UE's own DMRS, bool (K, T, N_c)."""
        mask = torch.zeros(len(self.pilots), self.symbols, self.subcarriers, dtype=torch.bool)
        for user, own in enumerate(self.pilots):
            mask[user, own[:, 0], own[:, 1]] = True
        return mask

    def flat(self, places: Tensor) -> Tensor:
        """Return index pairs (..., 2) as indices into the flattened T x N_c grid."""
        return places[..., 0] * self.subcarriers + places[..., 1]


@lru_cache(maxsize=64)
def resource_grid(data_symbols: int, subcarriers: int, users: int) -> ResourceGrid:
    """Return the grid of a payload of N_c x Q symbols for each of K UEs."""
    payload = data_symbols * subcarriers
    own = math.ceil(payload / (3 * users))
    elements = payload + own * users
    symbols = math.ceil(elements / subcarriers)
    data: list[tuple[int, int]] = []
    pilots: list[list[tuple[int, int]]] = [[] for _ in range(users)]
    placed, sounding = 0, _sounding_symbols(own, elements // subcarriers, subcarriers)
    for symbol in range(symbols):
        used = min(subcarriers, elements - symbol * subcarriers)
        sounded = sum(place <= symbol for place in sounding)
        until = users * round(own * sounded / len(sounding))
        chosen = _comb(used, until - placed, users * ((sounded * _GOLDEN) % 1.0))
        for place in range(used):
            element = (symbol, (2 * place + 1) * subcarriers // (2 * used))
            if place in chosen:
                pilots[(placed + chosen.index(place)) % users].append(element)
            else:
                data.append(element)
        placed = until
    return ResourceGrid(
        symbols, subcarriers, torch.tensor(data), tuple(torch.tensor(sorted(places)) for places in pilots)
    )


def _sounding_symbols(own: int, whole: int, subcarriers: int) -> list[int]:
    """Return which of the `whole` fully loaded symbols carry the `own` DMRS of each UE, evenly spaced."""
    # No more than fit on one symbol for all UEs, and combs as sparse as a band can bear.
    count = min(whole, max(1, own * _DENSE // subcarriers))
    return [int((index + 0.5) * whole / count) for index in range(count)]


def _comb(used: int, count: int, shift: float) -> list[int]:
    """Return `count` places among `used`, evenly apart and moved by `shift` of their distance."""
    return [int(((index + shift) % count) * used / count) for index in range(count)]
