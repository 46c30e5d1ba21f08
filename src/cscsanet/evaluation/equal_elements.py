"""Comparisons at equal resource elements and energy of a block, pilots and DMRS counted.

A block of a separated design has its DMRS beside the payload, so at the same Q it takes more elements than one
of CSC-SA-Net, and more energy, which is P_t for each. Blocks of two neighbouring Q, one after the other, have
any mean between: with a share a of the larger,

    elements = (1 - a) E(Q) + a E(Q + 1),   mIoU = (1 - a) mIoU(Q) + a mIoU(Q + 1)

Schemes are compared at the elements N_c Q of CSC-SA-Net, or at the smallest block that one of them has if
that is larger.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from cscsanet.baselines.resource_grid import resource_grid
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.config.schemes import DMRS_ROLES, SCHEMES
from cscsanet.evaluation.evidence import Condition

Terms = Sequence[tuple[float, Condition]]


class NoEqualBlocksError(ValueError):
    """No blocks that are measured have a number of elements on average."""


@dataclass(frozen=True)
class Blocks:
    """The sizes of all blocks. data_symbols: the Q that exist, rising."""

    subcarriers: int
    users: int
    data_symbols: tuple[int, ...]

    def elements(self, name: str, data_symbols: int) -> int:
        """Return the resource elements of a scheme's block that any UE uses."""
        if has_dmrs(name):
            return resource_grid(data_symbols, self.subcarriers, self.users).elements
        return self.subcarriers * data_symbols

    def common(self, names: Iterable[str], data_symbols: int) -> int:
        """Return the elements at which schemes are compared at a Q."""
        least = (self.elements(name, self.data_symbols[0]) for name in names if _has_blocks(name))
        return max(self.subcarriers * data_symbols, *least, 0)

    def shared(self, name: str, point: OperatingPoint, elements: int) -> Terms:
        """Return a scheme at a point's SNR, L and B with a mean number of elements, as a weighted sum.

        Raises:
            NoEqualBlocksError: no two Q have this mean.
        """
        if not _has_blocks(name):
            return [(1.0, Condition(name, point))]
        for low, high in pairwise((self.data_symbols[0], *self.data_symbols)):
            first, second = self.elements(name, low), self.elements(name, high)
            if elements == second:
                return [(1.0, Condition(name, replace(point, data_symbols=high)))]
            if first < elements < second:
                share = (elements - first) / (second - first)
                return [
                    (1 - share, Condition(name, replace(point, data_symbols=low))),
                    (share, Condition(name, replace(point, data_symbols=high))),
                ]
        raise NoEqualBlocksError(f"no blocks of {name} with {elements} elements on average")

    def equal(self, terms: Terms) -> Terms:
        """Return a weighted sum of mIoUs at equal elements, if schemes with DMRS are among others without.

        Raises:
            NoEqualBlocksError: see `shared`.
        """
        names = {condition.scheme for _, condition in terms if _has_blocks(condition.scheme)}
        if len({has_dmrs(name) for name in names}) < 2:
            return terms
        return [
            each
            for weight, condition in terms
            for each in self.at([(weight, condition)], self.common(names, condition.point.data_symbols))
        ]

    def at(self, terms: Terms, elements: int) -> Terms:
        """Return a weighted sum of mIoUs, each at a mean number of elements.

        Raises:
            NoEqualBlocksError: see `shared`.
        """
        return [
            (weight * share, each._replace(repeat=condition.repeat, energy=condition.energy))
            for weight, condition in terms
            for share, each in self.shared(condition.scheme, condition.point, elements)
        ]


def blocks(params: Params) -> Blocks:
    """Return the blocks of a project, for the Q that are evaluated."""
    evaluation = params.evaluation
    symbols = {*evaluation.data_symbols, *evaluation.panels, evaluation.home.data_symbols}
    return Blocks(params.channel.subcarriers, params.channel.users, tuple(sorted(symbols)))


def has_dmrs(name: str) -> bool:
    """Return whether a scheme has DMRS beside its payload."""
    return name in SCHEMES and SCHEMES[name].role in DMRS_ROLES


def _has_blocks(name: str) -> bool:
    return name in SCHEMES and "data_symbols" in SCHEMES[name].sees


def points_for_equal_elements(
    params: Params, name: str, points: Sequence[OperatingPoint]
) -> list[OperatingPoint]:
    """Return the points of a scheme that comparisons at these points need: `points`, and those of further Q."""
    compared = [each for each in params.evaluation.schemes if _has_blocks(each)]
    if not _has_blocks(name) or len({has_dmrs(each) for each in compared}) < 2:
        return list(points)
    every = blocks(params)
    needed = list(points)
    for point in points:
        try:
            shared = every.shared(name, point, every.common(compared, point.data_symbols))
        except NoEqualBlocksError:
            continue
        needed += [condition.point for _, condition in shared]
    return list(dict.fromkeys(needed))
