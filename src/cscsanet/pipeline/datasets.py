"""The stages that make data: scenes, split, channels. Each is a run in MLflow with the digest of what it made."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from cscsanet.channel.dataset import Part, part_seed, write_drops
from cscsanet.params import Params
from cscsanet.pipeline.progress import progress_bar
from cscsanet.pipeline.workspace import Workspace
from cscsanet.scenes.ingest import ingest
from cscsanet.scenes.manifest import read_manifest, write_manifest
from cscsanet.scenes.renderer.writer import write_rendered
from cscsanet.scenes.split import split_digest, write_split
from cscsanet.tracking import StageRun, open_tracking


def make_scenes(workspace: Workspace, params: Params) -> None:
    """Render the driving sequences, or check a real dataset and bring it to the profile's size."""
    with _tracked(workspace, params, "scenes", ("scenes", "seed")) as run:
        _rendered(workspace, params) if params.scenes.source == "rendered" else _ingested(workspace, params)
        manifest = read_manifest(workspace.scenes)
        run.log_dataset("scenes", manifest.digest, source=params.scenes.source, context="made")
        run.log_metrics({"frames_day": manifest.day, "frames_night": manifest.night})


def make_split(workspace: Workspace, params: Params) -> None:
    """Part the frames into training, validation and test."""
    with _tracked(workspace, params, "split", ("split",)) as run:
        parts = write_split(workspace.scenes, workspace.split, params.split)
        run.log_dataset("split", split_digest(workspace.split), source="data/scenes", context="made")
        run.log_metrics({f"frames_{part}": len(names) for part, names in parts.items()})


def make_channels(workspace: Workspace, params: Params) -> None:
    """Draw the channel drops of each part from seeds of their own."""
    channel = params.channel
    counts: dict[Part, int] = {
        "train": channel.train_drops,
        "val": channel.val_drops,
        "test": channel.test_drops,
    }
    with _tracked(workspace, params, "channels", ("channel", "seed")) as run:
        with progress_bar("drawing drops", sum(counts.values())) as advance:
            for part, count in counts.items():
                write_drops(workspace.drops(part), count, part_seed(params.seed, part), channel)
                advance(count)
        for name, digest in workspace.drop_digests(*counts).items():
            run.log_dataset(name, digest, source="drawn", context="made")
        run.log_metrics({f"drops_{part}": count for part, count in counts.items()})


@contextmanager
def _tracked(workspace: Workspace, params: Params, stage: str, sections: Sequence[str]) -> Iterator[StageRun]:
    tracker = open_tracking(workspace.root, params.tracking.experiment)
    with tracker.stage(stage, params, sections=sections) as run:
        yield run


def _rendered(workspace: Workspace, params: Params) -> None:
    scenes = params.scenes
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
    write_manifest(workspace.scenes)


def _ingested(workspace: Workspace, params: Params) -> None:
    scenes = params.scenes
    assert scenes.source != "rendered"
    folder = workspace.root / scenes.folder
    labels = sum(path.parent.name.lower().endswith("labels") for path in folder.rglob("*.png"))
    with progress_bar(f"checking {scenes.source}", labels) as advance:
        ingest(scenes.source, folder, workspace.scenes, scenes.height, scenes.width, progress=advance)
