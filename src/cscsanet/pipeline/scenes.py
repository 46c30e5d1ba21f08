"""The stage that makes the frames: rendered, or a real dataset checked and brought to size."""

from cscsanet.params import Params
from cscsanet.pipeline.progress import progress_bar
from cscsanet.pipeline.workspace import Workspace
from cscsanet.scenes.ingest import ingest
from cscsanet.scenes.manifest import read_manifest
from cscsanet.scenes.renderer.writer import write_rendered
from cscsanet.tracking import open_tracking


def make_scenes(workspace: Workspace, params: Params) -> None:
    """Render the driving sequences, or check a real dataset and bring it to the profile's size."""
    tracker = open_tracking(workspace.root, params.tracking.experiment)
    with tracker.stage("scenes", params, sections=("scenes", "seed")) as run:
        write_scenes(workspace, params)
        manifest = read_manifest(workspace.scenes)
        run.log_dataset("scenes", manifest.digest, source=params.scenes.source, context="made")
        run.log_metrics({"frames_day": manifest.day, "frames_night": manifest.night})


def write_scenes(workspace: Workspace, params: Params) -> None:
    """Write the frames, without a run."""
    if params.scenes.source == "rendered":
        _render(workspace, params)
    else:
        _ingest(workspace, params)


def _render(workspace: Workspace, params: Params) -> None:
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


def _ingest(workspace: Workspace, params: Params) -> None:
    scenes = params.scenes
    assert scenes.source != "rendered"
    folder = workspace.root / scenes.folder
    labels = sum(path.parent.name.lower().endswith("labels") for path in folder.rglob("*.png"))
    with progress_bar(f"checking {scenes.source}", labels) as advance:
        ingest(scenes.source, folder, workspace.scenes, scenes.height, scenes.width, progress=advance)
