"""Checkpoints with damage that PyTorch reads over are not resumed."""

import pytest
import torch
from faults.damage import damage

from cscsanet.pipeline.checkpoints import drop_damaged


@pytest.fixture
def scratch(tmp_path):
    for name in ("last.ckpt", "best.ckpt"):
        torch.save({"epoch": 0, "state_dict": {"weight": torch.arange(5000.0)}}, tmp_path / name)
    return tmp_path


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_whole_checkpoints_stay(scratch, capsys):
    before = {path.name: path.read_bytes() for path in scratch.iterdir()}
    drop_damaged(scratch)
    assert {path.name: path.read_bytes() for path in scratch.iterdir()} == before
    (scratch / "last.ckpt").unlink()
    drop_damaged(scratch)
    assert names(scratch) == {"best.ckpt"}
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("name", "how"),
    [
        *(
            (name, how)
            for name in ("last.ckpt", "best.ckpt")
            for how in ("middle flipped", "cut by a byte", "emptied", "head zeroed")
        ),
        ("best.ckpt", "removed"),
    ],
)
def test_damaged_ones_go_with_a_note_and_so_does_the_other(scratch, name, how, capsys):
    (scratch / "mlflow-run").touch()
    damage(scratch / name, how)
    drop_damaged(scratch)
    assert names(scratch) == {"mlflow-run"}
    assert capsys.readouterr().err == (
        f"note: {scratch / name}: missing or damaged, so the training starts anew\n"
    )


def test_pytorch_itself_reads_a_flipped_bit(scratch):
    """Should it compare the checksums one day, `drop_damaged` has less to do."""
    damage(scratch / "last.ckpt", "middle flipped")
    weight = torch.load(scratch / "last.ckpt", weights_only=True)["state_dict"]["weight"]
    assert not torch.equal(weight, torch.arange(5000.0))
