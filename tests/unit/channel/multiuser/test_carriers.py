"""Two links over the same paths: their power, what they share, how they age, and one path in closed form."""

import math

import pytest
import torch

from cscsanet.channel.multiuser.carriers import (
    SECTOR_DEG,
    Sector,
    downlink,
    draw_uplink,
    frequency_response,
    later,
    max_doppler_hz,
    phase_ramp,
)
from cscsanet.channel.paths import PathDrops


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


SECTOR = Sector(users=3, antennas=16, subcarriers=8, paths=4, max_delay=3.0, carrier_ghz=6.7)


def drawn(count=2_000, speed_kmh=120.0):
    return draw_uplink(count, SECTOR, torch.full((count,), speed_kmh), seeded())


def test_a_channel_has_unit_power_at_each_antenna_and_subcarrier():
    channel = frequency_response(drawn(), SECTOR)
    assert channel.shape == (2_000, 3, 8, 16)
    power = channel.abs().square().mean(dim=(0, 1))
    torch.testing.assert_close(power, torch.ones(8, 16), rtol=0.08, atol=0)


def test_paths_stay_within_the_sector_and_the_longest_delay():
    paths = drawn()
    edge = math.radians(SECTOR_DEG)
    assert paths.aoa.abs().max() <= edge
    assert paths.aoa.max() > 0.98 * edge
    assert 0 <= paths.delay.min() < 0.01
    assert 2.99 < paths.delay.max() <= 3.0


def test_one_path_is_a_plane_wave_with_a_delay():
    one = torch.ones(1, 1, 1)
    paths = PathDrops((2j * one).to(torch.complex64), 0 * one, 0.3 * one, 1.5 * one, 0 * one)
    channel = frequency_response(paths, SECTOR)[0, 0]
    n, m = torch.arange(8.0).unsqueeze(1), torch.arange(16.0)
    phase = -2 * math.pi * n * 1.5 / 8 + math.pi * m * math.sin(0.3)
    torch.testing.assert_close(channel, 2j * torch.polar(torch.ones_like(phase), phase), rtol=0, atol=1e-5)


@pytest.mark.parametrize("rho", [0.0, 0.6, 1.0])
def test_gains_of_the_links_have_their_correlation_and_unit_power(rho):
    uplink = drawn()
    paths = downlink(uplink, torch.full((2_000,), rho), seeded(1))
    correlation = (paths.gain * uplink.gain.conj()).mean()
    torch.testing.assert_close(correlation.real, torch.tensor(rho), rtol=0, atol=0.02)
    torch.testing.assert_close(paths.gain.abs().square().mean(), torch.tensor(1.0), rtol=0.03, atol=0)
    for name in ("aoa", "aod", "delay", "doppler"):
        assert getattr(paths, name) is getattr(uplink, name)


def test_on_one_carrier_and_without_age_the_links_are_the_same():
    uplink = drawn()
    paths = later(downlink(uplink, torch.ones(2_000), seeded(1)), torch.zeros(2_000))
    torch.testing.assert_close(frequency_response(paths, SECTOR), frequency_response(uplink, SECTOR))


def test_a_gain_that_ages_correlates_as_in_clarkes_model():
    before = drawn(20_000)
    after = later(before, torch.full((20_000,), 0.5e-3))
    fastest = 120 / 3.6 * 6.7e9 / 299_792_458
    torch.testing.assert_close(max_doppler_hz(torch.tensor(120.0), 6.7), torch.tensor(fastest))
    expected = torch.special.bessel_j0(torch.tensor(2 * math.pi * fastest * 0.5e-3))
    correlation = (after.gain * before.gain.conj()).mean() / before.gain.abs().square().mean()
    torch.testing.assert_close(correlation.real, expected, rtol=0, atol=0.01)
    torch.testing.assert_close(after.gain.abs(), before.gain.abs())


def test_who_stands_still_does_not_age():
    before = drawn(10, speed_kmh=0.0)
    assert not before.doppler.any()
    torch.testing.assert_close(later(before, torch.ones(10)).gain, before.gain)


def test_a_phase_ramp_of_some_subcarriers_is_a_part_of_that_of_all():
    delay = 3 * torch.rand((5, 2), generator=seeded())
    whole = phase_ramp(delay, torch.arange(8), 8)
    torch.testing.assert_close(phase_ramp(delay, torch.tensor([1, 5]), 8), whole[:, [1, 5]])
