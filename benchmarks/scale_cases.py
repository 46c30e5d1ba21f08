"""One case of the scale benchmark, measured in this process alone: `benchmarks/scale.py` starts one for each row.

    python benchmarks/scale_cases.py CASE COUNT FOLDER [--project FOLDER]

It prints one line of JSON: wall and processor seconds, bytes on disk, and the peaks of memory above what
the process had after its imports. Anonymous memory is what the process alone holds; resident memory also
counts pages of mapped files, which the system takes back when it needs them.
"""

import argparse
import contextlib
import io
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from cscsanet.channel.dataset import open_drops, write_drops
from cscsanet.cli.evaluate import sweep
from cscsanet.cli.evaluation_runs import evaluate_point
from cscsanet.config.params import Params, load_params, profile_text
from cscsanet.config.system import SplitParams
from cscsanet.evaluation.cache import LIMITS, cached_features
from cscsanet.scene_sources.datasets import read_dataset
from cscsanet.scene_sources.ingest import ingest
from cscsanet.scene_sources.renderer.writer import write_rendered
from cscsanet.scene_sources.split import write_split
from cscsanet.scenes.augmentation import augment, to_float
from cscsanet.scenes.dataset import load_part, load_scenes
from cscsanet.scenes.layout import read_list
from cscsanet.scenes.scene_set import SceneSet
from cscsanet.studies.sweeps import measure as sweeps_measure
from cscsanet.training.seeds import EpochSampler, generator
from cscsanet.training.segmentation_task import class_weights
from cscsanet.workflow.machine import limit_threads
from cscsanet.workflow.workspace import Workspace

FRAMES_PER_SEQUENCE = 5
READS, READ_BATCH, BATCH = 2000, 256, 16
DRAWS = 16  # drops for each image, where not points are many
# Schemes whose weights a project has after `dvc repro stage3@noma stage3@noma_aligned stage3@oma`.
SCHEMES = ("noma", "oma", "noma-aligned", "noma-stage2", "ideal", "ideal-oma")
Extra = Mapping[str, Any]


def smoke() -> Params:
    """Return the parameters of the smoke profile, whose frames have 48 x 64 pixels."""
    return Params.model_validate(yaml.safe_load(profile_text("smoke")))


def draw(count: int, folder: Path, project: Path) -> Extra:
    """Draw drops and write them."""
    write_drops(folder / "drops", count, 1, smoke().channel)
    return {"bytes": _size(folder / "drops")}


def read(count: int, folder: Path, project: Path) -> Extra:
    """Read random batches of drops."""
    drops = open_drops(folder / "drops")
    assert len(drops) == count
    source = np.random.default_rng(1)
    for _ in range(READS):
        drops.batch(source.integers(0, count, READ_BATCH))
    return {"batches": READS}


def render(count: int, folder: Path, project: Path) -> Extra:
    """Render frames, with their lists and manifest."""
    scenes = smoke().scenes
    write_rendered(
        folder / "rendered",
        sequences=count // FRAMES_PER_SEQUENCE,
        frames_per_sequence=FRAMES_PER_SEQUENCE,
        height=scenes.height,
        width=scenes.width,
        seed=1,
    )
    return {"bytes": _size(folder / "rendered")}


def imported(count: int, folder: Path, project: Path) -> Extra:
    """Import a recorded dataset: every file is checked and copied, as all have the size already."""
    scenes = smoke().scenes
    dataset = read_dataset("mfnet", folder / "recorded", "time")
    assert len(dataset.frames) == count
    ingest(dataset, folder / "frames", scenes.height, scenes.width)
    return {"bytes": _size(folder / "frames")}


def split(count: int, folder: Path, project: Path) -> Extra:
    """Split the frames, with the search for copies."""
    write_split(folder / "frames", folder / "split", SplitParams(by="time", train=0.5, val=0.25))
    return {"bytes": _size(folder / "split")}


def load(count: int, folder: Path, project: Path) -> Extra:
    """Load the training part: decoded if that was not done before."""
    scenes = load_part(folder / "frames", folder / "split", "train")
    return {"frames": len(scenes), "bytes": _size(folder / ".frames.decoded")}


def load_in_memory(count: int, folder: Path, project: Path) -> Extra:
    """Load the training part into memory, as small parts are."""
    scenes = load_scenes(folder / "frames", read_list(folder / "split" / "train.txt"))
    return {"frames": len(scenes), "bytes": 0}


def epoch(count: int, folder: Path, project: Path) -> Extra:
    """Read and augment every training frame once, in the order of a training."""
    return _epoch(load_part(folder / "frames", folder / "split", "train"))


def epoch_in_memory(count: int, folder: Path, project: Path) -> Extra:
    """Do the same with the part in memory."""
    return _epoch(load_scenes(folder / "frames", read_list(folder / "split" / "train.txt")))


def _epoch(scenes: SceneSet) -> Extra:
    begun, spent = time.perf_counter(), time.process_time()
    class_weights(scenes, "root")
    order, source = list(EpochSampler(len(scenes), len(scenes), 1)), generator(1, "step")
    total = 0.0
    for first in range(0, len(order), BATCH):
        batch = torch.tensor(order[first : first + BATCH])
        images, labels = to_float(scenes.images[batch]), scenes.labels[batch].long()
        total += float(augment(images, labels, smallest_crop=0.7, generator=source)[0].sum())
    assert np.isfinite(total)
    # Without the load.
    return {
        "frames": len(scenes),
        "seconds": round(time.perf_counter() - begun, 3),
        "processor_seconds": round(time.process_time() - spent, 3),
    }


def swept(count: int, folder: Path, project: Path) -> Extra:
    """Run `cscsanet sweep` over values of the SNR."""
    out = folder / f"sweep-{count}"
    values = ",".join(f"{value:.4f}" for value in np.linspace(-40, 10, count))
    with contextlib.chdir(project), contextlib.redirect_stdout(io.StringIO()):
        sweep("snr", schemes="noma", values=values, out=out, as_json=True)  # type: ignore[arg-type]
    files = list(out.rglob("*.npz"))
    assert len(files) == count
    return {"files": len(files), "bytes": _size(out)}


def points_kept(count: int, folder: Path, project: Path) -> Extra:
    """Measure points with all features and detected paths kept, without a limit."""
    kept = partial(cached_features, limits=dict.fromkeys(LIMITS, 2**60))
    setattr(sweeps_measure, "cached_features", kept)  # noqa: B010
    return points(count, folder, project)


def points(count: int, folder: Path, project: Path) -> Extra:
    """Measure points of one scheme, one after the other, and keep none."""
    workspace, params = _opened(project)
    reference = params.evaluation.home.point
    values = [
        reference.__class__(**{**vars(reference), "snr_db": snr}) for snr in np.linspace(-40, 10, count)
    ]
    number = sum(1 for _ in sweeps_measure.measure_points(workspace, params, "noma", values))
    return {"points": number}


def schemes(count: int, folder: Path, project: Path) -> Extra:
    """Measure one scheme `count` times, as a list of schemes."""
    return _schemes(["noma"] * count, project)


def first_schemes(count: int, folder: Path, project: Path) -> Extra:
    """Measure the first `count` of several schemes."""
    return _schemes(SCHEMES[:count], project)


def one_scheme(count: int, folder: Path, project: Path) -> Extra:
    """Measure one of several schemes, by its number from 1."""
    return _schemes([SCHEMES[count - 1]], project)


def _schemes(names: Any, project: Path) -> Extra:
    workspace, params = _opened(project)
    rows = evaluate_point(workspace, params, names, params.evaluation.home.point, "test", DRAWS)
    return {"rows": len(rows)}


def images(count: int, folder: Path, project: Path) -> Extra:
    """Measure one scheme over the test part of the project, at one point."""
    workspace, params = _opened(project)
    point = params.evaluation.home.point
    (measurement,) = sweeps_measure.measure_points(workspace, params, "noma", [point], draws=DRAWS)
    assert len(measurement.names) == count
    return {"images": count}


def _opened(project: Path) -> tuple[Workspace, Params]:
    limit_threads(1)
    workspace = Workspace(project)
    return workspace, load_params(workspace.params_file)


CASES: Mapping[str, Callable[[int, Path, Path], Extra]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        *(draw, read, render, imported, split, load, load_in_memory, epoch, epoch_in_memory),
        *(swept, points, points_kept, schemes, first_schemes, one_scheme, images),
    )
}


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) if folder.exists() else 0


def _status(*names: str) -> list[int]:
    lines = Path("/proc/self/status").read_text().splitlines()
    found = {line.split(":")[0]: line.split()[1] for line in lines if line.split(":")[0] in names}
    return [1024 * int(found[name]) for name in names]


@contextlib.contextmanager
def peaks(result: dict[str, int]) -> Iterator[None]:
    """Put the peaks of anonymous and of resident memory above the start into `result` [bytes].

    Anonymous memory is looked at every 5 ms. The peak of resident memory is the system's.
    """
    # Sets the system's peak of this process back to what it has now.
    Path("/proc/self/clear_refs").write_text("5")
    anonymous, resident = _status("RssAnon", "VmRSS")
    highest, ended = [anonymous], threading.Event()

    def watch() -> None:
        while not ended.wait(0.005):
            highest.append(max(highest.pop(), *_status("RssAnon")))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        last, peak = _status("RssAnon", "VmHWM")
        result["peak_anonymous_bytes"] = max(*highest, last) - anonymous
        result["peak_resident_bytes"] = peak - resident


def run(case: str, count: int, folder: Path, project: Path) -> dict[str, Any]:
    """Run one case and return its row."""
    row: dict[str, Any] = {"case": case, "count": count}
    peak: dict[str, int] = {}
    begun, spent = time.perf_counter(), time.process_time()
    with peaks(peak):
        extra = CASES[case](count, folder, project)
    seconds, processor = time.perf_counter() - begun, time.process_time() - spent
    times = {"seconds": round(seconds, 3), "processor_seconds": round(processor, 3)}
    return row | times | peak | dict(extra)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case", choices=CASES)
    parser.add_argument("count", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--project", type=Path, default=Path(os.devnull))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with contextlib.redirect_stderr(io.StringIO()):
        row = run(arguments.case, arguments.count, arguments.folder.absolute(), arguments.project.absolute())
    print(json.dumps(row))


if __name__ == "__main__":
    main()
