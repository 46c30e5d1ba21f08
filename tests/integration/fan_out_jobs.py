"""Jobs that the tests fan out: in a file of their own, since the workers import it."""

import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from cscsanet.errors import CscsanetError
from cscsanet.files import write_by_rename

if TYPE_CHECKING:
    from cscsanet.studies.sweeps.measure import Job
    from cscsanet.workflow.stage import Stage


def note(folder: Path, job: int) -> int:
    (folder / f"{job}-{os.getpid()}").write_text(str(torch.get_num_threads()))
    return job


def fail_first(folder: Path, job: int) -> None:
    if job == 0:
        time.sleep(0.5)
        raise CscsanetError("job 0: cannot be done")
    note(folder, job)
    time.sleep(600)


def sleep_long(folder: Path, job: int) -> None:
    note(folder, job)
    time.sleep(600)


def write_slowly(folder: Path, job: int) -> int:
    """Write a file by rename, unless it is there, and note in a common log what is begun and what is written."""
    log(folder, f"begun {job}")
    path = folder / f"{job}.txt"
    if not path.exists():
        time.sleep(0.5)
        write_by_rename(path, lambda partial: partial.write_text(f"the square of {job} is {job**2}\n"))
        log(folder, f"written {job}")
    return job**2


def log(folder: Path, what: str) -> None:
    """Add a line to the log. Lines of several processes do not mix, as each is one short write at the end."""
    ray = sys.modules.get("ray")
    node = ray.get_runtime_context().get_node_id() if ray and ray.is_initialized() else "here"
    line = f"{what} {node} {os.getpid()}\n"
    file = os.open(folder / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, line.encode())
    os.close(file)


def die_once(folder: Path, job: int) -> int:
    """Kill the process of job 0 when it is begun for the first time."""
    log(folder, f"begun {job}")
    if job == 0 and (folder / "log").read_text().count("begun 0") == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return job


def die(folder: Path, job: int) -> None:
    note(folder, job)
    os.kill(os.getpid(), signal.SIGKILL)


def die_or_wait(job: int) -> int:
    """Kill the process of job 0 at any time; take a while over the others."""
    if job == 0:
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.5)
    return job


def fail_with_a_bug(job: int) -> None:
    raise ZeroDivisionError(f"job {job}")


def fail_as_expected(job: int) -> None:
    raise CscsanetError(f"job {job}: cannot be done")


def measure_and_log(folder: Path, stage: "Stage", job: "Job") -> None:
    """Measure a job of the stage `measure`, and note which measurements are begun and written."""
    from cscsanet.studies.sweeps import measure

    real = measure.write_measurement

    def write(path: Path, measurement: object) -> None:
        real(path, measurement)
        log(folder, f"written {path.relative_to(stage.workspace.measurements)}")

    log(folder, f"begun {job.scheme}@{job.repeat}@{job.energy}")
    measure.write_measurement = write
    try:
        measure.measure_job(stage, job)
    finally:
        measure.write_measurement = real


def close_at_end(folder: Path, job: int) -> None:
    """Write a file at the end, whatever ends the job."""
    note(folder, job)
    try:
        time.sleep(600)
    finally:
        (folder / f"{job}-{os.getpid()}").write_text("closed")
