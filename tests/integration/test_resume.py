"""Killed and partly lost work: a training and the measurements go on where they stopped."""

import signal
import subprocess
import sys

import pytest
from fixtures.files import contents
from fixtures.project import wait_for_a_checkpoint

pytestmark = [pytest.mark.pipeline, pytest.mark.timeout(3000)]


@pytest.mark.parametrize(
    ("training", "command"),
    [
        ("physical", "stages/stage2.py physical"),
        ("alignment/noma-phase-offset", "stages/alignment.py"),
    ],
)
def test_a_killed_training_resumes_and_ends_as_if_it_had_not_been(finished, tmp_path, training, command):
    """A training on drops with a CSI-RS pretraining, and a variant of a stage, on frames and drops.

    Those on frames alone and all others run the same code (`pipeline/run.train`). A kill is SIGKILL after the first epoch.
    """
    project = finished.copy_to(tmp_path / "killed", ".dvc")
    results = [
        f"reports/training/{training}.json",
        f"reports/training/{training}.csv",
        f"models/{training}.safetensors",
    ]
    for name in results:
        (project.root / name).unlink()

    killed = subprocess.Popen(
        [sys.executable, *command.split()],
        cwd=project.root,
        env=project.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for_a_checkpoint(project.root / "scratch" / training, killed)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    assert not any((project.root / name).exists() for name in results)

    resumed = project.run("python", *command.split())
    assert "resuming after epoch 1 of 2" in resumed.stderr
    for name in results:
        assert (project.root / name).read_bytes() == (finished.root / name).read_bytes(), name


def test_only_what_is_missing_is_measured_again_whether_or_not_jobs_run_at_once(copy):
    # The pipeline ran with one thread, and so its jobs in the stage's process. These have a process each.
    copy.edit_params("\nthreads: 1 ", "\nthreads: 2 ")
    folder = copy.root / "data" / "measurements"
    lost = folder / "noma" / "snr0-L8-B64-Q4.npz"
    damaged = folder / "noma@seed-2" / "snr-25-L8-B64-Q4.npz"
    outdated = folder / "noma" / "snr7-L8-B64-Q4.npz"
    before = contents(folder)
    times = {name: (folder / name).stat().st_mtime_ns for name in before}
    outdated.write_bytes(lost.read_bytes())
    lost.unlink()
    damaged.write_bytes(b"half a file")
    copy.run("python", "stages/measure.py")
    assert contents(folder) == before
    rewritten = {folder / name for name in before if (folder / name).stat().st_mtime_ns != times[name]}
    assert rewritten == {lost, damaged, folder / "constant.npz"}
