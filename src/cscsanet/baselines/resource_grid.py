"""The uplink resource grid: the resource elements of each UE's DMRS, and those of the payload.

The payload of a UE is N_c Q symbols, as many as in a stream of `noma`. One DMRS element is added
for every three payload elements, so a quarter of the grid is DMRS. That makes Q_base = 4 Q / 3 OFDM
symbols; where this is not an integer, the last symbol is partly loaded, with elements evenly spread
over the band. In a DMRS element one UE sends its pilot and the other UEs are silent.

The DMRS are concentrated in evenly spaced OFDM symbols, as many as possible while each UE's comb in
one symbol is dense enough to resolve the band alone: at least one element in five. A few payload
symbols have one DMRS symbol, more have several, since fading is fast over frequency and slow over
time. From one DMRS symbol to the next, a UE's comb shifts by the golden section of its period.

Axes: T OFDM symbols, N_c subcarriers, D payload elements, P DMRS elements of one UE.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

_GOLDEN = (math.sqrt(5) - 1) / 2
_COMB_SPACING = 5  # subcarriers for each element of a comb that resolves the band alone


@dataclass(frozen=True, eq=False)
class ResourceGrid:
    """The resource elements as (symbol, subcarrier) index pairs.

    symbols: T; subcarriers: N_c. data: (D, 2), in time order. pilots: for each UE (P, 2), in time
    order.
    """

    symbols: int
    subcarriers: int
    data: Tensor
    pilots: tuple[Tensor, ...]

    @property
    def elements(self) -> int:
        """The number of used resource elements."""
        return len(self.data) + sum(len(pilots) for pilots in self.pilots)

    @property
    def pilot_mask(self) -> Tensor:
        """The mask of each UE's DMRS elements, bool (K, T, N_c)."""
        mask = torch.zeros(len(self.pilots), self.symbols, self.subcarriers, dtype=torch.bool)
        for user, pilots in enumerate(self.pilots):
            mask[user, pilots[:, 0], pilots[:, 1]] = True
        return mask

    def flat_index(self, elements: Tensor) -> Tensor:
        """Return the indices (...) of elements (..., 2) in the flattened T x N_c grid."""
        return elements[..., 0] * self.subcarriers + elements[..., 1]


@lru_cache(maxsize=64)
def resource_grid(data_symbols: int, subcarriers: int, users: int) -> ResourceGrid:
    """Return the grid of a payload of N_c x Q symbols for each of K UEs."""
    payload = data_symbols * subcarriers
    dmrs = math.ceil(payload / (3 * users))
    elements = payload + dmrs * users
    symbols = math.ceil(elements / subcarriers)
    data: list[tuple[int, int]] = []
    pilots: list[list[tuple[int, int]]] = [[] for _ in range(users)]
    placed, dmrs_symbols = 0, _dmrs_symbols(dmrs, elements // subcarriers, subcarriers)
    for symbol in range(symbols):
        used = min(subcarriers, elements - symbol * subcarriers)
        num_dmrs_symbols = sum(dmrs_symbol <= symbol for dmrs_symbol in dmrs_symbols)
        placed_after = users * round(dmrs * num_dmrs_symbols / len(dmrs_symbols))
        chosen = _comb(used, placed_after - placed, users * ((num_dmrs_symbols * _GOLDEN) % 1.0))
        for index in range(used):
            element = (symbol, (2 * index + 1) * subcarriers // (2 * used))
            if index in chosen:
                pilots[(placed + chosen.index(index)) % users].append(element)
            else:
                data.append(element)
        placed = placed_after
    return ResourceGrid(
        symbols, subcarriers, torch.tensor(data), tuple(torch.tensor(sorted(of_user)) for of_user in pilots)
    )


def _dmrs_symbols(dmrs: int, whole: int, subcarriers: int) -> list[int]:
    """Return the indices of the symbols with DMRS, evenly spaced.

    dmrs: number of DMRS elements of each UE; whole: number of fully loaded symbols.
    """
    # As many symbols as the density of a comb allows: more symbols mean sparser combs.
    count = min(whole, max(1, dmrs * _COMB_SPACING // subcarriers))
    return [int((index + 0.5) * whole / count) for index in range(count)]


def _comb(used: int, count: int, shift: float) -> list[int]:
    """Return `count` indices below `used`, evenly spaced, offset by `shift` of their spacing."""
    return [int(((index + shift) % count) * used / count) for index in range(count)]
