"""No name from a file, a parameter or the command line becomes a path outside of its folder: it is refused in one line."""

import os
import string
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from fixtures.fuzz.path_files import FIELDS
from fixtures.fuzz.units import tiny_unit
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto
from onnx.helper import make_tensor_value_info
from PIL import Image
from pydantic import ValidationError

from cscsanet.channel.path_files import fields_of, path_digest
from cscsanet.cli import main
from cscsanet.config import assumptions, variants
from cscsanet.config.access import load_access_params
from cscsanet.config.fusion import load_fusion_params
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import load_params, profile_names, profile_text
from cscsanet.config.schemes import SCHEMES, scheme
from cscsanet.errors import CscsanetError
from cscsanet.files import check_within
from cscsanet.scene_sources.datasets import read_dataset
from cscsanet.scenes.layout import files_in, in_time_order, read_list, read_lists
from cscsanet.stations.session import load_unit
from cscsanet.tracking.store import _folder_name

LEAVING = (
    "../../x", "/etc/passwd", "a/../../x", "..\\..\\x", "C:\\x", "C:x", "..", ".", "../00001D", "00001D/../../x", "00001D\0.png",
    "00001D\n../x", "\\\\host\\share", "x\u202ey", "~/x/../..",
)  # fmt: skip
NAMES = st.sampled_from(LEAVING) | st.lists(
    st.sampled_from(["..", ".", "/", "\\", "\0", "\n", "00001D", "x", "~", ":", "C", "٣", "D", " "]),
    max_size=6,
).map("".join)


def refused(read: Any, *arguments: Any) -> str:
    with pytest.raises(CscsanetError) as error:
        read(*arguments)
    assert "\n" not in str(error.value)
    assert str(error.value).isprintable()
    return str(error.value)


@given(name=NAMES)
def test_a_listed_frame_stays_in_its_folder(tmp_path_factory, name):
    folder = tmp_path_factory.mktemp("lists")
    for part in ("train", "val", "test"):
        (folder / f"{part}.txt").write_text(
            f"0000{len(part)}D\n{name}\n" if part == "train" else f"1000{len(part)}D\n"
        )
    try:
        names = read_lists(folder)["train"]
    except CscsanetError:
        return
    assert all((folder / f"{each}.png").resolve().parent == folder.resolve() for each in names)
    assert all(each[:-1].isascii() and each[:-1].isdigit() and each[-1] in "DN" for each in names)


@pytest.mark.parametrize("name", [name for name in LEAVING if name.strip(".\0\n")])
def test_a_list_with_a_path_is_refused(tmp_path, name):
    (tmp_path / "train.txt").write_text(f"{name}\n")
    refused(read_list, tmp_path / "train.txt")


def test_a_number_of_thousands_of_digits_is_no_frame(tmp_path):
    (tmp_path / "train.txt").write_text("9" * 5000 + "D\n")
    assert "is not a number followed by D" in refused(read_list, tmp_path / "train.txt")
    assert in_time_order([f"{'9' * 100}D", "1N"]) == ["1N", f"{'9' * 100}D"]


@pytest.fixture
def dataset(tmp_path):
    folder = tmp_path / "mfnet"
    for kind, mode in (("images", "RGBA"), ("labels", "L")):
        (folder / kind).mkdir(parents=True)
        for name in ("00001D", "00002D", "00003D"):
            Image.new(mode, (4, 3)).save(folder / kind / f"{name}.png")
    for part, name in (("train", "00001D"), ("val", "00002D"), ("test", "00003D")):
        (folder / f"{part}.txt").write_text(f"{name}\n")
    return folder


@pytest.mark.parametrize("place", ["images/00001D.png", "labels/00003D.png", "images", "train.txt"])
@pytest.mark.parametrize("relative", [True, False])
def test_a_link_out_of_a_dataset_is_refused(dataset, tmp_path, place, relative):
    assert len(read_dataset("mfnet", dataset, "lists").frames) == 3
    secret = tmp_path / "secret"
    (dataset / place).rename(secret)
    target = os.path.relpath(secret, (dataset / place).parent) if relative else secret
    (dataset / place).symlink_to(target)
    assert "is a link that leads out of" in refused(read_dataset, "mfnet", dataset, "lists")


def test_links_within_a_dataset_and_to_it_are_followed(dataset, tmp_path):
    picture = dataset / "images" / "00002D.png"
    picture.unlink()
    picture.symlink_to("00001D.png")
    (tmp_path / "linked").symlink_to(dataset)
    assert len(read_dataset("mfnet", tmp_path / "linked", "time").frames) == 3
    assert check_within(tmp_path / "linked" / "images" / "00002D.png", tmp_path / "linked")


@pytest.mark.timeout(60)
def test_a_pipe_in_place_of_a_file_is_refused_and_not_waited_for(dataset, tmp_path):
    for path, read in (
        (dataset / "images" / "00001D.png", lambda path: files_in(path.parent)),
        (dataset / "train.txt", read_list),
        (tmp_path / "a.npz", fields_of),
        (tmp_path / "city" / "power_t001_tx000_r000.npz", lambda path: fields_of(path.parent)),
    ):
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        os.mkfifo(path)
        assert "is a pipe, a socket or a device" in refused(read, path)
    # What is no file of the scenario is not read.
    assert path_digest(tmp_path / "city")


def written(folder: Path, specialist: str | None, key: str, value: Any) -> Path:
    """Write the parameters of the smoke profile with another value, and return the file."""
    content = yaml.safe_load(profile_text("smoke", specialist))
    *sections, last = key.split(".")
    section = content
    for name in sections:
        section = section[name]
    section[last] = value
    (folder / "params.yaml").write_text(yaml.safe_dump(content))
    return folder / "params.yaml"


@pytest.mark.parametrize("name", [name for name in LEAVING if name not in (".", "x")])
def test_the_file_of_paths_is_within_the_project(tmp_path, name):
    assert "channel.file" in refused(load_params, written(tmp_path, None, "channel.file", name))


@pytest.mark.parametrize("name", ["data/paths", "city.npz", "data/paths/asu..campus/a b-1.npz", "."])
def test_a_file_of_paths_may_have_any_place_in_the_project(tmp_path, name):
    assert load_params(written(tmp_path, None, "channel.file", name)).channel.file == name


VARIANT = {"what": "another", "params": {}}
NAMED_IN_PARAMS = [
    (load_params, None, key, lambda name: [name])
    for key in ("evaluation.schemes", "evaluation.pictured", "repeats.reseeded", "repeats.specialised", "deployment.exported")
] + [
    (load_params, None, "deployment.timed", lambda name: name),
    (load_params, None, "assumptions.variants", lambda name: [{**VARIANT, "name": name}]),
    (load_access_params, "access", "variants", lambda name: [{**VARIANT, "name": name}]),
    (load_access_params, "access", "repeats.reseeded", lambda name: [name]),
    (load_fusion_params, "fusion", "variants", lambda name: [{**VARIANT, "name": name}]),
]  # fmt: skip


@pytest.mark.parametrize(("load", "specialist", "key", "value"), NAMED_IN_PARAMS)
def test_names_in_params_are_names_of_something_and_no_paths(tmp_path, load, specialist, key, value):
    assert key.split(".")[-1] in refused(load, written(tmp_path, specialist, key, value("../../x")))


@pytest.mark.parametrize("kind", [assumptions.VariantParams, variants.VariantParams])
@given(name=NAMES | st.text())
def test_a_variant_s_name_is_one_part_of_a_path(kind, name):
    try:
        taken = kind.model_validate({**VARIANT, "name": name}).name
    except ValidationError:
        return
    assert set(taken) <= set(string.ascii_lowercase + string.digits + ".-")
    assert taken[0] not in ".-"


@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "..", "a\nb"])
def test_names_on_the_command_line_are_names_of_something_and_no_paths(tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(profile_text("smoke"))
    for arguments in (
        ["profile", name],
        ["profile", "smoke", "--specialist", name],
        ["ship", "--specialist", name],
        ["evaluate", "--scheme", name],
        ["export", "--scheme", name],
        ["transmit", "a.png", "b.png", "--out", "x", "--scheme", name],
        ["why", name],
    ):
        monkeypatch.setattr("sys.argv", ["cscsanet", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr().err
        assert ended.value.code == 1, arguments
        assert printed.startswith("error: ")
        assert printed.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["params.yaml"]


@given(name=NAMES)
def test_lookups_know_their_names_alone(name):
    assert name not in SCHEMES
    refused(scheme, name)
    refused(profile_text, name)
    if name:
        refused(profile_names, name)


@settings(max_examples=50)
@given(name=NAMES | st.text(min_size=1))
def test_an_experiment_s_artifacts_are_in_a_folder_of_their_own(name):
    if name:
        folder = Path("/a/mlruns") / _folder_name(name)
        assert Path(os.path.normpath(folder)).parent == Path("/a/mlruns")
        assert _folder_name("cscsanet v1.2") == "cscsanet_v1.2"


_COUNTS = st.integers(1, 999)


@settings(max_examples=50)
@given(st.builds(OperatingPoint, st.floats(-60, 60), _COUNTS, _COUNTS.map(lambda half: 2 * half), _COUNTS))
def test_a_point_s_name_is_one_part_of_a_path(point):
    assert set(point.slug) <= set("snrLBQ-+.e0123456789")


def test_a_scenario_s_files_are_known_by_their_names_alone(tmp_path):
    np.savez(tmp_path / "power_t001_tx000_r000.npz", power=FIELDS["power"], **{"../../escaped": np.zeros(3)})
    assert "phase: missing" in refused(fields_of, tmp_path)
    assert not (tmp_path.parent.parent / "escaped.npy").exists()


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/hostname", "link.bin", "SECRET"])
@pytest.mark.parametrize("place", ["initializer", "constant"])
def test_a_unit_cannot_take_weights_from_elsewhere(tmp_path, location, place):
    secret = tmp_path / "secret.bin"
    np.ones(4, np.float32).tofile(secret)
    folder = tmp_path / "units"
    folder.mkdir()
    (folder / "link.bin").symlink_to(secret)
    model = tiny_unit()
    tensor = TensorProto(
        name="taken", data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL
    )
    tensor.external_data.add(key="location", value=location.replace("SECRET", str(secret)))
    tensor.external_data.add(key="length", value="16")
    if place == "initializer":
        model.graph.initializer.append(tensor)
        model.graph.node.add(op_type="Identity", input=["taken"], output=["unused"])
    else:
        node = model.graph.node.add(op_type="Constant", output=["unused"])
        node.attribute.add(name="value", type=4).t.CopyFrom(tensor)
    # Of what nothing uses, nothing is read.
    model.graph.output.append(make_tensor_value_info("unused", TensorProto.FLOAT, [4]))
    path = folder / "tiny.onnx"
    path.write_bytes(model.SerializeToString())
    assert "cannot be loaded as ONNX" in refused(load_unit, path, "tiny")
