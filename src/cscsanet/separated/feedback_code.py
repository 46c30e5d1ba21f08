"""What the codeword features of the CSI feedback stand for, and in which order they are sent: any prefix is a message.

Every figure of a path becomes six base-4 digits, a feature of two bits each (`networks/position_code`):

    AoA u, AoD w, delay tau of every path; of the paths after the strongest also amplitude and phase relative to it;
    and, once, level and phase of the strongest

The order is that of use at the BS: the strongest path alone first, where it comes from within a quarter of a beam, then its
departure and delay, coarse; then the further paths likewise and how they compare; level and absolute phase, which no beam
depends on, make the first 64 bits of two paths a whole channel. All the finer digits follow, and what room is left is filled
with free features, for the networks to use.

Axes: P paths, F codeword features, B = 2 F bits.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from cscsanet.networks.position_code import from_digits

# (figure, first digit, one past the last, of which paths: the strongest, the further ones, or all)
_ORDER = (
    ("aoa", 0, 4, "first"),
    ("aod", 0, 2, "first"),
    ("delay", 0, 2, "first"),
    ("aoa", 0, 4, "further"),
    ("aod", 0, 2, "further"),
    ("delay", 0, 2, "further"),
    ("amplitude", 0, 2, "further"),
    ("phase", 0, 2, "further"),
    ("level", 0, 2, "first"),
    ("origin", 0, 2, "first"),
    ("delay", 2, 3, "all"),
    ("aod", 2, 3, "all"),
    ("aoa", 4, 6, "all"),
    ("aod", 3, 6, "all"),
    ("delay", 3, 6, "all"),
    ("phase", 2, 6, "further"),
    ("amplitude", 2, 6, "further"),
    ("origin", 2, 6, "first"),
    ("level", 2, 6, "first"),
)


@dataclass(frozen=True)
class FeedbackCode:
    """Where each figure's digits stand among the features.

    places: (figure, path) -> the indices of its digits; level and origin have path 0. length: features that digits take.
    """

    places: dict[tuple[str, int], tuple[int, ...]]
    length: int

    def figures(self, features: Tensor, active: Tensor) -> dict[tuple[str, int], tuple[Tensor, Tensor]]:
        """Read each figure t in [0, 1) and how many of its digits are known, both (batch,), from dequantised features.

        features: (batch, F'), F' <= F; active: (F',), 1 where fed back. What is missing is unknown.
        """
        missing = max(0, self.length - features.shape[-1])
        features = torch.nn.functional.pad(features[:, : self.length], (0, missing), value=0.5)
        active = torch.nn.functional.pad(active[: self.length], (0, missing))
        read = {}
        for key, places in self.places.items():
            known = active[list(places)].expand(features.shape[0], -1)
            read[key] = (from_digits(features[:, list(places)], known), known.sum(dim=-1))
        return read


def feedback_code(paths: int) -> FeedbackCode:
    """Return the code of P paths."""
    places: dict[tuple[str, int], list[int]] = {}
    cursor = 0
    for figure, first, last, which in _ORDER:
        for path in range(1 if which == "further" else 0, 1 if which == "first" else paths):
            places.setdefault((figure, path), []).extend(range(cursor, cursor + last - first))
            cursor += last - first
    return FeedbackCode({key: tuple(where) for key, where in places.items()}, cursor)
