"""Data that were made from other parameters than those asked for are refused, with what mends it."""

import json
import shutil

import pytest
from fixtures.paths import write_paths

from cscsanet.pipeline.data import make_missing, split_scenes, write_channels, write_scenes
from cscsanet.pipeline.made_from import check_drops, check_inputs, check_scenes, scene_parameters

SIZES = {
    "scenes": {"sequences": 8, "frames_per_sequence": 1},
    "channel": {"train_drops": 4, "val_drops": 3, "test_drops": 2},
}


def changed(params, section, **values):
    return params.model_copy(update={section: getattr(params, section).model_copy(update=values)})


@pytest.fixture
def tiny(smoke, stage):
    """A workspace with data of the smallest sizes, and the parameters that made them."""
    params = smoke
    for section, values in SIZES.items():
        params = changed(params, section, **values)
    make_missing(stage.workspace, params)
    return stage.workspace, params


def test_data_of_these_parameters_are_accepted(tiny):
    workspace, params = tiny
    check_scenes(workspace, params)
    for part in ("train", "val", "test"):
        check_drops(workspace, params, part)


def test_other_scenes_are_refused_with_the_parameter_and_the_stages(tiny, fault):
    workspace, params = tiny
    for values, message in (
        ({"source": "mfnet"}, "scenes.source = rendered, but params.yaml says mfnet"),
        ({"sequences": 16}, "scenes.sequences = 8, but params.yaml says 16"),
        ({"frames_per_sequence": 2}, "scenes.frames_per_sequence = 1, but params.yaml says 2"),
        ({"height": 96}, "scenes.height = 48, but params.yaml says 96"),
    ):
        text = fault(check_scenes, workspace, changed(params, "scenes", **values))
        assert message in text
        assert "run 'dvc repro scenes split'" in text
    text = fault(check_scenes, workspace, params.model_copy(update={"seed": 7}))
    assert f"{workspace.scenes}: made with seed = {params.seed}, but params.yaml says 7" in text


def test_what_rendered_scenes_do_not_depend_on_may_change(tiny):
    workspace, params = tiny
    check_scenes(workspace, changed(params, "scenes", folder="elsewhere"))
    recorded = changed(params, "scenes", source="mfnet")
    assert scene_parameters(recorded) == scene_parameters(changed(recorded, "scenes", sequences=80))
    assert scene_parameters(recorded) != scene_parameters(changed(recorded, "scenes", folder="elsewhere"))


def test_another_split_is_refused(tiny, fault):
    workspace, params = tiny
    text = fault(check_scenes, workspace, changed(params, "split", train=0.25))
    assert f"{workspace.split}: made with split.train = 0.5, but params.yaml says 0.25" in text
    assert "run 'dvc repro split'" in text


def test_a_split_of_other_frames_is_refused(tiny, fault):
    workspace, params = tiny
    path = workspace.split / "split.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "scenes": "0" * 64}))
    assert "splits other frames" in fault(check_scenes, workspace, params)
    path.write_text(json.dumps({"digest": content["digest"]}))
    assert "earlier version" in fault(check_scenes, workspace, params)


def test_scenes_that_do_not_say_what_made_them_are_refused(tiny, fault):
    workspace, params = tiny
    path = workspace.scenes / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "made_from": {}}))
    assert "does not say which parameters made it" in fault(check_scenes, workspace, params)


def test_other_drops_are_refused_with_the_parameter(tiny, fault):
    workspace, params = tiny
    for values, message in (
        ({"test_drops": 5}, "2 drops, but params.yaml says channel.test_drops = 5"),
        ({"paths": 5}, "channel.paths = 2, but params.yaml says 5"),
        ({"max_speed_kmh": 900.0}, "channel.max_speed_kmh = 120.0, but params.yaml says 900.0"),
    ):
        text = fault(check_drops, workspace, changed(params, "channel", **values), "test")
        assert message in text
        assert "run 'dvc repro channels'" in text
    seeded = params.model_copy(update={"seed": 7})
    assert "another seed, but params.yaml says seed = 7" in fault(check_drops, workspace, seeded, "test")
    # The other parts are of their own sizes.
    check_drops(workspace, changed(params, "channel", test_drops=5), "val")


def test_drops_of_a_file_that_changed_are_refused(tiny, fault):
    workspace, params = tiny
    file = workspace.root / "data" / "paths" / "city.npz"
    traced = changed(params, "channel", source="paths", file="data/paths/city.npz")
    assert "channel.source = drawn, but params.yaml says paths" in fault(
        check_drops, workspace, traced, "val"
    )
    write_paths(file)
    write_channels(workspace, traced)
    check_drops(workspace, traced, "val")
    write_paths(file, seed=2)
    text = fault(check_drops, workspace, traced, "val")
    assert f"{file} changed after these drops were made of it; run 'dvc repro channels'" in text
    file.unlink()
    check_drops(workspace, traced, "val")


def test_a_training_checks_what_it_reads(tiny, fault):
    workspace, params = tiny
    other = params.model_copy(update={"seed": 7})
    check_inputs(workspace, other, ["semantic"])
    assert "scenes" in fault(check_inputs, workspace, other, ["scenes", "split"])
    assert "channels" in fault(check_inputs, workspace, other, ["channels_train"])
    check_inputs(workspace, params, ["scenes", "split", "channels_train", "channels_val"])


def test_data_that_were_changed_after_they_were_made_are_refused(tiny, fault):
    workspace, params = tiny
    lists = workspace.split / "test.txt"
    content = lists.read_text()
    lists.write_text(content + "99999D\n")
    assert f"{workspace.split}: its lists changed" in fault(check_scenes, workspace, params)
    lists.write_text(content)
    label = next((workspace.scenes / "labels").iterdir())
    label.write_bytes(next(iter(sorted((workspace.scenes / "labels").iterdir(), reverse=True))).read_bytes())
    assert f"{workspace.scenes}: its frames changed" in fault(check_scenes, workspace, params)
    field = workspace.drops("test") / "delay.npy"
    field.write_bytes(field.read_bytes()[:-1] + b"\x00")
    assert "delay.npy: its SHA-256 is not the manifest's" in fault(check_drops, workspace, params, "test")


def test_a_recorded_dataset_that_changed_in_its_folder_is_refused(tiny, mfnet, fault):
    workspace, params = tiny
    recorded = changed(params, "scenes", source="mfnet", folder=str(mfnet))
    write_scenes(workspace, recorded)
    split_scenes(workspace, recorded)
    check_scenes(workspace, recorded)
    (mfnet / "train.txt").write_text("00001D\n")
    message = fault(check_scenes, workspace, recorded)
    assert f"the dataset {mfnet} changed after its frames were made; run 'dvc repro scenes split'" in message
    shutil.rmtree(mfnet)
    check_scenes(workspace, recorded)
