"""Notes on results: what was not trained, other training data, the floor, and doubtful masks."""

import numpy as np
import pytest
import torch
from fixtures.measurements import measurement_of, outcome_of
from PIL import Image

from cscsanet.cli import notes
from cscsanet.cli.options import every_scheme
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.scenes.classes import MFNET
from cscsanet.config.schemes import scheme
from cscsanet.evaluation.evidence import Condition
from cscsanet.evaluation.rows import result_row
from cscsanet.files import file_digest, write_json
from cscsanet.scene_sources.copied_frames import frame_digest
from cscsanet.scenes.layout import image_path, label_path
from cscsanet.scenes.picture_statistics import fit_statistics
from cscsanet.training.weights import save_weights
from cscsanet.workflow.workspace import Workspace

POINT = OperatingPoint(-25.0, 8, 64, 4)
INPUTS = {"scenes": "a" * 64, "split": "b" * 64, "channels_train": "c" * 64}


@pytest.fixture
def workspace(tmp_path, smoke):
    """A workspace with weights of `noma`, scenes and a split, all of the same digests."""
    workspace = Workspace(tmp_path)
    save_weights(torch.nn.Linear(1, 1), workspace.weights("noma"), smoke, (), {"inputs": INPUTS})
    write_data(workspace)
    return workspace


def write_data(workspace, scenes=INPUTS["scenes"], split=INPUTS["split"]):
    write_json(workspace.scenes / "manifest.json", {"digest": scenes})
    write_json(workspace.split / "split.json", {"digest": split})


def test_what_the_weights_were_not_trained_for_is_noted_whatever_params_say(workspace, smoke, capsys):
    notes.note_untrained(workspace, smoke, ["noma"], [POINT])
    assert capsys.readouterr().err == ""
    wider = smoke.points.model_copy(update={"snr_db": (-40.0, 40.0)})
    channel = smoke.channel.model_copy(update={"paths": 9})
    changed = smoke.model_copy(update={"points": wider, "channel": channel})
    notes.note_untrained(workspace, changed, ["noma", "noma"], [OperatingPoint(40.0, 8, 64, 4)])
    assert capsys.readouterr().err.splitlines() == [
        "note: snr_db = 40 was not trained (points.snr_db = [-25.0, -25.0])",
        "note: channel.paths = 9 was not trained (2 to 8 was)",
    ]


def test_what_no_receiver_resolves_is_noted_with_the_number(workspace, smoke, capsys):
    channel = smoke.channel.model_copy(update={"symbol_duration_us": 1000.0})
    notes.note_untrained(workspace, smoke.model_copy(update={"channel": channel}), ["noma"], [POINT])
    assert "note: channel.symbol_duration_us = 1000: at 120 km/h" in capsys.readouterr().err
    notes.note_untrained(workspace, smoke.model_copy(update={"channel": channel}), ["mfnet"], [POINT])
    assert "symbol_duration" not in capsys.readouterr().err


def test_units_of_other_weights_than_those_of_the_project_are_noted(workspace, capsys):
    path = workspace.weights("noma")
    notes.note_other_units(workspace, "noma", file_digest(path), workspace.onnx)
    assert capsys.readouterr().err == ""
    notes.note_other_units(workspace, "noma", "ab" * 32, workspace.onnx)
    assert f"{workspace.onnx}: exported from other weights than {path}" in capsys.readouterr().err


@pytest.fixture
def measured(workspace, scene):
    """The workspace with a test part of two frames, and their digests."""
    names = ["00001D", "00002D"]
    for folder in ("images", "labels"):
        (workspace.scenes / folder).mkdir(parents=True)
    for name in names:
        pixels, labels = scene(name, 24, 32)
        Image.fromarray(pixels).save(image_path(workspace.scenes, name))
        Image.fromarray(labels).save(label_path(workspace.scenes, name))
    (workspace.split / "test.txt").write_text("\n".join(names))
    (workspace.split / "val.txt").write_text(names[0])
    return workspace, [frame_digest(scene(name, 24, 32)[0]) for name in names]


def write_statistics(workspace, training_frames):
    features = {part: np.random.default_rng(1).normal(size=(40, 15)) for part in ("train", "val", "test")}
    statistics = fit_statistics(
        features, [False] * 40, INPUTS["scenes"], INPUTS["split"], training_frames=training_frames
    )
    write_json(workspace.reports / "pictures.json", statistics.content())


def test_a_model_is_measured_on_what_it_was_split_from_and_on_its_training_part(workspace, capsys):
    notes.check_training_data(workspace, ["noma"], "test")
    write_data(workspace, split="0" * 64)
    notes.check_training_data(workspace, ["noma"], "train")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("scenes", [INPUTS["scenes"], "0" * 64], ids=["other split", "other scenes"])
def test_training_frames_are_refused_in_any_split_and_scenes(measured, capsys, fault, scenes):
    workspace, (_, second) = measured
    write_data(workspace, scenes=scenes, split="0" * 64)
    write_statistics(workspace, [second, "0" * 24])
    message = fault(notes.check_training_data, workspace, ["noma"], "test")
    assert message.startswith("noma: 1 of the 2 frames of the part test are training frames of it;")
    notes.check_training_data(workspace, ["noma"], "val")
    assert capsys.readouterr().err == "note: noma: trained on other frames than those of this project\n"


def test_unknown_training_frames_are_refused_in_another_split_and_noted_in_other_scenes(
    measured, capsys, fault
):
    workspace, _ = measured
    write_data(workspace, split="0" * 64)
    message = fault(notes.check_training_data, workspace, ["noma"], "test")
    assert "noma: trained on another split of these scenes" in message
    write_data(workspace, scenes="0" * 64, split="0" * 64)
    notes.check_training_data(workspace, ["noma"], "test")
    assert capsys.readouterr().err.endswith("whether it was trained on some of these is unknown\n")


def test_a_result_within_its_interval_of_the_floor_is_noted(capsys):
    night = torch.zeros(40, dtype=torch.bool)
    rows = [
        result_row(measurement_of(Condition("noma", POINT), outcome_of(value, 0.1)), POINT, night, 200, MFNET)
        for value in (0.3, 0.5)
    ]
    floor = rows[0].ci_low
    notes.note_floor(rows, floor)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"note: noma at {POINT.label()}: mIoU {rows[0].miou:.4f} is within its interval")
    notes.note_floor(rows, floor - 1e-6)
    assert capsys.readouterr().err == ""


def test_a_mask_without_a_labelled_pixel_is_noted(capsys):
    notes.note_mask("noma", {"unlabelled": 1.0})
    assert "every pixel of the mask is unlabelled" in capsys.readouterr().err
    notes.note_mask("noma", {"unlabelled": 0.999, "car": 0.001})
    assert capsys.readouterr().err == ""


def test_all_schemes_leave_out_those_that_nobody_has_trained_and_the_package_lacks(tmp_path, smoke, capsys):
    workspace = Workspace(tmp_path)
    measured, untrained = every_scheme(workspace, smoke)
    assert untrained == [name for name in smoke.evaluation.schemes if not scheme(name).shipped] != []
    assert [name for name in smoke.evaluation.schemes if name not in untrained] == measured
    notes.note_not_in_package(untrained)
    assert capsys.readouterr().err.startswith(f"note: {untrained[0]}, ")
    save_weights(torch.nn.Linear(1, 1), workspace.weights("oma_tracked"), smoke, (), {"inputs": INPUTS})
    assert every_scheme(workspace, smoke)[1] == [name for name in untrained if name != "oma-tracked"]
    notes.note_not_in_package(())
    assert capsys.readouterr().err == ""
