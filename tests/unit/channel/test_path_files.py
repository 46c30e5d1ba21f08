"""Files of ray-traced paths: what is read, and each fault in one line with file, field and remedy."""

import json

import numpy as np
import pytest
from scipy.io import savemat

from cscsanet.channel.path_files import DEEPMIMO, SIONNA, fields_of, path_digest
from cscsanet.errors import CscsanetError

POSITIONS, PATHS = 4, 3


def deepmimo(**changes):
    """Return the fields of a small DeepMIMO file; None leaves one out."""
    values = np.random.default_rng(3)
    fields = {
        "power": values.uniform(-120, -80, (POSITIONS, PATHS)),
        "phase": values.uniform(-180, 180, (POSITIONS, PATHS)),
        "delay": values.uniform(1e-7, 1e-6, (POSITIONS, PATHS)),
        "aod_az": values.uniform(-180, 180, (POSITIONS, PATHS)),
        "aod_el": values.uniform(60, 120, (POSITIONS, PATHS)),
        "aoa_az": values.uniform(-180, 180, (POSITIONS, PATHS)),
        "aoa_el": values.uniform(60, 120, (POSITIONS, PATHS)),
    }
    return {name: value for name, value in (fields | changes).items() if value is not None}


def sionna(**changes):
    """Return the fields of a small Sionna RT file, in the shapes of a synthetic array."""
    values = np.random.default_rng(4)
    angles = {name: values.uniform(0, np.pi, (POSITIONS, 1, PATHS)) for name in SIONNA[2:]}
    gains = values.normal(size=(POSITIONS, 1, 1, 1, PATHS, 2)) @ np.array([1, 1j])
    fields = {"a": gains, "tau": values.uniform(1e-7, 1e-6, (POSITIONS, 1, PATHS)), **angles}
    return {name: value for name, value in (fields | changes).items() if value is not None}


def fault(path):
    with pytest.raises(CscsanetError) as caught:
        fields_of(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message


@pytest.mark.parametrize("suffix", ["npz", "mat"])
def test_fields_are_read_as_they_stand(tmp_path, suffix):
    path = tmp_path / f"paths.{suffix}"
    for owner, fields in (
        ("DeepMIMO", deepmimo()),
        ("Sionna RT", sionna(valid=np.ones((4, 1, 1, 1, 3), bool))),
    ):
        (np.savez_compressed if suffix == "npz" else savemat)(
            path, **(fields if suffix == "npz" else {"mdict": fields})
        )
        name, read = fields_of(path)
        assert name == owner
        assert set(read) == set(fields)
        for key, values in read.items():
            assert values.shape == (POSITIONS, PATHS)
            np.testing.assert_array_equal(values, fields[key].reshape(POSITIONS, PATHS))
        assert read.get("valid", np.zeros(1, bool)).dtype == bool


def scenario(folder, link="t001_tx000_r000", **changes):
    folder.mkdir(exist_ok=True)
    for name, values in deepmimo(**changes).items():
        np.savez_compressed(folder / f"{name}_{link}.npz", **{name: values})
    np.savez_compressed(folder / f"rx_pos_{link}.npz", rx_pos=np.zeros((POSITIONS, 3)))


def test_a_folder_of_a_scenario_is_read_with_its_carrier(tmp_path):
    scenario(tmp_path / "city")
    params = tmp_path / "city" / "params.json"
    params.write_text(json.dumps({"rt_params": {"frequency": 28e9}}))
    owner, fields = fields_of(tmp_path / "city")
    assert owner == "DeepMIMO"
    assert set(fields) == {*DEEPMIMO, "frequency"}
    assert float(fields["frequency"]) == 28e9
    np.testing.assert_array_equal(fields["power"], deepmimo()["power"])
    before = path_digest(tmp_path / "city")
    params.write_text("{")
    with pytest.raises(CscsanetError, match=r"rt_params\.frequency: missing, or the file is damaged"):
        fields_of(tmp_path / "city")
    assert path_digest(tmp_path / "city") != before


def test_a_folder_must_hold_one_pair_of_transmitter_and_receivers(tmp_path):
    folder = tmp_path / "city"
    scenario(folder, power=None)
    assert "power: missing; add it to the other fields of DeepMIMO" in fault(folder)
    scenario(folder)
    scenario(folder, link="t001_tx001_r000")
    assert "holds 2 pairs of transmitter and receivers" in fault(folder)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "holds no files like power_t001_tx000_r000.npz" in fault(empty)
    again = tmp_path / "again"
    scenario(again)
    savemat(again / "power_t001_tx000_r000.mat", {"power": np.zeros((4, 3))})
    assert "power: there as .npz and as .mat" in fault(again)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (deepmimo(delay=None), "delay: missing; add it to the other fields of DeepMIMO"),
        (sionna(phi_r=None), "phi_r: missing; add it to the other fields of Sionna RT"),
        ({"h": np.zeros(3)}, "a: missing; must hold power, phase"),
        (deepmimo(tau=np.zeros((4, 3))), "holds power of DeepMIMO and tau of Sionna RT"),
        (deepmimo(power=np.zeros((4, 2))), "phase: of shape (4, 3), but power is (4, 2)"),
        (deepmimo(power=np.zeros(4)), "power: of shape (4): must be (positions, paths)"),
        (deepmimo(power=np.zeros((0, 3))), "power: of shape (0, 3): must be (positions, paths)"),
        (deepmimo(power=np.full((4, 3), "a")), "power: of type str32: must be real numbers"),
        (deepmimo(power=np.zeros((4, 3)) + 1j), "power: of type complex128: must be real numbers"),
        (deepmimo(phase=np.full((4, 3), np.inf)), "phase: holds an infinite value"),
        (deepmimo(frequency=np.array([1e9, 2e9])), "frequency: must be one number"),
        (
            sionna(a=np.zeros((2, 4, 1, 1, 1, 3))),
            "a: of type float64: must be complex; with Sionna RT save a[0]",
        ),
        (
            sionna(a=np.zeros((4, 2, 1, 1, 3)) + 1j),
            "a: of shape (4, 2, 1, 1, 3): must be (positions, paths), of one",
        ),
        (sionna(tau=np.zeros((4, 2, 3))), "tau: of shape (4, 2, 3)"),
        (sionna(valid=np.full((4, 3), 1.0)), "valid: of type float64: must be true and false"),
    ],
)
def test_a_fault_names_the_field_and_the_remedy(tmp_path, fields, says):
    path = tmp_path / "paths.npz"
    np.savez(path, **fields)
    assert says in fault(path)


def test_other_files_are_refused_with_the_remedy(tmp_path):
    path = tmp_path / "paths.mat"
    assert "no such file" in fault(path)
    with pytest.raises(CscsanetError, match="no such file"):
        path_digest(path)
    for content in (b"", b"PK", b"power = 3", b"MATLAB 5.0 MAT-file", b"\x00" * 200):
        path.write_bytes(content)
        assert "or neither .npz nor .mat; set channel.file" in fault(path)
    for content in (b"MATLAB 7.3 MAT-file, Platform: GLNXA64", b"\x89HDF\r\n\x1a\n"):
        path.write_bytes(content + b"\x00" * 512)
        assert "version 7.3 (HDF5), which is not read; save it again in MATLAB by save(..., '-v7')" in fault(
            path
        )


def test_pickled_objects_and_repeated_members_are_refused(tmp_path):
    path = tmp_path / "paths.npz"
    np.savez(path, **deepmimo(power=np.array([[{}] * 3] * 4, dtype=object)))
    assert "damaged" in fault(path)
