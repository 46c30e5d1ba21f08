"""MLflow's web interface for the project's store."""

import ipaddress
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from cscsanet.errors import CscsanetError, print_notes
from cscsanet.tracking.store import Store, find_store, quieten_mlflow

SECONDS_TO_STOP = 10


def serve_ui(root: Path, host: str, port: int) -> int:
    """Serve MLflow's web interface at host:port until interrupted; return 0 then.

    A note warns of an address that other machines may reach: the interface asks for no password.

    Raises:
        CscsanetError: MLFLOW_TRACKING_URI names a server, which has a web interface itself; nothing
        has been tracked yet; the store cannot be used; the address is in use; or the interface
        failed.
    """
    store = find_store(root)
    if store.is_server:
        raise CscsanetError(
            f"MLFLOW_TRACKING_URI={store.display_uri}: the runs are on that server, which shows them itself; "
            f"open that address, or unset MLFLOW_TRACKING_URI to see the project's own store"
        )
    store.check()
    _refuse_a_taken_port(host, port)
    if not _is_loopback(host, port):
        print_notes(
            [
                f"http://{host}:{port}: others on the network may read, change and delete the runs, since MLflow asks for no "
                f"password; leave out --host to serve this machine alone, and reach it from another by 'ssh -L'"
            ]
        )
    # Without workflowType MLflow opens its pages for language models.
    print(f"Runs: http://{host}:{port}/#/experiments?workflowType=machine_learning (Ctrl-C ends)", flush=True)
    server = subprocess.Popen(_command(store, host, port), env=_environment(), start_new_session=True)
    try:
        with _termination_as_interrupt():
            status = server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        _stop(server)
    # The exit code does not matter: MLflow returns 0 even if its server failed.
    raise CscsanetError(
        f"http://{host}:{port}: MLflow's web interface ended by itself (exit code {status}); its output says why"
    )


def _command(store: Store, host: str, port: int) -> list[str]:
    options = {
        "--backend-store-uri": store.uri,
        "--artifacts-destination": store.artifacts.as_uri(),
        "--host": host,
        "--port": str(port),
        "--workers": "1",
        "--uvicorn-opts": "--no-access-log",
    }
    return [sys.executable, "-m", "mlflow", "server", *(word for pair in options.items() for word in pair)]


def _environment() -> dict[str, str]:
    quieten_mlflow()
    # MLflow's job execution, for the evaluation of language models, would start four processes.
    return {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", **os.environ}


def _refuse_a_taken_port(host: str, port: int) -> None:
    try:
        # The resolver would take larger ports modulo 65536.
        if not 0 < port < 65536:
            raise OSError(f"port {port} is not in 1..65535")
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # As the server does: a port in TIME_WAIT is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CscsanetError(
            f"http://{host}:{port}: cannot be served there ({reason}); choose another port or host"
        ) from None


def _is_loopback(host: str, port: int) -> bool:
    """Whether every address that a name stands for is one of this machine alone."""
    addresses = {str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    return all(ipaddress.ip_address(address.partition("%")[0]).is_loopback for address in addresses)


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    # The server is a separate process group, and would keep running after a SIGTERM to this
    # process.
    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(server: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, number)
            server.wait(SECONDS_TO_STOP)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
