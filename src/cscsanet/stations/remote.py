"""Stations in separate processes; each loads only its own units, with ONNX Runtime and without PyTorch.

    simulator: the channel <-- pipes: samples at antennas, packed bits --> UE rgb | UE thermal | BS

The processes share no memory. Weights, channel semantics and beams stay in the process that computes
them. Images go to the UEs, and class logits come from the BS. Besides what the air and the feedback carry,
four quantities leave a station for the simulation alone: the streams, which are plotted; the combined
samples, which the simulator adds noise to; the combiner, which colours that noise; and the precoders, of which the
spectral efficiency is computed.
"""

import multiprocessing
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, TypeVar, cast

from cscsanet.errors import CscsanetError

_END_TIMEOUT_S = 5.0

Station = TypeVar("Station")


class Process:
    """A station in another process, which answers one request at a time."""

    def __init__(self, name: str, load: Callable[..., Any], arguments: Sequence[Any]) -> None:
        """Start the process; name: of the station in messages; load(*arguments): returns the station."""
        # A fresh interpreter: a fork would inherit all that this process holds.
        context = multiprocessing.get_context("spawn")
        self.name = name
        self._pipe, child_pipe = context.Pipe()
        self._process = context.Process(target=_serve, args=(child_pipe, load, arguments), daemon=True)
        with _ignore_interrupts():
            self._process.start()
        child_pipe.close()

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.is_alive()

    def ask(self, attribute: str, *arguments: Any) -> Any:
        """Return a property of the station, or the result of a method.

        The attribute "modules" names the top-level modules that the process has imported.

        Raises:
            CscsanetError: the station raised it, or its process ended.
        """
        try:
            self._pipe.send((attribute, arguments))
            failure, answer = self._pipe.recv()
        except (EOFError, OSError):
            self._process.join(_END_TIMEOUT_S)
            raise CscsanetError(
                f"station {self.name}: its process ended with {self._process.exitcode}; start it again"
            ) from None
        if failure == "user":
            raise CscsanetError(answer)
        if failure:
            raise RuntimeError(f"station {self.name}:\n{answer}")
        return answer

    def kill(self) -> None:
        """Kill the process at once."""
        self._process.kill()

    def end(self) -> None:
        """Close the pipe, which ends the process; kill it if it does not end in time."""
        self._pipe.close()
        self._process.join(_END_TIMEOUT_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


class _RemoteStation:
    """A proxy that forwards every method and property of a station class to its process."""

    def __init__(self, process: Process, station_class: type) -> None:
        self.process = process
        self._class = station_class

    def __getattr__(self, name: str) -> Any:
        # Only reached by names that the proxy does not have itself.
        if callable(getattr(self._class, name)):
            return partial(self.process.ask, name)
        return self.process.ask(name)


def remote_station(process: Process, station_class: type[Station]) -> Station:
    """Return a proxy with the methods and properties of a station class, which its process computes."""
    return cast(Station, _RemoteStation(process, station_class))


@contextmanager
def running_process(name: str, load: Callable[..., Any], *arguments: Any) -> Iterator[Process]:
    """Start the process of a station, and end it at the end of the context; arguments as for `Process`."""
    process = Process(name, load, arguments)
    try:
        yield process
    finally:
        process.end()


@contextmanager
def _ignore_interrupts() -> Iterator[None]:
    """Start processes that ignore Ctrl-C: they end when their pipe closes, and the parent reports."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _serve(pipe: Connection, load: Callable[..., Any], arguments: Sequence[Any]) -> None:
    """Load a station at once, and answer requests until the pipe closes."""
    failure, station = loaded = _outcome(lambda: load(*arguments))
    with suppress(EOFError, OSError):
        while True:
            attribute, values = pipe.recv()
            pipe.send(loaded if failure else _outcome(partial(_answer, station, attribute, values)))


def _outcome(call: Callable[[], Any]) -> tuple[str | None, Any]:
    """Return the kind of failure (None: no failure), and the result or the message."""
    try:
        return None, call()
    except CscsanetError as error:
        return "user", str(error)
    # The parent must learn of any bug in the station.
    except Exception:
        return "bug", traceback.format_exc()


def _answer(station: Any, attribute: str, arguments: Sequence[Any]) -> Any:
    if attribute == "modules":
        return sorted({name.partition(".")[0] for name in sys.modules})
    value = getattr(station, attribute)
    return value(*arguments) if callable(value) else value
