"""The time of `dvc repro` from nothing, stage by stage, and its time when nothing is out of date.

    python benchmarks/pipeline.py --profile smoke [--profile small] [--here] [--write]

It works in a temporary clone of HEAD, or with --here in this checkout, whose results are then kept;
every stage must be out of date there. Run it on an idle machine.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cscsanet.workflow.pipeline_file import read_pipeline

ROOT = Path(__file__).parents[1]
REPORT = ROOT / "reports" / "benchmarks" / "pipeline.json"


def repro(folder: Path) -> tuple[float, dict[str, float]]:
    """Run `dvc repro`, and return its seconds and those of each stage.

    A stage lasts from its line in the output of DVC to the line of the next stage.
    """
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    started = time.monotonic()
    process = subprocess.Popen(
        ["dvc", "repro"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    starts: list[tuple[str, float]] = []
    for line in process.stdout:
        if match := re.match(r"Running stage '([\w@]+)'", line):
            starts.append((match.group(1), time.monotonic()))
    if process.wait():
        raise SystemExit(f"dvc repro failed with exit code {process.returncode}")
    end = time.monotonic()
    stops = [*(start for _, start in starts[1:]), end][: len(starts)]
    return end - started, {stage: stop - start for (stage, start), stop in zip(starts, stops, strict=True)}


def measure(profile: str, in_place: bool) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = ROOT
        if not in_place:
            folder = Path(temporary) / "project"
            subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
        subprocess.run([Path(sys.executable).parent / "cscsanet", "profile", profile], cwd=folder, check=True)
        seconds, stages = repro(folder)
        declared = {entry.address for entry in read_pipeline(folder).values()}
        if set(stages) != declared:
            up_to_date = ", ".join(sorted(declared - set(stages)))
            raise SystemExit(f"{up_to_date}: already up to date; remove their outputs, or leave out --here")
        again, reran = repro(folder)
        if reran:
            raise SystemExit(f"a second dvc repro ran {', '.join(reran)} again")
    return {
        "cores": os.cpu_count(),
        "seconds": round(seconds, 1),
        "stages": {stage: round(value, 1) for stage, value in stages.items()},
        "second_repro_seconds": round(again, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", action="append", required=True)
    parser.add_argument("--here", action="store_true", help="run in this checkout instead of a clone of HEAD")
    parser.add_argument(
        "--write", action="store_true", help=f"write the results to {REPORT.relative_to(ROOT)}"
    )
    arguments = parser.parse_args()
    results = json.loads(REPORT.read_text()) if REPORT.exists() else {}
    for profile in arguments.profile:
        results[profile] = measure(profile, arguments.here)
        print(json.dumps({profile: results[profile]}, indent=1))
    if arguments.write:
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        REPORT.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
