"""Processes share a training: the same gradients, weights and metrics as in one process, and clear ends."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from fixtures.sharing import keep_training

HERE = Path(__file__).parent
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(str(HERE.parents[1] / folder) for folder in ("src", "tests")),
    "OMP_NUM_THREADS": "1",
}
pytestmark = pytest.mark.timeout(300)


TASKS = ("tracked", "physical")


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Path:
    """Train each task in two processes, and return the folder of what each of them has at the end."""
    folder = tmp_path_factory.mktemp("shared")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*torchrun, str(HERE / "ddp_jobs.py"), str(folder), *TASKS]
    run = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return folder


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
