"""Measurements as files: what is written is read back, equal content is equal bytes, damage is one line."""

import json
import warnings

import numpy as np
import pytest
import torch
from fixtures.measurements import measurement_of, outcome_of

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.evidence import Condition
from cscsanet.evaluation.measure import Outcome
from cscsanet.evaluation.measurements import measurement_path, read_measurement, write_measurement

POINT = OperatingPoint(-25.0, 8, 1024, 4)


@pytest.mark.parametrize("details", [False, True])
def test_a_measurement_is_read_as_it_was_written(tmp_path, seeded, details):
    masks = torch.randint(0, 9, (40, 6, 8), generator=seeded, dtype=torch.uint8) if details else None
    budget = {"energy": 256.0, "elements": 256, "feedback_bits": None} if details else None
    confusions = outcome_of(0.3, 0.1).confusions.expand(-1, 2, -1, -1).clone()
    outcome = Outcome(confusions, (1.5, 2.25), masks, budget)
    measurement = measurement_of(Condition("noma", POINT, "seed-2"), outcome)
    path = measurement_path(tmp_path, "noma", "seed-2", POINT)
    assert path == tmp_path / "noma@seed-2" / "snr-25-L8-B1024-Q4.npz"
    write_measurement(path, measurement)
    read = read_measurement(path)
    assert torch.equal(read.outcome.confusions, outcome.confusions)
    assert read.outcome.se_per_ue == outcome.se_per_ue
    assert read.outcome.budget == budget
    if details:
        assert read.outcome.masks.dtype == torch.uint8
        assert torch.equal(read.outcome.masks, masks)
    else:
        assert read.outcome.masks is None
    assert vars(read) | {"outcome": None} == vars(measurement) | {"outcome": None}


def test_equal_measurements_are_equal_files_whenever_they_are_written(tmp_path, monkeypatch):
    measurement = measurement_of(Condition("noma", POINT), outcome_of(0.3, 0.1))
    write_measurement(tmp_path / "a.npz", measurement)
    monkeypatch.setattr("time.time", lambda: 1.5e9)
    write_measurement(tmp_path / "b.npz", measurement)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize("harm", ["cut", "text", "foreign", "gone"])
def test_a_damaged_or_foreign_file_is_one_line(tmp_path, harm):
    path = measurement_path(tmp_path, "noma", None, POINT)
    write_measurement(path, measurement_of(Condition("noma", POINT), outcome_of(0.3, 0.1)))
    if harm == "cut":
        path.write_bytes(path.read_bytes()[:300])
    elif harm == "text":
        path.write_text("no measurement")
    elif harm == "foreign":
        with path.open("wb") as file:
            np.savez(file, other=np.zeros(3))
    else:
        path.unlink()
    with pytest.raises(CscsanetError, match=r"snr-25-L8-B1024-Q4\.npz") as error:
        read_measurement(path)
    assert "\n" not in str(error.value)


def parts(path):
    with np.load(path) as content:
        return {name: content[name] for name in content.files}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("scheme", None),
        ("repeat", 2),
        ("seed", True),
        ("seed", "1"),
        ("names", "n" * 40),
        ("names", [1] * 40),
        ("sequences", ["a"]),
        ("point", {"snr_db": "-25", "csirs_symbols": 8, "feedback_bits": 64, "data_symbols": 4}),
        ("point", {"snr_db": -25, "csirs_symbols": 8.0, "feedback_bits": 64, "data_symbols": 4}),
        ("point", {"snr_db": -99, "csirs_symbols": 8, "feedback_bits": 64, "data_symbols": 4}),
        ("se_per_ue", [float("nan")]),
        ("se_per_ue", [True]),
        ("budget", [1]),
    ],
)
def test_a_value_of_another_type_is_damage(tmp_path, key, value):
    path = tmp_path / "a.npz"
    write_measurement(path, measurement_of(Condition("noma", POINT), outcome_of(0.3)))
    arrays = parts(path)
    about = {**json.loads(str(arrays["about"])), key: value}
    np.savez(path, **{**arrays, "about": np.array(json.dumps(about))})
    with pytest.raises(CscsanetError, match=r"a\.npz: not a measurement, damaged"):
        read_measurement(path)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("confusions", np.zeros((40, 1, 9, 9))),
        ("confusions", np.zeros((40, 9, 9), np.int32)),
        ("confusions", np.zeros((39, 1, 9, 9), np.int32)),
        ("confusions", np.full((40, 1, 9, 9), -1, np.int32)),
        ("masks", np.zeros((40, 6, 8))),
        ("masks", np.zeros((1, 6, 8), np.uint8)),
        ("masks", np.zeros(40, np.uint8)),
    ],
)
def test_an_array_of_another_type_or_shape_is_damage(tmp_path, name, array):
    path = tmp_path / "a.npz"
    write_measurement(path, measurement_of(Condition("noma", POINT), outcome_of(0.3)))
    np.savez(path, **{**parts(path), name: array})
    with warnings.catch_warnings(action="error"), pytest.raises(CscsanetError, match="damaged"):
        read_measurement(path)


def test_a_letter_that_is_none_is_damage(tmp_path):
    path = tmp_path / "a.npz"
    write_measurement(path, measurement_of(Condition("noma", POINT), outcome_of(0.3)))
    arrays = parts(path)
    letters = np.frombuffer(arrays["about"].tobytes(), np.uint32).copy()
    letters[15] = 0x7B0076  # within the name of the scheme
    about = np.frombuffer(letters.tobytes(), arrays["about"].dtype).reshape(())
    np.savez(path, **{**arrays, "about": about})
    with pytest.raises(CscsanetError, match="damaged"):
        read_measurement(path)


def test_a_flipped_bit_is_damage_wherever_it_is_noticed(tmp_path):
    path = tmp_path / "a.npz"
    write_measurement(path, measurement_of(Condition("noma", POINT), outcome_of(0.3)))
    whole = path.read_bytes()
    # In the compressed bytes, where zlib stumbles over it, or the checksum does.
    for at in range(60, len(whole) // 2, 97):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 16]) + whole[at + 1 :])
        with pytest.raises(CscsanetError, match="damaged"):
            read_measurement(path)
