"""Processes that a fault befalls.

Where a server of forks runs (`fixtures/fork_server`), a stage is a fork that has the large libraries already, so that a fault
meets its work and not its imports. It is a process like any other, and the signals go to it.
"""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from fixtures.project import Project

SECONDS_AT_MOST = 900.0
Process = subprocess.Popen[str]


def start(project: Project, command: str, *, real: bool = False, **variables: str) -> Process:
    """Start a command of a user in the project. real: with the interpreter, and no fork."""
    words = shlex.split(command)
    environment = (Project(project.root) if real else project).environment(**variables)
    environment["PATH"] = f"{environment['PATH']}{os.pathsep}{Path(sys.executable).parent}"
    return subprocess.Popen(
        words,
        cwd=project.root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def members(project: Project) -> list[int]:
    """Return the processes whose folder is the project's."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").readlink() == project.root.resolve():
                found.append(int(process.name))
    return found


def kill_all(project: Project) -> None:
    """Send SIGKILL to every process of the project, the stage first."""
    for process in sorted(members(project), reverse=True):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def stage_process(project: Project, process: Process) -> int:
    """Return the process that does the work of a stage: the fork, where the command is one."""
    forks = [each for each in members(project) if b"fixtures.fork_server" in words_of(each)]
    return forks[0] if forks else process.pid


def workers(project: Project) -> list[int]:
    """Return the spawned workers of the stage that runs."""
    return [each for each in members(project) if b"spawn_main" in words_of(each)]


def words_of(process: int) -> bytes:
    """Return the command line of a process; empty if it ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def finish(process: Process) -> "subprocess.CompletedProcess[str]":
    """Wait for a process, and return what it printed."""
    out, err = process.communicate(timeout=SECONDS_AT_MOST)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def wait_for(condition: Callable[[], object], process: Process) -> bool:
    """Wait until a condition holds; return whether it did before the process ended."""
    deadline = time.monotonic() + SECONDS_AT_MOST
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            return bool(condition())
        time.sleep(0.01)
    return True


def checkpoint(project: Project, training: str) -> bool:
    """Whether a training has its first checkpoint to resume from."""
    return bool(list((project.root / "scratch" / training).glob("*/last.ckpt")))
