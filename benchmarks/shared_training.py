"""What more processes are worth: one training that they share (DDP), and several trainings side by side.

    python benchmarks/shared_training.py [--processes 2] [--epochs 4] [--steps 10] [--paper] [--out FILE.json]

The task is Stage III of `noma-aligned`, on drawn shapes, at equal batches, with `recipe.shards` parts in every case. It is
measured by the product's `fit`, from the end of the first epoch to the end of the last one, validation and checkpoints
included. On a CPU each process has one thread, beside one process with as many threads as there are processes. On GPUs
each process of a shared training has one GPU, and trainings side by side share the first.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parent))

from accelerator import Memory, machine, parameters, parted, shapes

from cscsanet import processes
from cscsanet.channel.paths import draw_paths
from cscsanet.config.run_params import ComputeParams
from cscsanet.links.csc_sa_net import noma
from cscsanet.training.fit import fit
from cscsanet.training.segmentation_task import SegmentationTask


class Times:
    """The times at which epochs end."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def log_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Take the metrics of one epoch."""
        self.ends.append(time.perf_counter())


def train(arguments: argparse.Namespace) -> None:
    """Train in all processes that there are; the first writes the image pairs per second."""
    torch.set_num_threads(arguments.threads)
    params = parameters(tiny=not arguments.paper)
    scenes = parted(shapes(160 if arguments.paper else 40, params.scenes.height, params.scenes.width))
    drops = Memory(draw_paths(256, params.channel, torch.Generator().manual_seed(1)))
    changes = {
        "epochs": arguments.epochs,
        "steps_per_epoch": arguments.steps,
        "batch_size": 16,
        "points_per_batch": 2,
    }
    section = params.joint.model_copy(update={**changes, "patience": arguments.epochs})
    link = noma(params, "learned")
    task = SegmentationTask(link, scenes, (drops, drops), params.points, section, seed=1)  # type: ignore[arg-type]
    compute = ComputeParams(accelerator="auto", processes=processes.count(), machines=1)
    recipe = params.recipe.model_copy(update={"shards": arguments.shards})
    times = Times()
    with tempfile.TemporaryDirectory() as scratch:
        # The processes of a training share its folder.
        shared = Path(os.environ.get("SHARED_SCRATCH", scratch))
        fit(task, recipe, shared, times, compute=compute, progress=False)
    pairs = (arguments.epochs - 1) * arguments.steps * 16
    if processes.is_first():
        arguments.out.write_text(json.dumps(pairs / (times.ends[-1] - times.ends[0])))


def started(
    arguments: argparse.Namespace, folder: Path, name: str, shared: int, threads: int
) -> "tuple[Any, Path]":
    """Start a training in `shared` processes of so many threads; return it, and the file of its rate."""
    out = folder / f"{name}.json"
    options = ["--worker", "--threads", str(threads), "--shards", str(arguments.processes), "--out", str(out)]
    options += ["--epochs", str(arguments.epochs), "--steps", str(arguments.steps)]
    options += ["--paper"] if arguments.paper else []
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(shared)]
    scratch = folder / name
    scratch.mkdir()
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "SHARED_SCRATCH": str(scratch)}
    command = [sys.executable, *(torchrun if shared > 1 else []), __file__, *options]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True), out


def rates(arguments: argparse.Namespace, name: str, trainings: int, shared: int, threads: int) -> list[float]:
    """Return the image pairs per second of trainings side by side, each in `shared` processes."""
    with tempfile.TemporaryDirectory() as folder:
        runs = [
            started(arguments, Path(folder), f"{name}-{index}", shared, threads) for index in range(trainings)
        ]
        for run, _ in runs:
            _, errors = run.communicate()
            if run.returncode:
                raise SystemExit(f"{name}: {errors.strip().splitlines()[-1]}")
        return [float(json.loads(out.read_text())) for _, out in runs]


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure every way, and return the table as JSON values."""
    count = arguments.processes
    ways = [
        ("one process", 1, 1, 1),
        ("one training, shared", 1, count, 1),
        ("trainings side by side", count, 1, 1),
    ]
    if not torch.cuda.is_available():
        ways.insert(1, ("one process, more threads", 1, 1, count))
    rows: list[dict[str, Any]] = []
    for name, trainings, shared, threads in ways:
        every = rates(arguments, name.replace(" ", "-"), trainings, shared, threads)
        rate = sum(every)
        against = rate / rows[0]["pairs_per_second"] if rows else 1.0
        row = {"way": name, "trainings": trainings, "processes": shared, "threads": threads}
        rows.append({**row, "pairs_per_second": round(rate, 3), "times_as_fast": round(against, 3)})
        print(
            f"{name:<28}{trainings} x {shared} x {threads}{rate:>10.2f} pairs/s{against:>8.2f} x", flush=True
        )
    facts = machine(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    return {
        **facts,
        "cores": os.cpu_count(),
        "profile": "paper" if arguments.paper else "smoke",
        "rows": rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="What more processes are worth.")
    parser.add_argument(
        "--processes", type=int, default=2, help="that share a training, and trainings side by side"
    )
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--steps", type=int, default=10, help="of an epoch")
    parser.add_argument(
        "--paper", action="store_true", help="the sizes of the paper, not of the smoke profile"
    )
    parser.add_argument("--out", type=Path, help="file for the table as JSON")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--shards", type=int, default=1, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        train(arguments)
        return
    table = run(arguments)
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
