"""The stages that make the data: frames, their split, and channel drops."""

import sys

from cscsanet.channel.dataset import Part, part_seed, write_drops
from cscsanet.config.channel_notes import channel_notes
from cscsanet.config.params import Params
from cscsanet.errors import print_notes
from cscsanet.scene_sources.ingest import ingest
from cscsanet.scene_sources.manifest import read_manifest
from cscsanet.scene_sources.renderer.writer import write_rendered
from cscsanet.scene_sources.split import write_split
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
        run.log_metrics({"frames_day": manifest.day, "frames_night": manifest.night})


def make_split(stage: Stage) -> None:
    """Split the frames into training, validation and test."""
    workspace, params = stage.workspace, stage.params
    with stage.tracked("split") as run:
        parts = write_split(workspace.scenes, workspace.split, params.split)
        run.log_dataset("split", workspace.scene_digests()["split"], source="data/scenes", context="made")
        run.log_metrics({f"frames_{part}": len(names) for part, names in parts.items()})


def make_channels(stage: Stage) -> None:
    """Draw the channel drops of each part, each from a different seed."""
    workspace, params = stage.workspace, stage.params
    with stage.tracked("channel", "seed") as run:
        counts = write_channels(workspace, params)
        for name, digest in workspace.drop_digests(*counts).items():
            run.log_dataset(name, digest, source="drawn", context="made")
        run.log_metrics({f"drops_{part}": count for part, count in counts.items()})


def make_missing(workspace: Workspace, params: Params) -> None:
    """Make the data that are missing, with a message on standard error.

    They are equal to the data that `dvc repro` makes.
    """
    if not workspace.scenes.exists():
        print(f"{workspace.scenes}: missing, so it is made now", file=sys.stderr)
        write_scenes(workspace, params)
    if not workspace.split.exists():
        write_split(workspace.scenes, workspace.split, params.split)
    if not workspace.drops("test").exists():
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
                workers=params.threads,
                progress=advance,
            )
        return
    folder = workspace.root / scenes.folder
    labels = sum(path.parent.name.lower().endswith("labels") for path in folder.rglob("*.png"))
    with progress_bar(f"checking {scenes.source}", labels) as advance:
        ingest(scenes.source, folder, workspace.scenes, scenes.height, scenes.width, progress=advance)


def write_channels(workspace: Workspace, params: Params) -> dict[Part, int]:
    """Write the drops into the workspace, without an MLflow run. Return the number of each part."""
    channel = params.channel
    print_notes(channel_notes(channel))
    counts: dict[Part, int] = {
        "train": channel.train_drops,
        "val": channel.val_drops,
        "test": channel.test_drops,
    }
    with progress_bar("drawing drops", sum(counts.values())) as advance:
        for part, count in counts.items():
            write_drops(workspace.drops(part), count, part_seed(params.seed, part), channel)
            advance(count)
    return counts
