"""The one result schema: every scheme at every operating point is one row."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from cscsanet.evaluation.axes import AXES, shown_point
from cscsanet.evaluation.measure import Outcome
from cscsanet.evaluation.sequences import by_sequence
from cscsanet.metrics.bootstrap import bootstrap_interval
from cscsanet.metrics.segmentation import iou_per_class, miou, miou_mfnet, pixel_accuracy
from cscsanet.points import OperatingPoint
from cscsanet.scenes.classes import CLASS_NAMES


class ResultRow(BaseModel):
    """One scheme at one operating point.

    snr_db to data_symbols are None for what has no channel, but for data_symbols where it counts all the same. repeat: None for
    the pipeline's own training, seed-N for a further training seed, else the point that it was trained for alone.
    iou: by class name, None where the class occurs neither
    in the truth nor in the prediction. ci_low, ci_high: 95 % bootstrap interval of miou over the sequences of images.
    miou_day, miou_night: None where there are no such frames.
    se_per_ue: [bit/s/Hz], mean over drops, with the combiner's coloured noise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scheme: str
    repeat: str | None
    model: str
    split: str
    snr_db: float | None
    csirs_symbols: int | None
    feedback_bits: int | None
    data_symbols: int | None
    seed: int
    images: int
    channel_draws: int
    miou: float
    ci_low: float
    ci_high: float
    miou_day: float | None
    miou_night: float | None
    miou_mfnet: float
    pixel_accuracy: float
    iou: dict[str, float | None]
    se_per_ue: list[float] | None


def result_row(
    scheme: str,
    model: str,
    split: str,
    point: OperatingPoint | None,
    outcome: Outcome,
    night: Tensor,
    *,
    seed: int,
    bootstrap_samples: int,
    repeat: str | None = None,
    sequences: Sequence[str] | None = None,
) -> ResultRow:
    """Reduce the counts of one outcome to a row.

    model: digest of the weights. point: None for what no operating point moves. night: bool (images,), which frames are night
    frames. sequences: which images stand together, for the interval; None where each stands by itself.
    """
    shown: dict[str, Any] = shown_point(scheme, point) if point else dict.fromkeys(AXES)
    per_image = outcome.confusions.sum(dim=1)
    total = per_image.sum(dim=0)
    drawn = per_image if sequences is None else by_sequence(per_image, sequences)
    low, high = bootstrap_interval(drawn, miou, samples=bootstrap_samples, seed=seed)
    return ResultRow(
        scheme=scheme,
        repeat=repeat,
        model=model,
        split=split,
        **shown,
        seed=seed,
        images=outcome.confusions.shape[0],
        channel_draws=outcome.confusions.shape[1],
        miou=_figure(miou(total)),
        ci_low=_figure(low),
        ci_high=_figure(high),
        miou_day=_figure_or_none(miou(per_image[~night].sum(dim=0))),
        miou_night=_figure_or_none(miou(per_image[night].sum(dim=0))),
        miou_mfnet=_figure(miou_mfnet(total)),
        pixel_accuracy=_figure(pixel_accuracy(total)),
        iou={
            name: _figure_or_none(value)
            for name, value in zip(CLASS_NAMES, iou_per_class(total), strict=True)
        },
        se_per_ue=[_figure(value) for value in outcome.se_per_ue] if outcome.se_per_ue else None,
    )


def normalised_confusion(outcome: Outcome) -> np.ndarray:
    """Return the confusion matrix (9, 9) with rows (truth) summing to one; a class that never occurs is nan."""
    total = outcome.confusions.sum(dim=(0, 1)).double()
    occurs = total.sum(dim=1, keepdim=True)
    return torch.where(occurs > 0, total / occurs, torch.nan).numpy()


def _figure(value: Any) -> float:
    # Six places say all that the counts say, and keep result files readable.
    return round(float(value), 6)


def _figure_or_none(value: Any) -> float | None:
    return None if math.isnan(float(value)) else _figure(value)
