"""The stages that make data: scenes, split, channels."""

from pathlib import Path

from cscsanet.channel.dataset import part_seed, write_drops
from cscsanet.params import Params
from cscsanet.pipeline.progress import progress_bar
from cscsanet.pipeline.workspace import Workspace
from cscsanet.scenes.ingest import ingest
from cscsanet.scenes.manifest import write_manifest
from cscsanet.scenes.renderer.writer import write_rendered
from cscsanet.scenes.split import write_split

PARTS = ("train", "val", "test")


def make_scenes(workspace: Workspace, params: Params) -> None:
    """Render the driving sequences, or check a real dataset and bring it to the profile's size."""
    scenes = params.scenes
    if scenes.source == "rendered":
        frames = scenes.sequences * scenes.frames_per_sequence
        with progress_bar("rendering", frames) as advance:
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
        write_manifest(workspace.scenes)
        return
    folder = workspace.root / Path(scenes.folder)
    with progress_bar(f"checking {scenes.source}", len(list(folder.rglob("*.png")))) as advance:
        ingest(scenes.source, folder, workspace.scenes, scenes.height, scenes.width, progress=advance)


def make_split(workspace: Workspace, params: Params) -> None:
    """Part the frames into training, validation and test."""
    write_split(workspace.scenes, workspace.split, params.split)


def make_channels(workspace: Workspace, params: Params) -> None:
    """Draw the channel drops of each part from seeds of their own."""
    channel = params.channel
    counts = {"train": channel.train_drops, "val": channel.val_drops, "test": channel.test_drops}
    with progress_bar("drawing drops", sum(counts.values())) as advance:
        for part, count in counts.items():
            write_drops(workspace.drops(part), count, part_seed(params.seed, part), channel)
            advance(count)
