"""Processes share a training: the same gradients, weights and metrics as in one process, and clear ends."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

HERE = Path(__file__).parent
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(str(HERE.parents[1] / folder) for folder in ("src", "tests")),
    "OMP_NUM_THREADS": "1",
}
pytestmark = pytest.mark.timeout(300)


def trained(name: str, count: int, folder: Path) -> list[dict[str, Any]]:
    """Train a task of `fixtures.sharing` in so many processes; return what each of them has at the end."""
    folder.mkdir()
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count)]
    command = [sys.executable, *(torchrun if count > 1 else []), str(HERE / "ddp_jobs.py"), name, str(folder)]
    run = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return [torch.load(folder / f"process-{rank}.pt", weights_only=True) for rank in range(count)]


@pytest.mark.parametrize("name", ["tracked", "physical"])
def test_two_processes_train_as_one(name, tmp_path):
    (alone,) = trained(name, 1, tmp_path / "1")
    first, second = trained(name, 2, tmp_path / "2")
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
