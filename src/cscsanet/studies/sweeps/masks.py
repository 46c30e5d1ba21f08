"""Fig. 12: some test frames with the masks that were predicted when they were measured."""

from collections.abc import Mapping

import torch
from matplotlib.figure import Figure

from cscsanet.errors import CscsanetError
from cscsanet.evaluation.figures import mask_grid
from cscsanet.evaluation.measurements import Measurement
from cscsanet.scenes.classes import NUM_CLASSES
from cscsanet.scenes.scene_set import SceneSet


def mask_figure(scenes: SceneSet, count: int, measured: Mapping[str, Measurement]) -> Figure:
    """Draw `count` test frames with their truth and the masks of each scheme.

    measured: scheme -> its measurement, with masks.

    Raises:
        CscsanetError: a measurement has no masks.
    """
    chosen = representative_frames(scenes, count)
    frames = [
        (scenes.names[i], scenes.images[i].permute(1, 2, 0).numpy(), scenes.labels[i].numpy()) for i in chosen
    ]
    predictions = {}
    for name, measurement in measured.items():
        masks = measurement.outcome.masks
        if masks is None:
            raise CscsanetError(f"measurement of {name}: holds no masks; run 'dvc repro' to make it again")
        predictions[name] = list(masks[chosen].numpy())
    return mask_grid(frames, predictions)


def representative_frames(scenes: SceneSet, count: int) -> list[int]:
    """Choose frames: half by day, half by night, spread over time, each with many classes.

    The day frames, and the night frames, are split into stretches of time. From each stretch the
    frame with the most classes is taken.
    """
    present = torch.stack([(scenes.labels == label).flatten(1).any(dim=1) for label in range(1, NUM_CLASSES)])
    classes = present.sum(dim=0)
    chosen: list[int] = []
    for night, wanted in ((False, count - count // 2), (True, count // 2)):
        candidates = torch.nonzero(scenes.night == night).flatten()
        for stretch in candidates.tensor_split(max(wanted, 1))[:wanted]:
            if len(stretch):
                chosen.append(int(stretch[classes[stretch].argmax()]))
    return chosen
