"""What is measured of a method at a point: the sum spectral efficiency of every test drop."""

import math
from dataclasses import asdict, dataclass
from typing import Any

# Of our link, by the method in the rows: which of its precoders.
BRANCHES = {"srs-only": 0, "feedback-only": 1, "fusion": 2}


@dataclass(frozen=True)
class Outcome:
    """sum_se: of each test drop [bit/s/Hz]. setting: what the method chose on the validation drops, as text."""

    sum_se: list[float]
    setting: str

    def content(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    def check(self) -> "Outcome":
        """Return itself.

        Raises:
            ValueError: a value is not finite.
        """
        if not all(math.isfinite(value) for value in self.sum_se):
            raise ValueError("a spectral efficiency is not finite")
        return self
