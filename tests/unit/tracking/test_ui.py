"""MLflow's web interface: it serves the project's store, and every refusal is one line."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import signature
from pathlib import Path

import pytest
from mlflow import MlflowClient

from cscsanet.cli import project
from cscsanet.config.params import Params
from cscsanet.errors import CscsanetError
from cscsanet.tracking import open_tracking, serve_ui, ui

SERVE = """
import sys
from pathlib import Path
from cscsanet.tracking import serve_ui
raise SystemExit(serve_ui(Path(sys.argv[1]), "127.0.0.1", int(sys.argv[2])))
"""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def _served(root: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW")}
    # Tests that run in the background of a shell ignore Ctrl-C; the child must not.
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(root), str(port)],
        env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        deadline = time.monotonic() + 120
        while not _healthy(port):
            assert process.poll() is None, "the interface ended before it answered"
            assert time.monotonic() < deadline, "the interface did not answer within two minutes"
            time.sleep(0.2)
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(30)


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_the_interface_serves_the_store_until_interrupted(
    root: Path, params: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = _free_port()
    uri = f"http://127.0.0.1:{port}"
    (tmp_path / "note.txt").write_text("1")
    with _served(root, port) as process:
        # 127.0.0.1, and no other address of the machine.
        assert _listeners(port) == {"0100007F"}
        with pytest.raises(CscsanetError, match="Address already in use") as caught:
            serve_ui(root, "127.0.0.1", port)
        assert "\n" not in str(caught.value)

        # The server also accepts runs over HTTP, from another checkout.
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        tracker = open_tracking(tmp_path, "over http")
        with tracker.stage("joint", params, sections=[]) as run:
            run.log_epoch(1, {"loss": 1.0})
            run.log_dataset("scenes", "ab", "data/scenes", "training")
            run.log_artifact(tmp_path / "note.txt")
        with pytest.raises(CscsanetError, match=uri):
            serve_ui(tmp_path, "127.0.0.1", _free_port())
        cut_off = tracker.stage("evaluate", params, sections=[])
        unfinished = cut_off.__enter__()

        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert not _healthy(port)

    # A lost server is an error of one line, but never hides an error of the stage.
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(CscsanetError, match="Connection refused") as caught:
        unfinished.log_epoch(1, {"loss": 1.0})
    assert "\n" not in str(caught.value)
    error = ZeroDivisionError()
    assert not cut_off.__exit__(ZeroDivisionError, error, None)

    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    stored = MlflowClient(open_tracking(root, "over http").store.uri).get_run(run.run_id)
    assert stored.data.metrics == {"loss": 1.0}
    assert [path.read_text() for path in (root / "mlruns").rglob("note.txt")] == ["1"]
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.9.9.9", "::1"])
def test_an_address_of_this_machine_alone_needs_no_note(host: str) -> None:
    assert ui._is_loopback(host, 5000)


@pytest.mark.parametrize(
    ("host", "addresses"),
    [
        ("0.0.0.0", ["0.0.0.0"]),
        ("192.168.1.7", ["192.168.1.7"]),
        ("::", ["::"]),
        ("both.example", ["127.0.0.1", "10.0.0.1"]),
    ],
)
def test_an_address_that_others_may_reach_is_noted(
    host: str,
    addresses: list[str],
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    commands: list[list[str]] = []

    def start(command: list[str], **_: object) -> None:
        commands.append(command)
        raise KeyboardInterrupt

    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 5000)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr(ui, "_refuse_a_taken_port", lambda *_: None)
    monkeypatch.setattr(subprocess, "Popen", start)
    with pytest.raises(KeyboardInterrupt):
        serve_ui(root, host, 5000)
    printed = capsys.readouterr().err
    assert printed.startswith(f"note: http://{host}:5000: others on the network may read, change and delete")
    assert printed.count("\n") == 1
    assert commands[0][commands[0].index("--host") + 1] == host


def test_the_command_listens_on_this_machine_alone_by_default() -> None:
    assert signature(project.ui).parameters["host"].default == "127.0.0.1"


def _listeners(port: int) -> set[str]:
    """Return the addresses, as in /proc/net, at which some process listens on a port."""
    lines = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{name}").read_text().splitlines()
    ]
    return {
        line[1].split(":")[0] for line in lines if line[3] == "0A" and int(line[1].split(":")[1], 16) == port
    }


def test_nothing_tracked_yet_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CscsanetError, match="nothing has been tracked yet; run 'dvc repro' first"):
        serve_ui(tmp_path, "127.0.0.1", _free_port())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("host", "port"), [("256.1.1.1", 5000), ("127.0.0.1", 70000)])
def test_an_impossible_address_is_one_line(host: str, port: int, root: Path) -> None:
    with pytest.raises(CscsanetError, match=f"http://{host}:{port}: cannot be served there") as caught:
        serve_ui(root, host, port)
    assert "\n" not in str(caught.value)
