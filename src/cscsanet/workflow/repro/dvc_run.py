"""`dvc repro` with the number of the stage and the time left, and without DVC's hints.

DVC runs in a process group of its own. Signals that end this program go to that group, so that a stage ends in order, which
DVC alone does not see to.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from cscsanet.errors import CscsanetError
from cscsanet.workflow.kept import RESTORED
from cscsanet.workflow.repro.expected import Remaining

_RUNS = re.compile(r"Running stage '(?P<stage>.+)':$")
_SKIPPED = re.compile(
    r"Stage '(?P<stage>.+)' (didn't change, skipping|is cached - skipping run, checking out outputs)$"
)
# DVC's hints on git, remotes and its settings, and what it writes about its lock file.
_HINTS = re.compile(
    r"(Updating|Generating) lock file '.*'|To track the changes with git, run:|\tgit add .*|Use `dvc push` .*|"
    r"To enable auto staging, run:|\tdvc config core\.autostage true|> python (stages|specialists)/.*|\s*"
)
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Reporter:
    """Turns what DVC and the stages print into lines with the number of the stage and the time left."""

    def __init__(
        self,
        total: int,
        remaining: Remaining,
        write: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """total: number of stages that DVC will name. write: takes a line. clock: in seconds."""
        self.total, self.remaining, self.write, self.clock = total, remaining, write, clock
        self.number = 0
        self.running: str | None = None
        self.started = 0.0

    def line(self, text: str) -> None:
        """Take one line of DVC's or of a stage's output."""
        if match := _RUNS.match(text):
            self._ended()
            self.number += 1
            self.running, self.started = stage_name(match["stage"]), self.clock()
            self.write(f"stage {self.number} of {self.total}: {self.running}, {self.remaining.text()}")
        elif match := _SKIPPED.match(text):
            self._ended()
            self.number += 1
            name = stage_name(match["stage"])
            self.remaining.skipped(name)
            self.write(f"stage {self.number} of {self.total}: {name} is up to date")
        elif self.running and text.endswith(")") and f": {RESTORED}" in text:
            self.remaining.skipped(self.running, restored=True)
            self.running = None
            self.write(text)
        elif not _HINTS.fullmatch(text):
            self.write(text)

    def _ended(self) -> None:
        """Note the time of the stage that ran before, if there was one."""
        if self.running:
            self.remaining.ran(self.running, self.clock() - self.started)
        self.running = None


def stage_name(address: str) -> str:
    """Return the name of a stage of DVC's address: `noma` of `stage3@noma`, `train` of `.../dvc.yaml:train`."""
    return address.rpartition(":")[2].rpartition("@")[2]


def repro(root: Path, targets: Sequence[str], reporter: Reporter) -> int:
    """Run `dvc repro` in a project, and return its exit code; 128 + the signal if one ended it.

    targets: stages or files of DVC; none: the whole pipeline.

    Raises:
        CscsanetError: there is no DVC.
    """
    environment = _environment()
    if shutil.which("dvc", path=environment["PATH"]) is None:
        raise CscsanetError("dvc: no such program; install the project first, with 'make install'")
    process = subprocess.Popen(
        ["dvc", "repro", *targets],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
        process_group=0,
    )
    with _forwarded(process) as received:
        assert process.stdout is not None
        # It ends when DVC and its stage have closed it, so also after a signal that DVC alone ended by.
        for line in _lines(process.stdout):
            reporter.line(line)
        code = process.wait()
    if received:
        return 128 + received[0]
    return code if code >= 0 else 128 - code


def _lines(stream: Iterable[str]) -> Iterator[str]:
    for line in stream:
        yield line.rstrip("\n")


def _environment() -> dict[str, str]:
    """Return the environment of DVC: this interpreter is the `python` of the stages, and prints at once."""
    folder, path = str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)
    if folder not in path.split(os.pathsep):
        path = os.pathsep.join([folder, path])
    return {**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1"}


@contextmanager
def _forwarded(process: "subprocess.Popen[str]") -> Iterator[list[int]]:
    """Pass signals on to the group of a process while the context is open. Yields the list of those that came."""
    received: list[int] = []

    def forward(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)

    before = {number: signal.signal(number, forward) for number in _SIGNALS}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
