"""Processes that a fault befalls: started in a group of their own, with the real interpreter."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from fixtures.project import Project

SECONDS_AT_MOST = 900.0


def start(project: Project, command: str, **variables: str) -> "subprocess.Popen[str]":
    """Start a command of a user; its Python is this one, not a fork of a server."""
    words = shlex.split(command)
    environment = Project(project.root).environment(**variables)
    if words[0] == "python":
        words[0] = sys.executable
    elif words[0] == "dvc":
        words = [sys.executable, "-m", *words]
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    return subprocess.Popen(
        words,
        cwd=project.root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def kill_group(process: "subprocess.Popen[str]", number: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to a process and all of its group."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def finish(process: "subprocess.Popen[str]") -> "subprocess.CompletedProcess[str]":
    """Wait for a process, and return what it printed."""
    out, err = process.communicate(timeout=SECONDS_AT_MOST)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def wait_for(condition: Callable[[], object], process: "subprocess.Popen[str]") -> bool:
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


def children(process: int) -> list[int]:
    """Return the processes that one process started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == process:
            found.append(int(stat.parent.name))
    return found


def is_worker(process: int) -> bool:
    """Whether a process is a spawned worker that runs."""
    try:
        return b"spawn_main" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False
