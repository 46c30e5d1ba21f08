"""The picture of predicted masks: a few telling test frames, each over a drop of its own."""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cscsanet.channel.dataset import open_drops
from cscsanet.evaluation.figures import mask_grid
from cscsanet.evaluation.models import trained_link
from cscsanet.params import Params
from cscsanet.pipeline.workspace import Workspace
from cscsanet.scenes.augmentation import to_float
from cscsanet.scenes.classes import NUM_CLASSES
from cscsanet.scenes.dataset import SceneSet
from cscsanet.training.seeds import generator


def masks(workspace: Workspace, params: Params, scenes: SceneSet, names: Sequence[str]) -> Figure:
    """Predict a few test frames at home by some schemes: as many by night as by day, those that show the most classes."""
    shown = telling_frames(scenes, params.evaluation.pictures)
    frames = [
        (scenes.names[i], scenes.images[i].permute(1, 2, 0).numpy(), scenes.labels[i].numpy()) for i in shown
    ]
    drops = open_drops(workspace.drops("test"))
    predictions: dict[str, list[NDArray[np.uint8]]] = {}
    for name in names:
        link, _ = trained_link(name, params, workspace.weights)
        device = next(link.parameters()).device
        source = generator(params.seed, "evaluate", 0, 0, device=device)
        with torch.inference_mode():
            images = to_float(scenes.images[shown].to(device))
            paths = drops.batch(np.asarray(shown) % len(drops)).to(device)
            logits = link(images, paths, params.evaluation.home.point, source).logits
        predictions[name] = list(logits.argmax(dim=1).to(torch.uint8).cpu().numpy())
    return mask_grid(frames, predictions)


def telling_frames(scenes: SceneSet, count: int) -> list[int]:
    """Choose frames by day and by night, spread over time, each the richest in classes of its stretch of time."""
    present = torch.stack([(scenes.labels == label).flatten(1).any(dim=1) for label in range(1, NUM_CLASSES)])
    richness = present.sum(dim=0)
    chosen: list[int] = []
    for night, wanted in ((False, count - count // 2), (True, count // 2)):
        candidates = torch.nonzero(scenes.night == night).flatten()
        for stretch in candidates.tensor_split(max(wanted, 1))[:wanted]:
            if len(stretch):
                chosen.append(int(stretch[richness[stretch].argmax()]))
    return chosen
