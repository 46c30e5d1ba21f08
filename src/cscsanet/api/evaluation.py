"""The result of an evaluation over scenes, with its interval.

Axes: N frames, C classes.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from cscsanet.api.scenes import Scenes
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.measure import Outcome, constant_prediction
from cscsanet.metrics.estimate import estimate
from cscsanet.metrics.segmentation import iou_per_class, miou, pixel_accuracy
from cscsanet.pipeline.pictures import frame_digests, training_pictures
from cscsanet.scenes.dataset import load_part
from cscsanet.scenes.sequences import by_sequence
from cscsanet.workflow.workspace import Workspace

_SEED = 1  # of the bootstrap


@dataclass(frozen=True, repr=False)
class Evaluation:
    """What a link achieves over some scenes.

    miou: mean IoU of all pixels, eq. (29). low, high: its 95 % interval, by a bootstrap over sequences. floor: mean IoU of
    the prediction that every pixel is unlabelled. iou: class name -> IoU; None where a class does not occur.
    spectral_efficiencies: of each UE [bit/s/Hz], mean over drops; None without a channel. confusion: int64 (C, C), rows
    truth. point: None for a scheme without a channel. counts_feedback: whether the scheme feeds back the B bits of the point.
    """

    scheme: str
    point: OperatingPoint | None
    frames: int
    draws: int
    miou: float
    low: float
    high: float
    floor: float
    pixel_accuracy: float
    iou: Mapping[str, float | None]
    spectral_efficiencies: tuple[float, ...] | None
    confusion: Tensor
    counts_feedback: bool = True

    @property
    def spectral_efficiency(self) -> float | None:
        """The sum over UEs [bit/s/Hz]; None without a channel."""
        return None if self.spectral_efficiencies is None else sum(self.spectral_efficiencies)

    def __repr__(self) -> str:
        without = None if self.counts_feedback else "feedback_bits"
        where = "" if self.point is None else f" at {self.point.label(without=without)}"
        where += "" if self.point is None or self.counts_feedback else ", no feedback counted"
        total = self.spectral_efficiency
        rate = "" if total is None else f", {total:.2f} bit/s/Hz"
        return (
            f"Evaluation({self.scheme}{where}: mIoU {self.miou:.3f} [{self.low:.3f}, {self.high:.3f}]{rate}; "
            f"floor {self.floor:.3f}, {self.frames} frames x {self.draws} draws)"
        )


def evaluation_of(
    outcome: Outcome,
    scenes: Scenes,
    scheme: str,
    point: OperatingPoint | None,
    samples: int,
    *,
    counts_feedback: bool,
) -> Evaluation:
    """Reduce counts to an evaluation. samples: of the bootstrap. counts_feedback: see `Evaluation`."""
    per_image = outcome.confusions.sum(dim=1)
    total = per_image.sum(dim=0)
    value = estimate(by_sequence(per_image, scenes.sequences), miou, samples, _SEED)
    floor = miou(constant_prediction(scenes.frames).confusions.sum(dim=(0, 1)))
    iou = dict(zip(scenes.frames.annotation.classes.names, iou_per_class(total).tolist(), strict=True))
    return Evaluation(
        scheme=scheme,
        point=point,
        frames=outcome.confusions.shape[0],
        draws=outcome.confusions.shape[1],
        miou=value.value,
        low=value.low,
        high=value.high,
        floor=float(floor),
        pixel_accuracy=float(pixel_accuracy(total)),
        iou={name: value if value == value else None for name, value in iou.items()},  # nan != nan
        spectral_efficiencies=outcome.se_per_ue,
        confusion=total,
        counts_feedback=counts_feedback,
    )


def refuse_training_frames(
    workspace: Workspace, name: str, models: Sequence[Mapping[str, Any]], scenes: Scenes
) -> None:
    """Refuse to measure a model on frames of its training. models: metadata of its weights.

    Raises:
        CscsanetError: as said.
    """
    digests: list[str] = []
    for metadata in models:
        inputs = metadata["origin"].get("inputs", {})
        trained = _training_frames(workspace, inputs) if "scenes" in inputs else None
        if trained is None:
            continue
        digests = digests or frame_digests(scenes.frames)
        seen = len(set(digests) & trained)
        if seen:
            raise CscsanetError(
                f"{name}: {seen} of these {len(digests)} frames are training frames of it; evaluate it on others"
            )


def _training_frames(workspace: Workspace, inputs: Mapping[str, str]) -> set[str] | None:
    """Return the digests of the frames that a model was trained on; None if neither project nor package knows them.

    inputs: digests of the scenes and of the split of its training.
    """
    known = training_pictures(workspace, inputs["scenes"], inputs["split"])
    if known is not None:
        return set(known.training_frames)
    with suppress(CscsanetError):
        if workspace.scene_digests() == {name: inputs[name] for name in ("scenes", "split")}:
            return set(frame_digests(load_part(workspace.scenes, workspace.split, "train")))
    return None
