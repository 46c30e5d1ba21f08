"""The stations of a scheme, each in a process of its own that loads its own units and nothing else, without PyTorch.

    this process: the air            samples at antennas, packed bits             UE rgb | UE thermal | BS
                             <-- pipes, one for each station; nothing shared -->

Weights, channel semantics and beams stay where they are computed. An image goes to its UE, class logits come from the BS. Beside
what air and feedback carry, three things come out for this simulation alone: streams, for the picture of them, the received block
before it is read, and the combiner, which the noise at the antennas is coloured by.
"""

import multiprocessing
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from cscsanet.deployment.chain import Chain
from cscsanet.deployment.contract import MODALITIES, UnitInfo
from cscsanet.deployment.session import Array
from cscsanet.deployment.stations import Packed, load_bs, load_ue
from cscsanet.errors import CscsanetError
from cscsanet.points import OperatingPoint

_GOODBYE_S = 5.0


@contextmanager
def running_chain(folder: Path, scheme: str, threads: int = 1) -> Iterator[Chain]:
    """Start the stations of a scheme, a process for each, and end them at the end.

    threads: of each. The chain transmits as one of `load_chain` does, to the bit.

    Raises:
        CscsanetError: as `load_chain`; or a station ended by itself.
    """
    with ExitStack() as running:
        # All are started before the first is waited for: most of a start is imports.
        ues = [
            running.enter_context(_process(f"UE {name}", load_ue, folder, name, scheme, threads))
            for name in MODALITIES
        ]
        bs = running.enter_context(_process("BS", load_bs, folder, scheme, threads))
        yield Chain([RemoteUe(ue) for ue in ues], RemoteBs(bs), folder)


class Process:
    """One station elsewhere: asked by name, one question at a time."""

    def __init__(self, name: str, load: Callable[..., Any], arguments: Sequence[Any]) -> None:
        # A fresh interpreter, not a copy of this one with all that it holds.
        context = multiprocessing.get_context("spawn")
        self.name = name
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, load, arguments), daemon=True)
        with _uninterrupted():
            self._process.start()
        theirs.close()

    def ask(self, what: str, *arguments: Any) -> Any:
        """Return what a method or a property of the station gives.

        Raises:
            CscsanetError: the station raised it, or is gone.
        """
        try:
            self._pipe.send((what, arguments))
            failed, answer = self._pipe.recv()
        except (EOFError, OSError):
            self._process.join(_GOODBYE_S)
            raise CscsanetError(
                f"station {self.name}: its process ended with {self._process.exitcode}; start it again"
            ) from None
        if failed == "user":
            raise CscsanetError(answer)
        if failed:
            raise RuntimeError(f"station {self.name}:\n{answer}")
        return answer

    def end(self) -> None:
        """End the process, kindly first."""
        self._pipe.close()
        self._process.join(_GOODBYE_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


class _Remote:
    def __init__(self, process: Process) -> None:
        self.process = process

    @property
    def info(self) -> UnitInfo:
        """What its units say of themselves."""
        told: UnitInfo = self.process.ask("info")
        return told


class RemoteUe(_Remote):
    """A UE in another process; see `stations.UeStation`."""

    def observe(self, antennas: Array, point: OperatingPoint) -> Packed:
        """Samples at its antennas -> feedback."""
        bits: Packed = self.process.ask("observe", antennas, point)
        return bits

    def streams(self, image: Array, point: OperatingPoint) -> Array:
        """Image -> streams."""
        answer: Array = self.process.ask("streams", image, point)
        return answer

    def radiate(self, streams: Array) -> Array:
        """Streams -> samples at its antennas."""
        answer: Array = self.process.ask("radiate", streams)
        return answer


class RemoteBs(_Remote):
    """The base station in another process; see `stations.BsStation`."""

    @property
    def combiner(self) -> Array:
        """W_RF, as last set."""
        answer: Array = self.process.ask("combiner")
        return answer

    def sound(self, point: OperatingPoint) -> Array:
        """CSI-RS at its antennas."""
        answer: Array = self.process.ask("sound", point)
        return answer

    def set_beams(self, feedback: Sequence[Packed], point: OperatingPoint) -> None:
        """Feedback -> beams."""
        self.process.ask("set_beams", feedback, point)

    def combine(self, antennas: Array) -> Array:
        """Samples at its antennas -> Y_BB."""
        answer: Array = self.process.ask("combine", antennas)
        return answer

    def receive(self, received: Array) -> Array:
        """Y_BB -> class logits."""
        answer: Array = self.process.ask("receive", received)
        return answer


@contextmanager
def _process(name: str, load: Callable[..., Any], *arguments: Any) -> Iterator[Process]:
    process = Process(name, load, arguments)
    try:
        yield process
    finally:
        process.end()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """What is started here does not hear Ctrl-C: it ends when its pipe does, and leaves the last word to who started it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _serve(pipe: Connection, load: Callable[..., Any], arguments: Sequence[Any]) -> None:
    """Load a station at once, and answer for it until nobody asks any more."""
    station = _outcome(lambda: load(*arguments))
    with suppress(EOFError, OSError):
        while True:
            what, given = pipe.recv()
            failed, found = station
            pipe.send(station if failed else _outcome(partial(_answer, found, what, given)))


def _outcome(call: Callable[[], Any]) -> tuple[str | None, Any]:
    """Return how a call failed, None for not at all, and what it gave or said."""
    try:
        return None, call()
    except CscsanetError as error:
        return "user", str(error)
    # A bug in there must be told out here, whatever it is.
    except Exception:
        return "bug", traceback.format_exc()


def _answer(station: Any, what: str, given: Sequence[Any]) -> Any:
    if what == "modules":
        return sorted({name.partition(".")[0] for name in sys.modules})
    found = getattr(station, what)
    return found(*given) if callable(found) else found
