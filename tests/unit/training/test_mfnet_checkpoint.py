"""Published weights: every key in its place, and one line for whatever is wrong with a file."""

import hashlib
import os
import pickle
import sys

import pytest
import torch

from cscsanet.baselines.mfnet import Mfnet
from cscsanet.cli import main
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.schemes import trained_link
from cscsanet.files import file_digest
from cscsanet.training.mfnet_checkpoint import import_published, published_names
from cscsanet.training.weights import weights_origin


@pytest.fixture
def files(tmp_path):
    return tmp_path / "final.pth", tmp_path / "models" / "imported" / "mfnet.safetensors"


class Runs:
    """What a checkpoint could hold to have code run: here, to leave a folder behind."""

    def __init__(self, place):
        self.place = str(place)

    def __reduce__(self):
        return (os.mkdir, (self.place,))


def test_every_published_key_has_one_place_and_every_place_one_key(published):
    names, built = published_names(), Mfnet().state_dict()
    assert set(names) == set(published)
    assert sorted(names.values()) == sorted(built)
    assert {name: tensor.shape for name, tensor in published.items()} == {
        theirs: built[ours].shape for theirs, ours in names.items()
    }


def test_imported_weights_give_the_published_predictions(smoke, published, compute, files, images):
    source, out = files
    torch.save(published, source)
    import_published(source, out)
    scenes = smoke.scenes.model_copy(update={"height": 480, "width": 640})
    link, digest = trained_link(
        "mfnet-imported",
        smoke.model_copy(update={"scenes": scenes}),
        lambda name: files[1].parents[1] / f"{name}.safetensors",
    )
    with torch.inference_mode():
        device = next(link.parameters()).device
        logits = link(images.to(device), None, OperatingPoint(0, 8, 64, 4), torch.Generator()).logits.cpu()
        theirs = compute(published, images)
    assert (logits - theirs).abs().max() <= 1e-5
    assert torch.equal(logits.argmax(dim=1), theirs.argmax(dim=1))
    assert digest == file_digest(out)
    assert weights_origin(out) == {
        "source": "final.pth",
        "sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
    }


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"state_dict": state, "epoch": 80},
        lambda state: {"model": state},
        lambda state: {f"module.{name}": tensor for name, tensor in state.items()},
        lambda state: {"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}},
        lambda state: {name: tensor for name, tensor in state.items() if "num_batches" not in name},
        lambda state: {name: tensor.double() for name, tensor in state.items()},
    ],
    ids=["state_dict", "model", "module", "both", "before-0.4.1", "double"],
)
def test_the_usual_wrappings_give_the_same_weights(published, files, wrap):
    source, out = files
    torch.save(wrap(published), source)
    link = import_published(source, out)
    for theirs, ours in published_names().items():
        if "num_batches" not in theirs:
            assert torch.equal(link.network.state_dict()[ours], published[theirs])


def test_the_format_of_the_published_file_s_own_time_is_read(published, files):
    source, out = files
    torch.save(published, source, _use_new_zipfile_serialization=False)
    import_published(source, out)
    assert out.exists()


def test_the_same_checkpoint_gives_the_same_bytes(published, files, tmp_path):
    source, out = files
    torch.save(published, source)
    import_published(source, out)
    import_published(source, tmp_path / "again.safetensors")
    assert out.read_bytes() == (tmp_path / "again.safetensors").read_bytes()


def changed(name, entry):
    return lambda state: {**state, name: entry(state[name]) if callable(entry) else entry}


def without(name):
    return lambda state: {key: tensor for key, tensor in state.items() if key != name}


def spoilt(value):
    def spoil(tensor):
        tensor = tensor.clone()
        tensor.view(-1)[-1] = value
        return tensor

    return spoil


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (
            without("conv2_1_inf.conv.bias"),
            "'conv2_1_inf.conv.bias' is missing; import a checkpoint of MFNet",
        ),
        (changed("extra.weight", torch.zeros(2)), "'extra.weight' is no tensor of MFNet"),
        (changed("two\nlines", torch.zeros(2)), r"'two\nlines' is no tensor of MFNet"),
        (
            changed("decode1.conv.weight", torch.zeros(5, 32, 3, 3)),
            "'decode1.conv.weight' is (5, 32, 3, 3), and (9, 32, 3, 3) in MFNet",
        ),
        (changed("conv1_rgb.bn.num_batches_tracked", torch.zeros(2)), "num_batches_tracked' is (2,)"),
        (
            changed("conv1_rgb.bn.num_batches_tracked", torch.tensor(7.5)),
            "num_batches_tracked' is no whole number",
        ),
        (changed("conv1_rgb.bn.num_batches_tracked", torch.tensor(7j)), "num_batches_tracked' is no dense"),
        (changed("conv1_rgb.bn.num_batches_tracked", torch.tensor(True)), "num_batches_tracked' is no dense"),
        (changed("conv1_rgb.conv.bias", [0.0] * 16), "'conv1_rgb.conv.bias' is no dense tensor of numbers"),
        (changed("conv1_rgb.conv.bias", torch.Tensor.int), "'conv1_rgb.conv.bias' is no dense tensor"),
        (changed("conv1_rgb.conv.bias", torch.Tensor.to_sparse), "'conv1_rgb.conv.bias' is no dense tensor"),
        (changed("conv3_1_rgb.conv.weight", spoilt(float("nan"))), "holds NaN or infinity"),
        (changed("decode2.bn.running_mean", spoilt(float("inf"))), "holds NaN or infinity"),
        (
            changed("decode2.bn.bias", lambda tensor: spoilt(1e300)(tensor.double())),
            "'decode2.bn.bias' holds NaN",
        ),
        (changed("decode2.bn.running_var", spoilt(-1.0)), "'decode2.bn.running_var' holds variances below"),
        (lambda state: {}, "holds no state dict"),
        (lambda state: list(state.values()), "holds no state dict"),
        (lambda state: torch.zeros(3), "holds no state dict"),
    ],
)
def test_a_wrong_state_dict_is_one_line_and_nothing_is_written(published, files, edit, says):
    source, out = files
    torch.save(edit(published), source)
    assert says in refused(source, out)


@pytest.mark.parametrize(
    "content",
    [b"", b"not a checkpoint\n" * 20, b"PK\x03\x04 cut", b"\x89PNG\r\n\x1a\n" + bytes(60), os.urandom(2000)],
    ids=["empty", "text", "zip", "picture", "noise"],
)
def test_what_is_no_checkpoint_is_one_line(files, content):
    files[0].write_bytes(content)
    assert "not a PyTorch checkpoint, or damaged" in refused(*files)


def test_a_cut_checkpoint_is_one_line(published, files):
    torch.save(published, files[0])
    files[0].write_bytes(files[0].read_bytes()[:-2000])
    assert "not a PyTorch checkpoint, or damaged" in refused(*files)


def test_code_in_a_checkpoint_does_not_run(published, files, tmp_path):
    source, out = files
    for content in ({**published, "extra": Runs(tmp_path / "ran")}, Mfnet()):
        torch.save(content, source)
        assert "holds Python objects whose code would have to run" in refused(source, out)
    source.write_bytes(pickle.dumps(Runs(tmp_path / "ran"), protocol=2))
    refused(source, out)
    assert not (tmp_path / "ran").exists()


def test_a_missing_file_a_folder_and_another_ending_are_one_line(published, files, tmp_path):
    source, out = files
    assert "cannot be read (No such file or directory); name a checkpoint" in refused(source, out)
    assert "cannot be read (Is a directory)" in refused(tmp_path, out)
    torch.save(published, source)
    before = source.read_bytes()
    assert "weights are written as .safetensors" in refused(source, source)
    assert source.read_bytes() == before


def test_a_failed_import_leaves_the_former_weights(published, files):
    source, out = files
    torch.save(published, source)
    import_published(source, out)
    before = out.read_bytes()
    source.write_bytes(b"")
    with pytest.raises(CscsanetError):
        import_published(source, out)
    assert out.read_bytes() == before


def test_the_command_says_in_one_line_what_it_wrote_and_how_to_use_it(
    published, files, tmp_path, monkeypatch, capsys
):
    torch.save(published, files[0])
    monkeypatch.chdir(tmp_path)
    run(monkeypatch, "import-mfnet", "final.pth")
    output = capsys.readouterr()
    assert output.out == (
        f"models/imported/mfnet.safetensors: MFNet, 736275 parameters, {file_digest(files[1])[:12]}; "
        f"measured by 'cscsanet evaluate --scheme mfnet-imported'\n"
    )
    assert output.err == ""
    with pytest.raises(SystemExit) as left:
        run(monkeypatch, "import-mfnet", "nowhere.pth", "--out", "x.safetensors")
    assert left.value.code == 1
    assert capsys.readouterr().err.startswith("error: nowhere.pth: cannot be read")
    run(monkeypatch, "import-mfnet", "final.pth", "--out", "x.safetensors")
    assert "; as models/imported/mfnet.safetensors it is measured by" in capsys.readouterr().out


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["cscsanet", *arguments])
    try:
        main()
    except SystemExit as left:
        if left.code:
            raise


def refused(source, out):
    """The one line that an import leaves with, having written nothing."""
    before = set(out.parent.iterdir()) if out.parent.exists() else None
    with pytest.raises(CscsanetError) as error:
        import_published(source, out)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(f"{out if source == out else source}: ")
    assert (set(out.parent.iterdir()) if out.parent.exists() else None) == before
    return str(error.value)
