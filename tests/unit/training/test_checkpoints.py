"""Checkpoints: what is read is what was written, no code in a file is run, and every changed value is noticed."""

import errno
import os
import random
from pathlib import Path

import pytest
import torch
from fixtures.fitting import RECIPE, Line, NoLog, params

from cscsanet.errors import CscsanetError
from cscsanet.training.checkpoints import (
    DigestedCheckpoints,
    UnusableCheckpointError,
    content_digest,
    read_checkpoint,
)
from cscsanet.training.fit import fit


class Runs:
    """Runs a command when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.mkdir, (self.path,)


def test_a_checkpoint_is_read_as_it_was_written(tmp_path):
    content = {
        "epoch": 3,
        "weights": {"a": torch.arange(3.0), "b": torch.tensor(True)},
        "rows": [{"x_y": 0.5}],
    }
    DigestedCheckpoints("key").save_checkpoint(content, tmp_path / "a.ckpt")
    read = read_checkpoint(tmp_path / "a.ckpt", "key")
    assert read["epoch"] == 3
    assert read["rows"] == content["rows"]
    assert torch.equal(read["weights"]["a"], content["weights"]["a"])


def test_no_code_in_a_checkpoint_is_run(tmp_path):
    torch.save({"epoch": 0, "state": Runs(tmp_path / "ran")}, tmp_path / "last.ckpt")
    with pytest.raises(CscsanetError, match=r"last\.ckpt: not a checkpoint, or damaged; remove it"):
        read_checkpoint(tmp_path / "last.ckpt", "key")
    assert not (tmp_path / "ran").exists()


def test_a_resumed_training_runs_no_code_of_its_checkpoint(tmp_path, capsys):
    expected = fit(Line(params()), RECIPE, tmp_path / "whole", NoLog(), progress=False)
    scratch = tmp_path / "scratch"
    fit(Line(params(epochs=2)), RECIPE, scratch, NoLog(), progress=False)
    state = torch.load(scratch / "last.ckpt", weights_only=True)
    torch.save({**state, "more": Runs(tmp_path / "ran")}, scratch / "last.ckpt")
    assert fit(Line(params()), RECIPE, scratch, NoLog(), progress=False) == expected
    assert "the training starts anew" in capsys.readouterr().err
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["last.ckpt", "best.ckpt"])
def test_a_flipped_byte_is_noticed_or_changes_nothing(name, tmp_path, capsys):
    fit(Line(params()), RECIPE, tmp_path, NoLog(), progress=False)
    path = tmp_path / name
    content, whole = path.read_bytes(), read_checkpoint(path, tmp_path.name)
    source, noticed = random.Random(1), 0
    for _ in range(300):
        place = source.randrange(len(content))
        path.write_bytes(
            content[:place] + bytes([content[place] ^ 1 << source.randrange(8)]) + content[place + 1 :]
        )
        try:
            read = read_checkpoint(path, tmp_path.name)
        except CscsanetError:
            noticed += 1
        else:
            assert content_digest(read) == content_digest(whole)
    assert noticed > 50


@pytest.mark.parametrize(
    "change", [{"a": torch.ones(2)}, {"a": torch.zeros(2, 1)}, {"a": [0.0, 0.0]}, {"b": torch.zeros(2)}]
)
def test_contents_that_differ_have_other_digests(change):
    assert content_digest(change) != content_digest({"a": torch.zeros(2)})


def test_a_checkpoint_of_another_training_is_not_resumed(tmp_path, capsys):
    expected = fit(Line(params()), RECIPE, tmp_path / "whole", NoLog(), progress=False)
    fit(Line(params(epochs=2, learning_rate=0.2)), RECIPE, tmp_path / "other", NoLog(), progress=False)
    (tmp_path / "mine").mkdir()
    for name in ("last.ckpt", "best.ckpt"):
        (tmp_path / "mine" / name).write_bytes((tmp_path / "other" / name).read_bytes())
    assert fit(Line(params()), RECIPE, tmp_path / "mine", NoLog(), progress=False) == expected
    assert "last.ckpt: of another training; the training starts anew" in capsys.readouterr().err


@pytest.mark.parametrize("share", [0, 1, 10, 25, 50, 90, 99])
def test_a_checkpoint_that_is_cut_off_is_damaged_wherever_it_ends(share, tmp_path):
    DigestedCheckpoints("key").save_checkpoint({"weights": torch.arange(9999.0)}, tmp_path / "a.ckpt")
    content = (tmp_path / "a.ckpt").read_bytes()
    (tmp_path / "a.ckpt").write_bytes(content[: len(content) * share // 100])
    with pytest.raises(UnusableCheckpointError):
        read_checkpoint(tmp_path / "a.ckpt", "key")


@pytest.mark.parametrize("error", [OSError(errno.ENFILE, os.strerror(errno.ENFILE)), MemoryError()])
def test_a_checkpoint_that_cannot_be_read_now_is_kept(error, tmp_path, monkeypatch):
    fit(Line(params(epochs=2)), RECIPE, tmp_path, NoLog(), progress=False)

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(torch, "load", fail)
    with pytest.raises(CscsanetError, match=r"last\.ckpt: cannot be read now .*; run it again"):
        fit(Line(params()), RECIPE, tmp_path, NoLog(), progress=False)
    assert (tmp_path / "last.ckpt").exists()


def test_a_log_has_no_progress_bar(tmp_path, capfd):
    """Nor anything else: no hints of Lightning, and no warnings."""
    fit(Line(params()), RECIPE, tmp_path, NoLog(), progress=True)
    assert "".join(capfd.readouterr()) == ""
