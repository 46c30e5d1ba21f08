"""SIGTERM, as a scheduler sends it before it takes the machine: a stage ends in order, within seconds.

The handler raises `Stopped` where the program is, so that partial files are removed and the MLflow
run is closed. A long call into a library can delay that, so a thread ends the process at the latest
after the grace period.
"""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from cscsanet.errors import Stopped

GRACE_SECONDS = 9.0  # schedulers give 10 s or more before SIGKILL
EXIT_CODE = 128 + signal.SIGTERM
SILENT = "CSCSANET_STARTED_BY_A_STAGE"  # in the environment of processes for which another speaks
# Lightning has a handler beside ours, which tells the same.
_LIGHTNING = "lightning.pytorch.trainer.connectors.signal_connector"


@contextmanager
def one_line_on_sigterm(what: str, grace_seconds: float = GRACE_SECONDS) -> Iterator[None]:
    """End the process on SIGTERM with a line on standard error and exit code 143.

    what: the stage. grace_seconds: after which it ends in any case [s].
    """
    line = f"{what}: stopped by SIGTERM; run it again to go on with what is not done"

    def say() -> None:
        if SILENT not in os.environ:
            print(line, file=sys.stderr, flush=True)

    def end() -> NoReturn:
        say()
        os._exit(EXIT_CODE)

    try:
        with sigterm_raises(end, grace_seconds):
            yield
    except Stopped:
        say()
        raise SystemExit(EXIT_CODE) from None


@contextmanager
def sigterm_raises(end: Callable[[], NoReturn], grace_seconds: float = GRACE_SECONDS) -> Iterator[None]:
    """Raise `Stopped` in the main thread on the first SIGTERM; later ones have no effect.

    In another thread than the main one nothing is changed, since signals only reach that.

    end: ends the process; called if the context is still open so long after the signal.

    Raises:
        Stopped: SIGTERM came.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    logging.getLogger(_LIGHTNING).setLevel(logging.WARNING)
    came = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        # Whoever sends a second one would break off the cleaning up after the first.
        if not came.is_set():
            came.set()
            raise Stopped

    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(reading, over, grace_seconds, end), daemon=True)
    watch.start()
    handler = signal.signal(signal.SIGTERM, stop)
    # The system writes here at once; the handler has to wait until a library returns.
    wakeup = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        yield
    finally:
        over.set()
        signal.set_wakeup_fd(wakeup)
        signal.signal(signal.SIGTERM, handler)
        os.close(writing)
        watch.join()
        os.close(reading)


def _watch(reading: int, over: threading.Event, grace_seconds: float, end: Callable[[], NoReturn]) -> None:
    """Wait for SIGTERM, and call `end` if the context is still open after the grace period."""
    while number := os.read(reading, 1):
        if number[0] == signal.SIGTERM:
            if not over.wait(grace_seconds):
                end()
            return
