"""Fig. 12 and an example: some test frames with the masks that were predicted when they were measured."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from matplotlib.figure import Figure

from cscsanet.config.schemes import proposal
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.figures import mask_grid
from cscsanet.evaluation.measurements import Measurement
from cscsanet.metrics.estimate import round6
from cscsanet.metrics.segmentation import miou
from cscsanet.scenes.scene_set import SceneSet

_EXAMPLE_FRAMES = 3


def draw_masks(scenes: SceneSet, count: int, measured: Mapping[str, Measurement]) -> dict[str, Figure]:
    """Draw Fig. 12 with `count` test frames, and an example with fewer frames and schemes.

    measured: scheme -> its measurement, with masks.

    Raises:
        CscsanetError: a measurement has no masks.
    """
    chosen = representative_frames(scenes, count)
    figure = _figure(scenes, chosen, {name: name for name in measured}, measured)
    shown = example_schemes(list(measured))
    titles = {name: f"{name}, mIoU {_miou(measured[name]):.3f}" for name in shown}
    example = _figure(scenes, representative_frames(scenes, _EXAMPLE_FRAMES), titles, measured)
    return {"fig12": figure, "masks": example}


def mask_notes(scenes: SceneSet, count: int, measured: Mapping[str, Measurement]) -> dict[str, Any]:
    """Return what the figures show: the frames, and of each scheme the point, weights, seed and mIoU."""
    return {
        "fig12": [scenes.names[index] for index in representative_frames(scenes, count)],
        "masks": [scenes.names[index] for index in representative_frames(scenes, _EXAMPLE_FRAMES)],
        "schemes": {
            name: {
                "point": each.point.label(),
                "weights": each.model,
                "seed": each.seed,
                "miou": round6(_miou(each)),
            }
            for name, each in measured.items()
        },
    }


def example_schemes(names: Sequence[str]) -> list[str]:
    """Choose the paper's non-orthogonal form and the last of ours that is there; else the first and the last scheme."""
    forms = [
        form for form in (proposal("noma", each) for each in ("paper", "aligned", "tracked")) if form in names
    ]
    among = forms if len(forms) > 1 else names
    return list(dict.fromkeys([among[0], among[-1]]))


def _figure(
    scenes: SceneSet, chosen: Sequence[int], titles: Mapping[str, str], measured: Mapping[str, Measurement]
) -> Figure:
    """Draw frames with the masks of some schemes. titles: scheme -> its title."""
    frames = [
        (scenes.titles[i], scenes.images[i].permute(1, 2, 0).numpy(), scenes.labels[i].numpy())
        for i in chosen
    ]
    predictions = {}
    for name, title in titles.items():
        masks = measured[name].outcome.masks
        if masks is None:
            raise CscsanetError(f"measurement of {name}: holds no masks; run 'dvc repro' to make it again")
        predictions[title] = list(masks[list(chosen)].numpy())
    point = measured[next(iter(titles))].point
    return mask_grid(
        frames, predictions, scenes.annotation, f"SNR {point.label()}, one channel for each frame"
    )


def _miou(measurement: Measurement) -> float:
    """Return the mIoU over all frames."""
    return float(miou(measurement.outcome.confusions.sum(dim=(0, 1))))


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
