"""Drops from positions of a file: geometry in closed form, parts without a common position, faults."""

import math

import numpy as np
import pytest
import torch

from cscsanet.channel.positions import SHARES, part_of, position_drops, read_positions
from cscsanet.channel.response import materialise
from cscsanet.channel.sources import open_source
from cscsanet.config.channel_notes import SPEED_OF_LIGHT, sample_duration_ns
from cscsanet.errors import CscsanetError

CARRIER = 28.0


def write(path, positions=20, owner="DeepMIMO", **changes):
    """Write a file of two paths a position; `changes` replace fields, None removes one."""
    values = np.random.default_rng(5)

    def uniform(low, high):
        return values.uniform(low, high, (positions, 2))

    if owner == "DeepMIMO":
        fields = {"power": uniform(-110, -90), "phase": uniform(-180, 180), "delay": uniform(2e-7, 9e-7)}
        fields |= {f"{angle}_az": uniform(-180, 180) for angle in ("aod", "aoa")}
        fields |= {f"{angle}_el": uniform(40, 140) for angle in ("aod", "aoa")}
    else:
        fields = {"a": uniform(-1, 1) + 1j * uniform(-1, 1), "tau": uniform(2e-7, 9e-7)}
        fields |= {f"phi_{end}": uniform(-math.pi, math.pi) for end in "tr"}
        fields |= {f"theta_{end}": uniform(0.5, 2.5) for end in "tr"}
    fields = {name: value for name, value in (fields | changes).items() if value is not None}
    np.savez(path, **fields)
    return fields


def fault(path, **values):
    with pytest.raises(CscsanetError) as caught:
        read_positions(path, CARRIER, **values)
    assert str(caught.value).startswith(str(path))
    return str(caught.value)


def response(gains, delays, at_bs, at_ue, params):
    """Return H (N_c, N_r, N_t) of one position by the sum over paths of the downlink, transposed."""
    n, bs, ue = (np.arange(size) for size in (params.subcarriers, params.bs_antennas, params.ue_antennas))
    spacing = 1e9 / (params.subcarriers * sample_duration_ns(params))
    total = np.zeros((len(n), len(bs), len(ue)), complex)
    for gain, delay, u_bs, u_ue in zip(gains, delays, at_bs, at_ue, strict=True):
        phase = np.exp(-2j * np.pi * n * spacing * delay)
        total += gain * (
            phase[:, None, None] * np.exp(1j * np.pi * u_bs * bs)[:, None] * np.exp(1j * np.pi * u_ue * ue)
        )
    return total


@pytest.mark.parametrize("owner", ["DeepMIMO", "Sionna RT"])
def test_drops_have_the_response_of_the_paths_of_their_positions(tmp_path, smoke, owner):
    params = smoke.channel.model_copy(update={"bs_antennas": 6, "ue_antennas": 3, "subcarriers": 5})
    fields = write(tmp_path / "a.npz", 2, owner)
    if owner == "DeepMIMO":
        gains = 10 ** (fields["power"] / 20) * np.exp(1j * np.deg2rad(fields["phase"]))
        delays, names = fields["delay"], ("aod_el", "aod_az", "aoa_el", "aoa_az")
        angles = [np.deg2rad(fields[name]) for name in names]
    else:
        gains = fields["a"] * np.exp(-2j * np.pi * CARRIER * 1e9 * fields["tau"])
        delays, angles = fields["tau"], [fields[name] for name in ("theta_t", "phi_t", "theta_r", "phi_r")]
    at_bs, at_ue = np.sin(angles[0]) * np.sin(angles[1]), np.sin(angles[2]) * np.sin(angles[3])
    delays = delays - delays.min(axis=1, keepdims=True)
    positions = read_positions(tmp_path / "a.npz", CARRIER)
    source = open_source(params.model_copy(update={"source": "paths", "file": "a.npz"}), tmp_path)
    drops = source.draw(3, torch.Generator().manual_seed(1))
    assert len(positions) == 2
    ours = materialise(drops, torch.tensor([0]), params)[:, :, 0].numpy()
    for drop in ours:
        found = []
        for user in drop:
            errors = []
            for position in range(2):
                wanted = response(gains[position], delays[position], at_bs[position], at_ue[position], params)
                wanted /= np.sqrt((np.abs(gains[position]) ** 2).sum())
                errors.append(np.abs(user - wanted).max())
            found.append(int(np.argmin(errors)))
            assert min(errors) < 1e-4
        # The two UEs of a drop are at two positions.
        assert sorted(found) == [0, 1]


def test_a_path_along_the_array_axis_arrives_at_ninety_degrees(tmp_path, smoke):
    degrees = {"aod_az": 90.0, "aod_el": 90.0, "aoa_az": 0.0, "aoa_el": 60.0}
    write(tmp_path / "a.npz", 2, **{name: np.full((2, 2), value) for name, value in degrees.items()})
    drops = position_drops(
        read_positions(tmp_path / "a.npz", CARRIER), torch.arange(2), 1, smoke.channel, torch.Generator()
    )
    torch.testing.assert_close(drops.aoa, torch.full_like(drops.aoa, math.pi / 2))
    torch.testing.assert_close(drops.aod, torch.zeros_like(drops.aod))


def test_absent_paths_have_no_gain_and_positions_without_a_path_are_counted(tmp_path):
    present = np.ones((20, 2), bool)
    present[3], present[5, 0] = False, False
    gone = np.where(present, 0.0, np.nan)
    fields = write(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", **{name: values + gone for name, values in fields.items()})
    positions = read_positions(tmp_path / "a.npz", CARRIER)
    assert (len(positions), positions.empty, positions.gain.shape) == (19, 1, (19, 2))
    assert positions.gain[4].abs().tolist() == pytest.approx([1.0, 0.0])
    assert positions.delay.amin(dim=1).eq(0).all()

    write(tmp_path / "b.npz", owner="Sionna RT", valid=present)
    write(tmp_path / "c.npz", owner="Sionna RT", tau=np.where(present, 3e-7, -1.0))
    for name in "bc":
        positions = read_positions(tmp_path / f"{name}.npz", CARRIER)
        assert (len(positions), positions.empty) == (19, 1)


def test_strongest_paths_come_first(tmp_path):
    write(tmp_path / "a.npz", power=np.tile([-120.0, -80.0], (20, 1)), delay=np.tile([2e-7, 3e-7], (20, 1)))
    positions = read_positions(tmp_path / "a.npz", CARRIER)
    torch.testing.assert_close(positions.gain.abs(), torch.tensor([[1.0, 0.01]]).double().expand(20, 2))
    torch.testing.assert_close(positions.delay, torch.tensor([[1e-7, 0.0]]).double().expand(20, 2))


def test_parts_share_no_position_and_have_them_all(tmp_path):
    write(tmp_path / "a.npz", 57)
    positions = read_positions(tmp_path / "a.npz", CARRIER)
    parts = [set(part_of(positions, part).tolist()) for part in SHARES]
    assert sum(map(len, parts)) == 57
    assert set.union(*parts) == set(range(57)) == set(part_of(positions, None).tolist())
    write(tmp_path / "few.npz", 8)
    with pytest.raises(CscsanetError, match="8 positions with paths leave 0 for the part test"):
        part_of(read_positions(tmp_path / "few.npz", CARRIER), "test")


def test_doppler_is_the_file_s_or_drawn_from_speed_and_heading(tmp_path, smoke):
    shifts = np.arange(40.0).reshape(20, 2)
    write(tmp_path / "a.npz", doppler=shifts)
    positions = read_positions(tmp_path / "a.npz", CARRIER)
    draw = (torch.arange(20), 30, smoke.channel)
    drops = position_drops(positions, *draw, torch.Generator().manual_seed(1))
    assert {tuple(sorted(pair)) for pair in drops.doppler.flatten(0, 1).tolist()} <= set(map(tuple, shifts))
    still, fast = (
        position_drops(positions, *draw, torch.Generator().manual_seed(1), speed_kmh=speed)
        for speed in (0.0, 90.0)
    )
    assert float(still.doppler.abs().max()) == 0
    largest = 90 / 3.6 * CARRIER * 1e9 / SPEED_OF_LIGHT
    assert 0.5 * largest < float(fast.doppler.abs().max()) <= largest * (1 + 1e-6)
    assert torch.equal(still.gain, fast.gain)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"aod_el": np.full((20, 2), -5.0)},
            "aod_el = -5: must be 0 to 180 (degrees, as DeepMIMO's, from the +z axis)",
        ),
        ({"aoa_az": np.full((20, 2), 400.0)}, "aoa_az = 400: must be -360 to 360"),
        (
            {name: np.full((20, 2), 1.5) for name in ("aod_el", "aoa_el")},
            "no value above 3.1416, as if in radians",
        ),
        ({"delay": np.full((20, 2), 300.0)}, "delay = 300: must be at most 1 s; convert it"),
        ({"delay": np.full((20, 2), -1e-7)}, "delay: holds a negative value"),
        ({"power": np.full((20, 2), 1e4)}, "power = 10000: must be at most 200 dBW"),
        ({"power": np.full((20, 2), np.nan)}, "no position has a path"),
        ({"power": np.full((20, 2), -np.inf)}, "no position has a path"),
        ({"frequency": np.array(3.5e9)}, "traced at 3.5 GHz, but params.yaml says channel.carrier_ghz = 28"),
    ],
)
def test_values_of_another_unit_are_refused(tmp_path, changes, says):
    write(tmp_path / "a.npz", **changes)
    assert says in fault(tmp_path / "a.npz")


def test_degrees_under_sionna_s_names_are_refused(tmp_path):
    write(tmp_path / "a.npz", owner="Sionna RT", theta_r=np.full((20, 2), 80.0))
    assert "theta_r = 80: must be 0 to 3.142 (radians, as Sionna's, from the +z axis)" in fault(
        tmp_path / "a.npz"
    )
    write(tmp_path / "a.npz", owner="Sionna RT", phi_t=np.full((20, 2), 80.0))
    assert "phi_t = 80: must be -6.283 to 6.283" in fault(tmp_path / "a.npz")
