"""What a million drops, a hundred thousand frames and a thousand points of a sweep take: time, disk and memory.

    python benchmarks/scale.py [--part drops|frames|sweep|evaluation] [--tiny] [--project FOLDER] [--write]

Every row is a process of its own (`benchmarks/scale_cases.py`). --part leaves out the others; --write writes
reports/benchmarks/scale.json, where the rows of other parts stay. The parts `sweep` and `evaluation` need a
project with the smoke profile and trained schemes: --project names one, else it is made in a clone, which
takes minutes. Few frames are rendered; a recorded dataset with the full number is made of links to them, so
that the copies of a frame are in one part of the split, and imported.
"""

import argparse
import json
import math
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from cscsanet.config.params import load_params
from cscsanet.files import write_json
from cscsanet.pipeline.data import split_scenes, write_scenes
from cscsanet.scenes.layout import image_path, label_path, names_in
from cscsanet.workflow.workspace import Workspace

ROOT = Path(__file__).parents[1]
REPORT = ROOT / "reports" / "benchmarks" / "scale.json"
CASES = Path(__file__).with_name("scale_cases.py")
Rows = list[dict[str, Any]]

# Case -> counts; those of --tiny are for the tests.
SIZES: Mapping[str, Sequence[int]] = {
    "draw": (10_000, 100_000, 1_000_000, 10_000_000),
    "render": (2_000, 200),
    "imported": (1_000, 10_000, 100_000),
    "swept": (10, 100, 1000),
    "points": (20, 320),
    "schemes": (1, 2, 4, 8),
    "images": (32, 64, 128, 256),
}
TINY: Mapping[str, Sequence[int]] = {
    "draw": (1_000, 10_000),
    "render": (80, 40),
    "imported": (40, 120),
    "swept": (1, 2),
    "points": (1, 2),
    "schemes": (1, 2),
    "images": (8, 16),
}
SEQUENCES = 16  # of a project; a quarter of its frames is the test part
# Rules: the growth of a peak that counts as flat, and slopes of processor time over the count that count as
# linear. They are fitted to the logarithms of the counts from a tenth of the largest one on, as the time of the
# smallest counts is that of the start.
FLAT_BYTES = 64 * 2**20
LINEAR = (0.9, 1.1)


class Bench:
    """The rows, each from a process that runs one case."""

    def __init__(self, scratch: Path, sizes: Mapping[str, Sequence[int]], project: Path | None) -> None:
        self.scratch = scratch
        self.sizes = sizes
        self.rows: Rows = []
        self._project = project

    def case(self, case: str, count: int, folder: Path | None = None, project: Path | None = None) -> None:
        """Run one case and keep its row."""
        command = [sys.executable, str(CASES), case, str(count), str(folder or self.scratch)]
        if project is not None:
            command += ["--project", str(project)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, env=environment, text=True, capture_output=True)
        if done.returncode:
            raise SystemExit(f"{case} {count}: {done.stderr[-2000:]}")
        self.rows.append(json.loads(done.stdout.splitlines()[-1]))
        print(done.stdout.splitlines()[-1], flush=True)

    @property
    def project(self) -> Path:
        """A project with the smoke profile and trained schemes."""
        if self._project is None:
            self._project = trained_project(self.scratch / "project")
        return self._project

    def drops(self) -> None:
        """Draw drops, and read them in random batches."""
        for count in self.sizes["draw"]:
            self.case("draw", count)
            self.case("read", count)

    def frames(self) -> None:
        """Render frames; import, split, load and read a recorded dataset."""
        for count in self.sizes["render"]:
            self.case("render", count)
        for count in self.sizes["imported"]:
            record(self.scratch / "rendered", self.scratch / "recorded", count)
            for case in ("imported", "split", "load", "load", "load-in-memory", "epoch", "epoch-in-memory"):
                self.case(case, count)
                if case == "load" and self.rows[-2]["case"] == "load":
                    self.rows[-1]["case"] = "load-again"

    def sweep(self) -> None:
        """Sweep over an axis, and measure points with and without a limit of what is cached."""
        for count in self.sizes["swept"]:
            self.case("swept", count, project=self.project)
        larger = more_frames(self.project, self.scratch / "more", self.sizes["images"][1])
        for case in ("points", "points-kept"):
            for count in self.sizes["points"]:
                self.case(case, count, project=larger)

    def evaluation(self) -> None:
        """Measure more schemes, and more images."""
        for count in self.sizes["schemes"]:
            self.case("schemes", count, project=self.project)
        for number in range(1, 7):
            self.case("one-scheme", number, project=self.project)
        self.case("first-schemes", 6, project=self.project)
        for count in self.sizes["images"]:
            larger = more_frames(self.project, self.scratch / "more", count)
            self.case("images", count, project=larger)


PARTS = {part.__name__: part for part in (Bench.drops, Bench.frames, Bench.sweep, Bench.evaluation)}


def record(rendered: Path, recorded: Path, count: int) -> None:
    """Make a dataset in MFNet's layout of rendered frames, each linked under a run of names.

    count: a multiple of the number of rendered frames, so that no run is in two parts of a split by time.
    """
    shutil.rmtree(recorded, ignore_errors=True)
    for path in (image_path(recorded, ""), label_path(recorded, "")):
        path.parent.mkdir(parents=True)
    names = names_in(rendered / "images")
    assert count % len(names) == 0
    for number in range(count):
        base = names[number * len(names) // count]
        name = f"{number + 1:06d}{base[-1]}"
        for path_of in (image_path, label_path):
            os.link(path_of(rendered, base), path_of(recorded, name))


def trained_project(folder: Path) -> Path:
    """Make a clone with the smoke profile, and train what the cases need."""
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
    tools = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    stages = ("stage3@noma", "stage3@noma_aligned", "stage3@oma")
    for command in (["cscsanet", "profile", "smoke"], ["dvc", "repro", *stages]):
        subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return folder


def more_frames(project: Path, folder: Path, images: int) -> Path:
    """Make a project with the same models and drops, and another number of test frames."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    frames = 4 * images // SEQUENCES
    text = (project / "params.yaml").read_text(encoding="utf-8")
    changed = text.replace("frames_per_sequence: 2\n", f"frames_per_sequence: {frames}\n")
    (folder / "params.yaml").write_text(changed, encoding="utf-8")
    for name in ("models", "data/channels"):
        (folder / name).symlink_to(project / name)
    workspace = Workspace(folder)
    params = load_params(workspace.params_file)
    write_scenes(workspace, params)
    split_scenes(workspace, params)
    return folder


def verdicts(rows: Rows) -> Rows:
    """Return for each case how time, disk and memory grow from its smallest to its largest count."""
    results: Rows = []
    for case in dict.fromkeys(row["case"] for row in rows):
        of_case = sorted((row for row in rows if row["case"] == case), key=lambda row: row["count"])
        if case == "one-scheme" or len(of_case) < 2:
            continue
        first, last = of_case[0], of_case[-1]
        more = last["count"] - first["count"]
        slope = _slope(of_case, "processor_seconds")
        growth = last["peak_anonymous_bytes"] - first["peak_anonymous_bytes"]
        results.append(
            {
                "case": case,
                "time_exponent": slope,
                "bytes_exponent": _slope(of_case, "bytes") if first.get("bytes") else None,
                "time": _time_verdict(slope),
                "memory": "flat" if growth <= FLAT_BYTES else "grows",
                "growth_bytes": growth,
                "growth_bytes_each": round(growth / more, 1),
                "resident_growth_bytes": last["peak_resident_bytes"] - first["peak_resident_bytes"],
                "seconds_each": _each(of_case),
            }
        )
    return results


def _each(rows: Rows) -> float:
    """Return the processor seconds of one further item, between the two largest counts."""
    before, last = list(pairwise(rows))[-1]
    return round(
        (last["processor_seconds"] - before["processor_seconds"]) / (last["count"] - before["count"]), 9
    )


def _slope(rows: Rows, key: str) -> float:
    largest = [row for row in rows if 10 * row["count"] >= rows[-1]["count"]]
    counts, values = ([math.log(max(row[name], 1e-3)) for row in largest] for name in ("count", key))
    return round(float(np.polyfit(counts, values, 1)[0]), 3)


def _time_verdict(slope: float) -> str:
    if slope < LINEAR[0]:
        return "flat" if slope < 0.1 else "below linear"
    return "linear" if slope <= LINEAR[1] else "above linear"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=PARTS, action="append", help="default: all")
    parser.add_argument("--tiny", action="store_true", help="the smallest sizes, for a test")
    parser.add_argument("--project", type=Path, help="a project with the smoke profile and trained schemes")
    parser.add_argument(
        "--scratch", type=Path, help="an empty folder on a disk with some GB [default: temporary]"
    )
    parser.add_argument("--out", type=Path, help="another file to write to than the report")
    parser.add_argument("--write", action="store_true", help=f"write {REPORT.relative_to(ROOT)}")
    arguments = parser.parse_args()
    out = arguments.out or (REPORT if arguments.write else None)
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as scratch:
        bench = Bench(Path(scratch), TINY if arguments.tiny else SIZES, arguments.project)
        for part in arguments.part or PARTS:
            PARTS[part](bench)
    rows = bench.rows
    if out and out.exists():
        measured = {row["case"] for row in rows}
        rows = [row for row in json.loads(out.read_text())["rows"] if row["case"] not in measured] + rows
    report = {
        "python": platform.python_version(),
        "processor": platform.processor() or platform.machine(),
        "flat_bytes": FLAT_BYTES,
        "linear": list(LINEAR),
        "rows": rows,
        "verdicts": verdicts(rows),
    }
    for verdict in report["verdicts"]:
        print(verdict)
    if out:
        write_json(out, report)


if __name__ == "__main__":
    main()
