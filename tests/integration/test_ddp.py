"""Processes share a training: the same gradients, weights and metrics as in one process, and clear ends."""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import torch
from fixtures.sharing import keep_training
from safetensors.torch import load_file

from cscsanet.workflow.kept import FOLDER

HERE = Path(__file__).parent
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(str(HERE.parents[1] / folder) for folder in ("src", "tests")),
    "OMP_NUM_THREADS": "1",
}
pytestmark = pytest.mark.timeout(300)


TASKS = ("tracked", "physical")


def started(folder: Path, machines: int, *tasks: str) -> list[str]:
    """Return the command of a process that trains tasks with others."""
    return [str(HERE / "ddp_jobs.py"), str(folder), str(machines), *tasks]


def ended(*commands: list[str], environments: Sequence[Mapping[str, str]] = ({}, {})) -> None:
    """Run commands side by side to their ends."""
    runs = [
        subprocess.Popen(
            [sys.executable, *command], env={**ENVIRONMENT, **more}, stderr=subprocess.PIPE, text=True
        )
        for command, more in zip(commands, environments, strict=False)
    ]
    for run in runs:
        _, errors = run.communicate(timeout=600)
        assert run.returncode == 0, errors


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Path:
    """Train each task in two processes, and return the folder of what each of them has at the end."""
    folder = tmp_path_factory.mktemp("shared")
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    ended([*torchrun, *started(folder, 1, *TASKS)])
    return folder


@pytest.mark.soak
@pytest.mark.parametrize("by", ["torchrun", "srun"])
def test_two_machines_train_as_one(by, tmp_path):
    """Two machines are two groups of processes on this one; SLURM is what it sets in the environment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = started(tmp_path, 2, "physical")
    if by == "torchrun":
        nodes = ["-m", "torch.distributed.run", "--nnodes", "2", "--nproc-per-node", "1"]
        nodes += ["--master-addr", "127.0.0.1", "--master-port", str(port)]
        ended(*([*nodes, "--node-rank", str(rank), *command] for rank in (0, 1)))
    else:
        slurm = {
            "SLURM_JOB_ID": "1",
            "SLURM_JOB_NAME": "study",
            "SLURM_STEP_NUM_TASKS": "2",
            "SLURM_NTASKS": "2",
        }
        slurm |= {"SLURM_NTASKS_PER_NODE": "1", "SLURM_NODELIST": "127.0.0.1", "MASTER_ADDR": "127.0.0.1"}
        slurm |= {"MASTER_PORT": str(port), "SLURM_LOCALID": "0"}
        ranks = [slurm | {"SLURM_PROCID": str(rank), "SLURM_NODEID": str(rank)} for rank in (0, 1)]
        ended(command, command, environments=ranks)
    alone = keep_training("physical", tmp_path / "alone")
    for rank in (0, 1):
        kept = torch.load(tmp_path / f"physical-{rank}.pt", weights_only=True)
        for weight, value in alone["weights"].items():
            torch.testing.assert_close(kept["weights"][weight], value, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("name", TASKS)
def test_two_processes_train_as_one(name, shared, tmp_path):
    alone = keep_training(name, tmp_path)
    first, second = (torch.load(shared / f"{name}-{rank}.pt", weights_only=True) for rank in (0, 1))
    # The gradient of one step at an equal batch, each within 1e-5 of the largest of its network.
    assert set(first["gradients"]) == set(alone["gradients"])
    for weight, gradient in alone["gradients"].items():
        difference = (first["gradients"][weight] - gradient).abs().max()
        assert difference <= 1e-5 * max(1.0, float(gradient.abs().max())), weight
    assert any(float(gradient.abs().max()) > 1e-3 for gradient in alone["gradients"].values())
    # Six steps later the weights, the statistics and the metrics agree, in both processes.
    for weight, value in alone["weights"].items():
        assert torch.equal(first["weights"][weight], second["weights"][weight]), weight
        torch.testing.assert_close(first["weights"][weight], value, rtol=2e-3, atol=2e-4)
    assert first["history"] == second["history"]
    for mine, theirs in zip(first["history"], alone["history"], strict=True):
        assert mine == pytest.approx(theirs, rel=2e-3)


@pytest.mark.pipeline
@pytest.mark.timeout(1200)
def test_a_stage_starts_its_processes_and_resumes_with_another_number_of_them(finished, tmp_path):
    project = finished.copy_to(tmp_path / "shared", ".dvc")
    project.edit_params("\n  shards: 1 ", "\n  shards: 2 ")
    weights = project.root / "models/physical.safetensors"
    command = ("python", "stages/stage2.py", "physical")
    project.run(*command)
    alone = load_file(weights)
    # The number of processes is no parameter of a result, so the next run would take that of this one.
    shutil.rmtree(project.root / FOLDER)
    project.edit_params("\n  processes: 1 ", "\n  processes: 2 ")
    before = runs_of(project)
    killed = subprocess.Popen(
        [sys.executable, *command[1:]],
        cwd=project.root,
        env=project.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 300
    while not list((project.root / "scratch/physical").glob("*/last.ckpt")):
        assert killed.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    killed.kill()
    killed.wait()
    weights.unlink()
    resumed = project.run(*command)
    assert resumed.stderr.count("resuming after epoch 1 of 2") == 1
    for name, value in load_file(weights).items():
        torch.testing.assert_close(value, alone[name], rtol=2e-3, atol=2e-4)
    # One run, of the first process, which the resumed one continues.
    assert runs_of(project) == before + 1


def runs_of(project) -> int:
    """Return how many MLflow runs of the training the project has."""
    with sqlite3.connect(project.root / "mlflow.db") as database:
        return int(database.execute("select count(*) from runs where name = 'physical'").fetchone()[0])
