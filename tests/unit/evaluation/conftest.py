"""Made-up worlds: measurements whose mIoU is what a test wants it to be."""

from collections.abc import Callable

import pytest
import torch
import yaml

from cscsanet.evaluation.evidence import Evidence, Place
from cscsanet.evaluation.measure import Outcome
from cscsanet.evaluation.measurements import Measurement
from cscsanet.params import EvaluationParams, Params, profile_text

IMAGES = 40
PIXELS = 10_000


@pytest.fixture(scope="session")
def small() -> EvaluationParams:
    return Params.model_validate(yaml.safe_load(profile_text("small"))).evaluation


def outcome_of(wanted: float, spread: float = 0.0, seed: int = 0) -> Outcome:
    """Counts of two classes, equally frequent, with the same IoU for both: wanted on average over the images."""
    source = torch.Generator().manual_seed(seed)
    iou = (wanted + spread * torch.randn(IMAGES, generator=source, dtype=torch.float64)).clamp(0.01, 0.99)
    hits = (PIXELS * 2 * iou / (1 + iou)).round().long()
    counts = torch.zeros(IMAGES, 1, 9, 9, dtype=torch.int64)
    counts[:, 0, 0, 0] = counts[:, 0, 1, 1] = hits
    counts[:, 0, 0, 1] = counts[:, 0, 1, 0] = PIXELS - hits
    return Outcome(counts, None)


def measurement_of(place: Place, outcome: Outcome) -> Measurement:
    names = tuple(f"{index:05d}D" for index in range(len(outcome.confusions)))
    return Measurement(
        place.scheme, place.repeat, "0" * 64, "test", place.point, 1, "", names, names, outcome
    )


@pytest.fixture(scope="session")
def world() -> Callable[..., Evidence]:
    """Evidence of a world in which the mIoU of every place is known."""

    def build(known: Callable[[Place], float], spread: float = 0.0) -> Evidence:
        return Evidence(
            lambda place: [measurement_of(place, outcome_of(known(place), spread))],
            lambda name: name,
            samples=200,
            seed=1,
        )

    return build
