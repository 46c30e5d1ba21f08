"""The tracking store: its creation, its errors in one line, and the provenance of runs."""

import os
import shutil
import socket
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from cscsanet.errors import CscsanetError
from cscsanet.tracking import open_tracking
from cscsanet.tracking.provenance import provenance
from cscsanet.tracking.store import find_store


def _error(root: Path, experiment: str = "tests") -> str:
    with pytest.raises(CscsanetError) as caught:
        open_tracking(root, experiment)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_two_processes_at_once_create_one_store_quietly(creation: Any) -> None:
    assert [process.stderr for process in creation.processes] == [""] * 2
    assert [process.returncode for process in creation.processes] == [0] * 2
    assert len({process.stdout for process in creation.processes}) == 1
    assert creation.files == ["mlflow.db", "mlflow.db.lock"]


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("http://me:secret@127.0.0.1:1", "Connection refused"),
        ("postgresql://me:secret@127.0.0.1:1/runs", "Connection refused"),
        ("foo://somewhere", "unsupported URI"),
        ("./mlruns", "filesystem"),
        ("sqlite://", "in memory"),
        ("sqlite:////proc/none/mlflow.db", "No such file or directory"),
    ],
)
def test_a_store_out_of_reach_is_one_line_within_ten_seconds(
    uri: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    start = time.monotonic()
    message = _error(tmp_path)
    assert time.monotonic() - start < 10
    assert message.startswith(f"MLFLOW_TRACKING_URI={uri.replace('me:secret', '***')}: ")
    assert reason in message
    assert "unset MLFLOW_TRACKING_URI" in message
    assert "secret" not in message


def test_a_server_that_never_answers_is_one_line_within_ten_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        before = dict(os.environ)
        start = time.monotonic()
        message = _error(tmp_path)
        assert time.monotonic() - start < 10
    assert uri in message
    assert "timed out" in message
    assert {name for name in os.environ if "MLFLOW_HTTP" in name} == {
        name for name in before if "MLFLOW_HTTP" in name
    }


def test_the_address_of_another_database_is_used(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(root / "mlflow.db", tmp_path / "other.db")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///other.db")
    project = tmp_path / "project"
    project.mkdir()
    tracker = open_tracking(project, "elsewhere")
    assert tracker.store.uri == f"sqlite:///{tmp_path}/other.db"
    assert not (project / "mlflow.db").exists()
    with sqlite3.connect(tmp_path / "other.db") as database:
        names = {name for (name,) in database.execute("SELECT name FROM experiments")}
    assert "elsewhere" in names


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"no database at all" * 100, "file is not a database"), (b"", "no such table")],
)
def test_a_file_that_is_no_store_is_one_line(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(content)
    message = _error(tmp_path)
    assert message.startswith(f"{tmp_path / 'mlflow.db'}: ")
    assert reason in message
    assert "move it away" in message
    assert (tmp_path / "mlflow.db").read_bytes() == content


def test_a_damaged_store_is_one_line(root: Path, tmp_path: Path) -> None:
    whole = (root / "mlflow.db").read_bytes()
    (tmp_path / "mlflow.db").write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    assert "malformed" in _error(tmp_path)


@pytest.mark.parametrize(
    ("version", "remedy"),
    [("451aebb31d03", "mlflow db upgrade sqlite:///"), ("fffffffffff1", "upgrade mlflow")],
    ids=["older", "newer"],
)
def test_the_schema_of_another_mlflow_is_one_line(
    version: str, remedy: str, root: Path, tmp_path: Path
) -> None:
    shutil.copy(root / "mlflow.db", tmp_path / "mlflow.db")
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        database.execute("UPDATE alembic_version SET version_num = ?", (version,))
    message = _error(tmp_path)
    assert f"schema {version}" in message
    assert remedy in message


def test_a_deleted_experiment_is_one_line(root: Path) -> None:
    from mlflow import MlflowClient

    tracker = open_tracking(root, "deleted")
    MlflowClient(tracker.store.uri).delete_experiment(tracker.experiment_id)
    assert f"restore -x {tracker.experiment_id}" in _error(root, "deleted")


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "tracking store cannot be used" in _error(tmp_path / "file")


def test_provenance_distinguishes_sources_from_results(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=n", "-c", "user.email=e@example.com"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)

    assert "git_dirty" not in provenance(tmp_path)
    for name in ("source.py", "dvc.lock", "reports/rows.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    git("init")
    git("add", ".")
    git("commit", "-m", "one")
    clean = provenance(tmp_path)
    assert len(clean["mlflow.source.git.commit"]) == 40
    assert clean["git_dirty"] == "false"
    (tmp_path / "dvc.lock").write_text("2")
    (tmp_path / "reports/rows.csv").write_text("2")
    assert provenance(tmp_path) == clean
    (tmp_path / "source.py").write_text("2")
    assert provenance(tmp_path) == {**clean, "git_dirty": "true"}


@pytest.mark.parametrize(
    "uri",
    ["http://[::1", "https://host:port/x", "postgresql://u:secret@[/runs", "postgresql://u:a/secret@host/x"],
)
def test_what_is_no_address_is_one_line(uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(CscsanetError, match="the tracking store cannot be used") as caught:
        find_store(tmp_path)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("postgresql://me:se@cret@host:5432/runs", "postgresql://***@host:5432/runs"),
        ("http://me:secret@host", "http://***@host"),
        ("http:/me:secret@host", "http:***@host"),
        ("me:secret@host", "me:***@host"),
        ("http://me: \nsecret@host", "http://***@host"),
        ("http://host:5000/runs", "http://host:5000/runs"),
        ("sqlite:////tmp/a@b.db", "sqlite:////tmp/a%40b.db"),
        ("tokensecret@host", "***@host"),
    ],
)
def test_no_password_is_shown(uri: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert find_store(tmp_path).display_uri == shown
