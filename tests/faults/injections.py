"""One function for each kind of fault: it befalls a copy of the finished project, and the outcome is judged."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from faults.damage import damage
from faults.judge import FILLER, Outcome, clear_line, contents, differences, is_partial, judge
from faults.plan import Fault, stages
from faults.processes import checkpoint, finish, kill_all, stage_process, start, wait_for, workers
from faults.servers import free_port, mlflow_server
from fixtures.files import remove
from fixtures.project import Project

from cscsanet.workflow.kept import FOLDER

LIBFAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
SECONDS_TO_STOP = 10.0  # that a scheduler leaves
TMPFS_MB = 512


@dataclass(frozen=True)
class Ground:
    """Where a fault happens.

    undisturbed: the finished project. unfinished: a copy in which one training was killed after its first epoch. other: the
    same with another seed. folder: for the copy that the fault may change. startup: of a stage, until it begins [s].
    """

    undisturbed: Project
    unfinished: Callable[[], Project]
    other: Callable[[], Project]
    folder: Path
    startup: float

    def copy(self) -> Project:
        """Return a copy of the finished project to break."""
        return self.undisturbed.copy_to(self.folder / "project")


def without_outputs(project: Project, command: str) -> None:
    """Remove what the stages make that a command runs, so that they make all of it."""
    shutil.rmtree(project.root / FOLDER, ignore_errors=True)
    for stage in stages(project.root):
        if stage.command == command or stage.address in command.split():
            for output in stage.outputs:
                remove(project.root / output)


def seconds_of(ground: Ground, command: str) -> float:
    """Return how long the stages of a command took in the undisturbed project, with the start of their processes."""
    total = 0.0
    for stage in stages(ground.undisturbed.root):
        if stage.command == command or stage.address in command.split():
            name = f"access/{stage.name}" if "specialists" in stage.command else stage.name
            times = next(ground.undisturbed.root.glob(f"reports/**/times/{name}.json"), None)
            total += ground.startup + (json.loads(times.read_text())["seconds"] if times else 0.0)
    return total


def has_begun(project: Project, command: str) -> bool:
    """Whether a training has its first checkpoint, or a stage that measures its first point."""
    measured = project.root / "data" / "measurements"
    return bool(list(measured.rglob("*.npz"))) if "measure" in command else checkpoint(project, "physical")


def kill(fault: Fault, ground: Ground) -> Outcome:
    """SIGKILL at a random moment. A stage that had ended by then is killed again, at half the time."""
    project = ground.copy()
    moment = float(fault.how.split()[1]) * seconds_of(ground, fault.target)
    while True:
        without_outputs(project, fault.target)
        process = start(project, fault.target)
        try:
            process.wait(moment)
            moment /= 2
        except subprocess.TimeoutExpired:
            break
        finally:
            kill_all(project)
            finish(process)
    return judge(project, ground.undisturbed.root, fault, {})


def unfinished(fault: Fault, ground: Ground) -> Outcome:
    """The state of a killed training is damaged before it is resumed."""
    project = ground.unfinished().copy_to(ground.folder / "project")
    (last,) = (project.root / "scratch" / "physical").glob("*/last.ckpt")
    other = None
    if "another seed" in fault.other:
        (other,) = (ground.other().root / "scratch" / "physical").glob("*/last.ckpt")
    elif fault.other:
        other = _foreign_checkpoint(ground.folder)
    damage(last.with_name(fault.target), fault.how, other)
    return judge(project, ground.undisturbed.root, fault, {})


def _foreign_checkpoint(folder: Path) -> Path:
    import torch

    path = folder / "foreign.ckpt"
    torch.save({"epoch": 0, "state_dict": {"layer.weight": torch.zeros(3)}}, path)
    return path


def corrupt(fault: Fault, ground: Ground) -> Outcome:
    """A file that stages read is damaged."""
    project = ground.copy()
    path = project.root / fault.target
    if path.is_dir():
        path = sorted(path.rglob("*.json"))[0]
    damage(path, fault.how, project.root / fault.other if fault.other else None)
    name = path.relative_to(project.root).as_posix()
    return judge(project, ground.undisturbed.root, fault, {name: contents(project.root).get(name, "")})


def rot(fault: Fault, ground: Ground) -> Outcome:
    """A bit changes on the disk, and neither size nor time of the file do: DVC takes the file for unchanged."""
    project = ground.copy()
    project.run(*fault.command.split())  # DVC notes size and time
    path = project.root / fault.target
    before = path.stat()
    damage(path, fault.how)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    done = project.run(*fault.command.split(), check=False)
    if done.returncode or not differences(project.root, ground.undisturbed.root):
        return Outcome("failure", "expected dvc repro to pass it over, and it did not: correct the plan")
    seen = [line for line in project.run("cscsanet", "why").stdout.splitlines() if "changed" in line]
    return (
        Outcome("limit", f"cscsanet why: {seen[0]}")
        if seen
        else Outcome("failure", "cscsanet why does not see it")
    )


@contextmanager
def small_disk(folder: Path, free: int) -> Iterator[None]:
    """Put a folder on a disk with so many bytes free. Skips where that is refused."""
    aside = folder.with_name(f"{folder.name}-aside")
    folder.rename(aside)
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_MB}m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mount is refused")
    try:
        shutil.copytree(aside, folder, dirs_exist_ok=True)
        room = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize - free
        with (folder / FILLER).open("wb") as filler:
            os.posix_fallocate(filler.fileno(), 0, room)
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        shutil.rmtree(aside)


def full_disk(fault: Fault, ground: Ground) -> Outcome:
    """A folder of the project is on a disk without room."""
    project = ground.copy()
    without_outputs(project, fault.command)
    free = int(fault.how.split()[0]) * 1000
    folder = project.root if fault.target == "." else project.root / fault.target
    with small_disk(folder, free):
        return judge(project, ground.undisturbed.root, fault, {})


def server(fault: Fault, ground: Ground) -> Outcome:
    """The tracking server is gone when a stage starts, or goes while it runs; then it is started again."""
    project = ground.copy()
    without_outputs(project, fault.target)
    port, folder = free_port(), ground.folder / "server"
    variables = {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
    if "before" in fault.how:
        done = finish(start(project, fault.target, **variables))
    else:
        with mlflow_server(folder, port) as running:
            process = start(project, fault.target, **variables)
            if not wait_for(lambda: has_begun(project, fault.target), process):
                return Outcome("failure", "it ended before its server could be stopped")
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
            done = finish(process)
    said = clear_line(done)
    if said is None or f"127.0.0.1:{port}" not in said:
        return Outcome("failure", f"no clear line: exit code {done.returncode}, {done.stderr[-500:]}")
    with mlflow_server(folder, port):
        after = judge(project, ground.undisturbed.root, fault, {}, **variables)
    return Outcome("refused", said.replace(str(port), "PORT")) if after.verdict == "recovered" else after


def at_once(fault: Fault, ground: Ground) -> Outcome:
    """The same command twice at the same time: one goes on, the other is refused or has nothing to do."""
    project = ground.copy()
    without_outputs(project, fault.target)
    both = [finish(process) for process in [start(project, fault.target), start(project, fault.target)]]
    refused = [done for done in both if done.returncode]
    lines = [clear_line(done) for done in refused]
    if len(refused) == 2 or None in lines:
        return Outcome("failure", "; ".join(done.stderr[-300:] for done in refused))
    after = judge(project, ground.undisturbed.root, fault, {})
    return Outcome("refused", lines[0] or "") if lines and after.verdict == "recovered" else after


def clock(fault: Fault, ground: Ground) -> Outcome:
    """The clock jumps back, by libfaketime. Durations are of another clock, which does not."""
    if not LIBFAKETIME.exists():
        pytest.skip("no libfaketime (Debian's package faketime)")
    back = "-3650d" if "ten years" in fault.how else "-1d"
    if "resumes" in fault.how:
        project = ground.unfinished().copy_to(ground.folder / "project")
    else:
        project = ground.copy()
        without_outputs(project, fault.target)
    shift = ground.folder / "shift"
    shift.write_text("+0" if "epoch" in fault.how else back)
    variables = {
        "LD_PRELOAD": str(LIBFAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(shift),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    process = start(project, fault.target, real=True, **variables)
    if "epoch" in fault.how and wait_for(lambda: checkpoint(project, "physical"), process):
        shift.write_text(back)
    done = finish(process)
    if done.returncode:
        return Outcome("failure", done.stderr[-600:])
    unequal = differences(project.root, ground.undisturbed.root)
    return Outcome("failure", "; ".join(unequal[:3])) if unequal else Outcome("recovered")


def sigterm(fault: Fault, ground: Ground) -> Outcome:
    """SIGTERM, as before SIGKILL by a scheduler: the stage ends within its grace period, and closes its run."""
    project = ground.copy()
    without_outputs(project, fault.target)
    if "two workers" in fault.how:
        project.edit_params("\nthreads: 1 ", "\nthreads: 2 ")
    earlier = unfinished_runs(project)
    process = start(project, fault.target, real="dvc" in fault.target)
    if "epoch" in fault.how or "workers" in fault.how:
        caught = wait_for(lambda: has_begun(project, fault.target), process)
    else:
        time.sleep(float(fault.how.split()[1]) * seconds_of(ground, fault.target))
        caught = process.poll() is None
    works_in = stage_process(project, process)
    sent = time.monotonic()
    with suppress(ProcessLookupError):
        if "group" in fault.how:
            os.killpg(process.pid, signal.SIGTERM)
        else:
            os.kill(works_in, signal.SIGTERM)
    done = finish(process)
    # Before its script begins, a process ends at once and has written nothing.
    at_once = -signal.SIGTERM if works_in == process.pid else 1
    begun = caught and (done.returncode, done.stderr) != (at_once, "")
    wrong = []
    if time.monotonic() - sent > SECONDS_TO_STOP:
        wrong.append(f"it took {time.monotonic() - sent:.1f} s to end")
    if "dvc" in fault.target:
        # DVC ends before its stage does.
        time.sleep(SECONDS_TO_STOP)
    elif begun and (done.returncode != 143 or clear_line(done) is None):
        wrong.append(f"exit code {done.returncode}: {done.stderr[-400:]}")
    if workers(project):
        wrong.append("a worker runs on")
    if any(is_partial(name) for name in contents(project.root)):
        wrong.append("a partial file is left")
    if caught:
        ended = unfinished_runs(project).items() - earlier.items()
        wrong += [f"its run is {status}" for _, status in ended if status != "KILLED"]
    if wrong:
        return Outcome("failure", "; ".join(wrong))
    if "two workers" in fault.how:
        project.edit_params("\nthreads: 2 ", "\nthreads: 1 ")
    after = judge(project, ground.undisturbed.root, fault, {})
    said = clear_line(done) if begun else "it had ended" if not caught else "ended before its script began"
    return Outcome("refused", said or "") if after.verdict == "recovered" else after


def unfinished_runs(project: Project) -> dict[str, str]:
    """Return the runs in the project's store that did not finish, and their states."""
    with closing(sqlite3.connect(project.root / "mlflow.db")) as store:
        return dict(store.execute("SELECT run_uuid, status FROM runs WHERE status != 'FINISHED'").fetchall())


def worker(fault: Fault, ground: Ground) -> Outcome:
    """One of two processes of a stage is killed, as for want of memory."""
    project = ground.copy()
    without_outputs(project, fault.target)
    project.edit_params("\nthreads: 1 ", "\nthreads: 2 ")
    process = start(project, fault.target)
    wait_for(lambda: has_begun(project, fault.target), process)
    os.kill(workers(project)[0], signal.SIGKILL)
    done = finish(process)
    project.edit_params("\nthreads: 2 ", "\nthreads: 1 ")
    if done.returncode == 0:
        # Its job began again.
        unequal = differences(project.root, ground.undisturbed.root)
        return Outcome("failure", "; ".join(unequal[:3])) if unequal else Outcome("recovered")
    said = clear_line(done)
    if said is None:
        return Outcome("failure", f"no clear line: exit code {done.returncode}, {done.stderr[-500:]}")
    after = judge(project, ground.undisturbed.root, replace(fault, command=fault.target), {})
    return Outcome("refused", said) if after.verdict == "recovered" else after


INJECTIONS: Mapping[str, Callable[[Fault, Ground], Outcome]] = {
    "kill": kill,
    "kill_group": kill,
    "unfinished": unfinished,
    "corrupt": corrupt,
    "rot": rot,
    "full_disk": full_disk,
    "server": server,
    "at_once": at_once,
    "clock": clock,
    "sigterm": sigterm,
    "worker": worker,
}


def inject(fault: Fault, ground: Ground) -> Outcome:
    """Let a fault happen, and judge what comes of it."""
    return INJECTIONS[fault.kind](fault, ground)
