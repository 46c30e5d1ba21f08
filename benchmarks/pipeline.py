"""How long `dvc repro` takes from nothing, stage by stage, and how long it takes when there is nothing to do.

    python benchmarks/pipeline.py --profile smoke [--profile small] [--here] [--write]

It works in a temporary copy of what git has at HEAD, or with --here in this very checkout, whose results then stay; every
stage must have something to do there. Run it on a machine that does nothing else.
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

import yaml

ROOT = Path(__file__).parents[1]
REPORT = ROOT / "reports" / "benchmarks" / "pipeline.json"


def repro(folder: Path) -> tuple[float, dict[str, float]]:
    """Run `dvc repro`; return its seconds and those of each stage, from one announcement to the next."""
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
    begun: list[tuple[str, float]] = []
    for line in process.stdout:
        if announced := re.match(r"Running stage '(\w+)'", line):
            begun.append((announced.group(1), time.monotonic()))
    if process.wait():
        raise SystemExit(f"dvc repro left with {process.returncode}")
    end = time.monotonic()
    stops = [*(when for _, when in begun[1:]), end][: len(begun)]
    return end - started, {stage: stop - start for (stage, start), stop in zip(begun, stops, strict=True)}


def measure(profile: str, here: bool) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = ROOT
        if not here:
            folder = Path(temporary) / "project"
            subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
        subprocess.run([Path(sys.executable).parent / "cscsanet", "profile", profile], cwd=folder, check=True)
        seconds, stages = repro(folder)
        declared = set(yaml.safe_load((folder / "dvc.yaml").read_text())["stages"])
        assert set(stages) == declared, f"nothing to do for {', '.join(declared - set(stages))}"
        again, reran = repro(folder)
        assert not reran, f"a second repro ran {', '.join(reran)}"
    return {
        "cores": os.cpu_count(),
        "seconds": round(seconds, 1),
        "stages": {stage: round(value, 1) for stage, value in stages.items()},
        "second_repro_seconds": round(again, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", action="append", required=True)
    parser.add_argument("--here", action="store_true", help="in this checkout, instead of a copy of HEAD")
    parser.add_argument(
        "--write", action="store_true", help=f"keep the figures in {REPORT.relative_to(ROOT)}"
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
