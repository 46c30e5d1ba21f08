"""The one result schema: every scheme at every operating point is one row."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.scenes.classes import ClassList
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.measure import Outcome
from cscsanet.evaluation.measurements import DataDigests, Measurement
from cscsanet.evaluation.sweeps import AXES, row_point
from cscsanet.metrics.estimate import estimate, round6
from cscsanet.metrics.segmentation import iou_per_class, miou, miou_mfnet, pixel_accuracy
from cscsanet.scenes.sequences import by_sequence


class ResultRow(BaseModel):
    """One scheme at one operating point.

    snr_db to data_symbols: None for a scheme without a channel, but for data_symbols if the scheme
    depends on them.
    repeat: None for the pipeline's training, seed-N for a further training seed, else the slug of
    the point that the model was trained for alone.
    scenes_digest to channel_digest: see `evaluation.measurements.DataDigests`.
    ci_low, ci_high: 95 % bootstrap interval of miou over the driving sequences.
    miou_day, miou_night: None if there are no such frames, or if day and night are unknown.
    iou: class name -> IoU, None if the class occurs neither in the truth nor in the prediction.
    se_per_ue: [bit/s/Hz], mean over drops, with the combiner's coloured noise; None without a channel.
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
    scenes_digest: str
    split_digest: str
    drops_digest: str | None
    channel_digest: str | None
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

    @property
    def coordinates(self) -> tuple[float | None, ...]:
        """SNR, L, B and Q, each None if the row has none."""
        return (self.snr_db, self.csirs_symbols, self.feedback_bits, self.data_symbols)

    @property
    def point(self) -> OperatingPoint | None:
        """The operating point; None for a scheme without a channel."""
        if (
            self.snr_db is None
            or self.csirs_symbols is None
            or self.feedback_bits is None
            or self.data_symbols is None
        ):
            return None
        return OperatingPoint(self.snr_db, self.csirs_symbols, self.feedback_bits, self.data_symbols)

    @property
    def dedicated(self) -> bool:
        """Whether the model was trained for this point alone."""
        return self.point is not None and self.repeat == self.point.slug

    @property
    def data(self) -> DataDigests:
        """The digests of what the scheme was measured on."""
        return DataDigests(self.scenes_digest, self.split_digest, self.drops_digest, self.channel_digest)

    @property
    def reference(self) -> str:
        """The name of the row (see `row_reference`)."""
        return row_reference(self.scheme, self.coordinates, self.repeat)


def row_reference(scheme: str, coordinates: Iterable[float | None], repeat: str | None = None) -> str:
    """Return the name of a row, `scheme|SNR|L|B|Q`, with `|repeat` at the end for a repeated training.

    coordinates: SNR, L, B and Q; None is written as `-`.
    """
    cells = [scheme, *("-" if value is None else f"{value:g}" for value in coordinates)]
    return "|".join([*cells, repeat] if repeat else cells)


def result_row(
    measurement: Measurement,
    point: OperatingPoint | None,
    night: Tensor | None,
    bootstrap_samples: int,
    classes: ClassList,
) -> ResultRow:
    """Reduce the counts of a measurement to a row.

    point: the operating point to show, which may differ from the measured one in what the scheme
    does not depend on; None for a prediction that depends on no point. night: bool (images,), which
    frames are night frames; None: unknown. classes: of the scenes.

    Raises:
        CscsanetError: the counts are of another number of classes.
    """
    outcome = measurement.outcome
    shown: dict[str, Any] = row_point(measurement.scheme, point) if point else dict.fromkeys(AXES)
    if outcome.confusions.shape[-1] != len(classes):
        raise CscsanetError(
            f"measurement of {measurement.scheme}: counts {outcome.confusions.shape[-1]} classes, but scenes.classes "
            f"has {len(classes)}; run 'dvc repro' to measure again"
        )
    per_image = outcome.confusions.sum(dim=1)
    total = per_image.sum(dim=0)
    counts = by_sequence(per_image, measurement.sequences)
    return ResultRow(
        scheme=measurement.scheme,
        repeat=measurement.repeat,
        model=measurement.model,
        split=measurement.split,
        **shown,
        seed=measurement.seed,
        **{f"{name}_digest": value for name, value in measurement.data._asdict().items()},
        images=outcome.confusions.shape[0],
        channel_draws=outcome.confusions.shape[1],
        **estimate(counts, miou, bootstrap_samples, measurement.seed).row("miou"),
        miou_day=None if night is None else _optional(miou(per_image[~night].sum(dim=0))),
        miou_night=None if night is None else _optional(miou(per_image[night].sum(dim=0))),
        miou_mfnet=round6(miou_mfnet(total)),
        pixel_accuracy=round6(pixel_accuracy(total)),
        iou={name: _optional(value) for name, value in zip(classes.names, iou_per_class(total), strict=True)},
        se_per_ue=[round6(value) for value in outcome.se_per_ue] if outcome.se_per_ue else None,
    )


def normalised_confusion(outcome: Outcome) -> np.ndarray:
    """Return the confusion matrix (C, C) with rows (truth) summing to one; nan for absent classes."""
    total = outcome.confusions.sum(dim=(0, 1)).double()
    occurs = total.sum(dim=1, keepdim=True)
    return torch.where(occurs > 0, total / occurs, torch.nan).numpy()


def _optional(value: Tensor) -> float | None:
    return None if math.isnan(float(value)) else round6(value)
