"""The stages that make the data: frames, their split, and channel drops."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from cscsanet.channel.dataset import PARTS, Part, open_drops, part_seed, write_drops
from cscsanet.config.channel_notes import channel_notes, source_notes
from cscsanet.config.params import Params
from cscsanet.errors import print_notes
from cscsanet.pipeline.made_from import num_drops, recorded_from, scene_parameters
from cscsanet.scene_sources.datasets import read_dataset
from cscsanet.scene_sources.ingest import ingest
from cscsanet.scene_sources.label_map import label_map
from cscsanet.scene_sources.manifest import read_manifest
from cscsanet.scene_sources.renderer.writer import write_rendered
from cscsanet.scene_sources.scene_labels import label_scenes
from cscsanet.scene_sources.split import write_split
from cscsanet.scenes.annotation import OF_MFNET, Annotation
from cscsanet.workflow.engines import choice_of_environment, in_order, open_engine
from cscsanet.workflow.progress import progress_bar
from cscsanet.workflow.stage import Stage
from cscsanet.workflow.workspace import Workspace


def make_scenes(stage: Stage) -> None:
    """Render the driving sequences, or check a real dataset and bring it to the profile's size."""
    workspace, params = stage.workspace, stage.params
    with stage.tracked("scenes", "seed") as run:
        write_scenes(workspace, params)
        manifest = read_manifest(workspace.scenes)
        run.log_dataset("scenes", manifest.digest, source=params.scenes.source, context="made")
        if manifest.day is not None and manifest.night is not None:
            run.log_metrics({"frames_day": manifest.day, "frames_night": manifest.night})


def make_split(stage: Stage) -> None:
    """Split the frames into training, validation and test."""
    workspace, params = stage.workspace, stage.params
    with stage.tracked("split") as run:
        parts = split_scenes(workspace, params)
        run.log_dataset("split", workspace.scene_digests()["split"], source="data/scenes", context="made")
        run.log_metrics({f"frames_{part}": len(names) for part, names in parts.items()})


def make_channels(stage: Stage) -> None:
    """Draw the channel drops of each part, each from a different seed."""
    workspace, params = stage.workspace, stage.params
    with stage.tracked("channel", "seed") as run:
        counts = write_channels(workspace, params)
        for name, digest in workspace.drop_digests(*counts).items():
            run.log_dataset(name, digest, source=params.channel.source, context="made")
        run.log_metrics({f"drops_{part}": count for part, count in counts.items()})


def make_missing(workspace: Workspace, params: Params) -> None:
    """Make the data that are missing, with a message on standard error.

    They are equal to the data that `dvc repro` makes.
    """
    if not workspace.scenes.exists():
        print(f"{workspace.scenes}: missing, so it is made now", file=sys.stderr)
        write_scenes(workspace, params)
    if not workspace.split.exists():
        split_scenes(workspace, params)
    if not all(workspace.drops(part).exists() for part in PARTS):
        print(f"{workspace.drops('test').parent}: missing, so it is made now", file=sys.stderr)
        write_channels(workspace, params)


def write_scenes(workspace: Workspace, params: Params) -> None:
    """Write the frames into the workspace, without an MLflow run."""
    scenes = params.scenes
    if scenes.source == "rendered":
        with progress_bar("rendering", scenes.sequences * scenes.frames_per_sequence) as advance:
            write_rendered(
                workspace.scenes,
                sequences=scenes.sequences,
                frames_per_sequence=scenes.frames_per_sequence,
                height=scenes.height,
                width=scenes.width,
                seed=params.seed,
                made_from=scene_parameters(params),
                workers=params.threads,
                progress=advance,
                finish=_finish(params, OF_MFNET),
            )
        return
    folder, labels = workspace.root / scenes.folder, label_map(scenes)
    dataset = read_dataset(scenes.source, folder, params.split.by, scenes.files, labels)
    with progress_bar(f"checking {scenes.source}", len(dataset.frames)) as advance:
        notes = ingest(
            dataset,
            workspace.scenes,
            scenes.height,
            scenes.width,
            thermal_range=scenes.thermal_range,
            absent_classes=scenes.absent_classes,
            made_from=recorded_from(params, dataset.folder),
            progress=advance,
            finish=_finish(params, labels.annotation),
        )
    for note in notes:
        print(f"note: {note}", file=sys.stderr)


def _finish(params: Params, annotation: Annotation) -> Callable[[Path], None]:
    """Return what is done with a frames folder of labels with some annotation, for the task."""
    if params.scenes.task == "segmentation":
        return lambda folder: None
    return lambda folder: label_scenes(folder, annotation)


def split_scenes(workspace: Workspace, params: Params) -> dict[Part, list[str]]:
    """Split the frames of the workspace, without an MLflow run. Return part -> its names."""
    scenes = read_manifest(workspace.scenes).digest
    return write_split(workspace.scenes, workspace.split, params.split, scenes)


def write_channels(workspace: Workspace, params: Params) -> dict[Part, int]:
    """Write the drops into the workspace, without an MLflow run. Return the number of each part."""
    print_notes(channel_notes(params.channel))
    counts = {part: num_drops(params, part) for part in PARTS}
    with (
        open_engine(choice_of_environment(), workspace.root) as engine,
        progress_bar("drawing drops", sum(counts.values())) as advance,
    ):
        for part, count in counts.items():
            write_drops(
                workspace.drops(part),
                count,
                part_seed(params.seed, part),
                params.channel,
                root=workspace.root,
                part=part,
                mapped=partial(in_order, engine),
            )
            advance(count)
    train = open_drops(workspace.drops("train"))
    print_notes(source_notes(params.channel, train.num_paths, train.manifest.get("source", {})))
    return counts
