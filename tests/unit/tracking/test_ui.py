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
from pathlib import Path

import pytest
from mlflow import MlflowClient

from cscsanet.config.params import Params
from cscsanet.errors import CscsanetError
from cscsanet.tracking import open_tracking, serve_ui

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


def test_nothing_tracked_yet_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CscsanetError, match="nothing has been tracked yet; run 'dvc repro' first"):
        serve_ui(tmp_path, "127.0.0.1", _free_port())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("host", "port"), [("256.1.1.1", 5000), ("127.0.0.1", 70000)])
def test_an_impossible_address_is_one_line(host: str, port: int, root: Path) -> None:
    with pytest.raises(CscsanetError, match=f"http://{host}:{port}: cannot be served there") as caught:
        serve_ui(root, host, port)
    assert "\n" not in str(caught.value)
