"""Fig. 12: some test frames with the masks that were predicted when they were measured."""

from collections.abc import Mapping

import torch
from matplotlib.figure import Figure

from cscsanet.errors import CscsanetError
from cscsanet.evaluation.figures import mask_grid
from cscsanet.evaluation.measurements import Measurement
from cscsanet.scenes.scene_set import SceneSet


def mask_figure(scenes: SceneSet, count: int, measured: Mapping[str, Measurement]) -> Figure:
    """Draw `count` test frames with their truth and the masks of each scheme.

    measured: scheme -> its measurement, with masks.

    Raises:
        CscsanetError: a measurement has no masks.
    """
    chosen, titles = representative_frames(scenes, count), scenes.titles
    frames = [
        (titles[i], scenes.images[i].permute(1, 2, 0).numpy(), scenes.labels[i].numpy()) for i in chosen
    ]
    predictions = {}
    for name, measurement in measured.items():
        masks = measurement.outcome.masks
        if masks is None:
            raise CscsanetError(f"measurement of {name}: holds no masks; run 'dvc repro' to make it again")
        predictions[name] = list(masks[chosen].numpy())
    return mask_grid(frames, predictions, scenes.annotation)


def representative_frames(scenes: SceneSet, count: int) -> list[int]:
    """Choose frames: half by day, half by night, spread over time, each with many classes.

    The day frames, and the night frames, are split into stretches of time. From each stretch the
    frame with the most classes is taken. Where day and night are unknown, all frames are one group.
    """
    first = int(scenes.annotation.classes.has_background)
    ids = range(first, max(first + 1, len(scenes.annotation.classes)))
    present = torch.stack([(scenes.labels == label).flatten(1).any(dim=1) for label in ids])
    classes = present.sum(dim=0)
    night = scenes.night
    if night is None:
        groups = [(torch.arange(len(scenes)), count)]
    else:
        groups = [
            (torch.nonzero(~night).flatten(), count - count // 2),
            (torch.nonzero(night).flatten(), count // 2),
        ]
    chosen: list[int] = []
    for candidates, wanted in groups:
        for stretch in candidates.tensor_split(max(wanted, 1))[:wanted]:
            if len(stretch):
                chosen.append(int(stretch[classes[stretch].argmax()]))
    return chosen
