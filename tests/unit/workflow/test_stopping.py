"""SIGTERM ends a stage in order: one line, its exit code, and never later than the grace period."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cscsanet.errors import Stopped
from cscsanet.workflow.stopping import EXIT_CODE, one_line_on_sigterm, sigterm_raises

SOURCE = Path(__file__).parents[3] / "src"
# A stage that waits in Python, or, with an argument, in a library that no signal interrupts.
STAGE = """
import hashlib, sys, time
from cscsanet.workflow.stopping import one_line_on_sigterm
with one_line_on_sigterm("stage.py", grace_seconds=2.0):
    try:
        print("begun", flush=True)
        if sys.argv[1:]:
            hashlib.pbkdf2_hmac("sha256", b"", b"", 100_000_000)
        time.sleep(30)
    finally:
        print("cleaned up", flush=True)
"""


def send() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def send_and_wait() -> None:
    send()
    time.sleep(5)


def test_the_first_sigterm_raises_and_later_ones_do_not_break_off_the_cleaning_up():
    before = signal.getsignal(signal.SIGTERM)
    cleaned = []

    def work() -> None:
        try:
            send_and_wait()
        finally:
            send()
            cleaned.append(True)

    with pytest.raises(Stopped), sigterm_raises(os.abort):
        work()
    assert cleaned
    assert signal.getsignal(signal.SIGTERM) is before


def test_work_that_holds_the_signal_up_is_ended_after_the_grace_period():
    ended = threading.Event()
    with sigterm_raises(ended.set, grace_seconds=0.2):
        try:
            send()
            time.sleep(5)
        except Stopped:
            pass
        assert ended.wait(5)


def test_nothing_ends_what_is_over_in_time():
    ended = threading.Event()
    with pytest.raises(Stopped), sigterm_raises(ended.set, grace_seconds=0.2):
        send_and_wait()
    assert not ended.wait(0.5)


def test_another_thread_changes_no_handler():
    seen = []

    def run() -> None:
        with sigterm_raises(os.abort):
            seen.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [before]


def test_it_is_one_line_and_exit_code_143(capsys):
    with pytest.raises(SystemExit) as left, one_line_on_sigterm("stage2.py physical"):
        send_and_wait()
    assert left.value.code == EXIT_CODE == 143
    assert capsys.readouterr().err == (
        "stage2.py physical: stopped by SIGTERM; run it again to go on with what is not done\n"
    )


@pytest.mark.parametrize(("how", "cleaned"), [((), True), (("deaf",), False)])
def test_a_process_ends_within_the_grace_period_even_in_a_library(how, cleaned):
    stage = subprocess.Popen(
        [sys.executable, "-c", STAGE, *how],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert stage.stdout.readline() == "begun\n"
    # Until it is in the library, which it enters at once.
    time.sleep(0.5)
    stage.send_signal(signal.SIGTERM)
    started = time.monotonic()
    out, err = stage.communicate(timeout=20)
    assert time.monotonic() - started < 5
    assert stage.returncode == EXIT_CODE
    assert err == "stage.py: stopped by SIGTERM; run it again to go on with what is not done\n"
    assert (out == "cleaned up\n") == cleaned
