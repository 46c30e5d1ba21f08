"""Channels from the command line: their sizes are said before and after, and a disk that is too small is refused."""

from collections import namedtuple

import pytest
import typer.testing

from cscsanet.channel import response_file
from cscsanet.cli import app
from cscsanet.config.params import profile_text
from cscsanet.files import size_text


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(profile_text("smoke"))

    def call(*words: str) -> typer.testing.Result:
        return typer.testing.CliRunner().invoke(app, words)

    return call


def test_the_size_is_said_before_and_after(run, tmp_path):
    drawn = run("channel", "draw", "--count", "5", "--seed", "1", "--out", "drops")
    size = sum(path.stat().st_size for path in (tmp_path / "drops").iterdir())
    assert drawn.stdout.strip() == f"drops: 5 drops, seed 1, {size_text(size)}"
    done = run("channel", "response", "drops", "--symbols", "0:3", "--out", "H.npy")
    # 5 drops x 2 UEs x 3 symbols x 16 subcarriers x 64 x 8 antennas x 8 bytes.
    assert "note: H.npy: takes 2 MB" in done.stderr
    assert done.stdout.strip() == "H.npy: written, 2 MB"
    assert (tmp_path / "H.npy").stat().st_size == 5 * 2 * 3 * 16 * 64 * 8 * 8 + 128


def test_a_disk_that_is_too_small_is_refused_before_a_byte_is_written(run, tmp_path, monkeypatch):
    run("channel", "draw", "--count", "5", "--seed", "1", "--out", "drops")
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(response_file.shutil, "disk_usage", lambda _: usage(1_000_000))
    done = run("channel", "response", "drops", "--symbols", "0:3", "--out", "H.npy")
    assert "H.npy: needs 2 MB, but only 1 MB are free" in str(done.exception)
    assert not (tmp_path / "H.npy").exists()


@pytest.mark.parametrize(
    ("count", "text"), [(1, "1 kB"), (471_859_328, "472 MB"), (1e9, "1.0 GB"), (12_400, "12 kB")]
)
def test_sizes_are_short(count, text):
    assert size_text(count) == text
