"""The stage `pictures`: how far a picture lies from the training pictures (`scenes/picture_statistics`)."""

from pathlib import Path

import numpy as np
import torch

from cscsanet.errors import CscsanetError
from cscsanet.parsing import parse_json
from cscsanet.scene_sources.copied_frames import frame_digest
from cscsanet.scenes.dataset import load_part
from cscsanet.scenes.layout import PARTS
from cscsanet.scenes.picture_statistics import (
    Features,
    PictureStatistics,
    fit_statistics,
    picture_features,
    read_statistics,
)
from cscsanet.scenes.scene_set import SceneSet
from cscsanet.workflow.stage import Stage
from cscsanet.workflow.workspace import SHIPPED, Workspace

NAME = "pictures.json"


def describe_pictures(stage: Stage) -> None:
    """Fit the statistic on the training part, and write it with its limit and its false alarms."""
    workspace = stage.workspace
    with stage.tracked("scenes", "split") as run:
        scenes = {part: load_part(workspace.scenes, workspace.split, part) for part in PARTS}
        digests = workspace.scene_digests()
        # Where day and night are unknown, all frames are one group.
        night = scenes["train"].night
        if night is None:
            night = torch.zeros(len(scenes["train"]), dtype=torch.bool)
        statistics = fit_statistics(
            {part: _features(frames) for part, frames in scenes.items()},
            night.tolist(),
            digests["scenes"],
            digests["split"],
            frame_digests(scenes["train"]),
        )
        stage.save_json(NAME, statistics.content())
        run.log_metrics({"false_alarms": statistics.false_alarms})


def training_pictures(workspace: Workspace, scenes: str, split: str) -> PictureStatistics | None:
    """Return the statistic of a training part; None if neither the project nor the package has it.

    scenes, split: digests of the frames and of the split that a model was trained on.

    Raises:
        CscsanetError: a file with statistics is damaged.
    """
    for path in (workspace.reports / NAME, SHIPPED / NAME):
        if path.is_file():
            statistics = read_training_pictures(path)
            if (statistics.scenes, statistics.split) == (scenes, split):
                return statistics
    return None


def read_training_pictures(path: Path) -> PictureStatistics:
    """Read a file with the statistic of a training part.

    Raises:
        CscsanetError: it is missing, damaged, or of another version.
    """
    try:
        return read_statistics(parse_json(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise CscsanetError(
            f"{path}: missing, damaged, or of another version; run 'dvc repro pictures' to make it again"
        ) from None


def frame_digests(frames: SceneSet) -> list[str]:
    """Return the digest of each frame (see `frame_digest`)."""
    return [frame_digest(pixels.transpose(1, 2, 0)) for pixels in frames.images.numpy()]


def _features(frames: SceneSet) -> Features:
    return np.stack([picture_features(pixels) for pixels in frames.images.numpy()])
