"""The layout of the CSI feedback codeword: which feature holds which digit of which path parameter.

Every parameter of a path becomes six base-4 digits, each a feature of two bits
(`networks/direction_code`):

    AoA u, AoD w and delay tau of every path
    amplitude and phase relative to the strongest, of the further paths
    amplitude ("gain") and phase ("reference_phase") of the strongest

Features are sent in the order of their importance for the BS, and every prefix is a valid message:

    1. AoA of the strongest path to a quarter of a beam, and its coarse AoD and delay
    2. the same for the further paths, and their amplitudes and phases relative to the strongest
    3. amplitude and phase of the strongest, on which no beam depends; with two paths, the first
       64 bits now describe a whole channel
    4. all finer digits
    5. free features in the remaining bits, for the networks to use

Axes: P paths, F codeword features, B = 2 F bits.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from cscsanet.networks.beamspace.direction_code import from_digits

# (parameter, first digit, one past the last, paths: the strongest, the further ones, or all)
_ORDER = (
    ("aoa", 0, 4, "first"),
    ("aod", 0, 2, "first"),
    ("delay", 0, 2, "first"),
    ("aoa", 0, 4, "further"),
    ("aod", 0, 2, "further"),
    ("delay", 0, 2, "further"),
    ("amplitude", 0, 2, "further"),
    ("phase", 0, 2, "further"),
    ("gain", 0, 2, "first"),
    ("reference_phase", 0, 2, "first"),
    ("delay", 2, 3, "all"),
    ("aod", 2, 3, "all"),
    ("aoa", 4, 6, "all"),
    ("aod", 3, 6, "all"),
    ("delay", 3, 6, "all"),
    ("phase", 2, 6, "further"),
    ("amplitude", 2, 6, "further"),
    ("reference_phase", 2, 6, "first"),
    ("gain", 2, 6, "first"),
)


@dataclass(frozen=True)
class FeedbackCode:
    """The features that hold the digits of each parameter.

    positions: (parameter, path) -> the indices of its digits; gain and reference_phase have path 0.
    length: the number of features that hold digits.
    """

    positions: dict[tuple[str, int], tuple[int, ...]]
    length: int

    def read(self, features: Tensor, active: Tensor) -> dict[tuple[str, int], tuple[Tensor, Tensor]]:
        """Return each parameter t in [0, 1) and the number of its known digits, both (batch,).

        features: dequantised, (batch, F'), F' <= F; active: (F',), 1 where fed back. Digits of
        missing features are unknown.
        """
        missing = max(0, self.length - features.shape[-1])
        features = torch.nn.functional.pad(features[:, : self.length], (0, missing), value=0.5)
        active = torch.nn.functional.pad(active[: self.length], (0, missing))
        values = {}
        for key, positions in self.positions.items():
            known = active[list(positions)].expand(features.shape[0], -1)
            values[key] = (from_digits(features[:, list(positions)], known), known.sum(dim=-1))
        return values


def feedback_code(paths: int) -> FeedbackCode:
    """Return the code of P paths."""
    positions: dict[tuple[str, int], list[int]] = {}
    cursor = 0
    for parameter, first, last, which in _ORDER:
        for path in range(1 if which == "further" else 0, 1 if which == "first" else paths):
            positions.setdefault((parameter, path), []).extend(range(cursor, cursor + last - first))
            cursor += last - first
    return FeedbackCode({key: tuple(indices) for key, indices in positions.items()}, cursor)
