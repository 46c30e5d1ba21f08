"""The search on SRS: paths that are known come back, and the error of the channel is that of a fit with known paths."""

import torch

from cscsanet.channel.multiuser.carriers import draw_uplink, frequency_response
from cscsanet.channel.multiuser.srs import receive_srs, sounded
from cscsanet.channel.steering import steering
from cscsanet.specialists.fusion.link.srs_search import Sounding, fitted, search, steering_of


def sounding(air, count):
    sector = air.sector
    places = sounded(sector.users, sector.subcarriers, air.comb).repeat(count, 1)
    return Sounding(places, sector.subcarriers, sector.max_delay)


def test_a_single_strong_path_is_found_with_its_angle_delay_and_gain(air, seeded):
    count = 20
    places = torch.arange(0, 16, 2).expand(count, -1)
    known = Sounding(places, 16, 4.0)
    sine = 1.6 * torch.rand((count, 1), generator=seeded()) - 0.8
    delay = 4 * torch.rand((count, 1), generator=seeded(1))
    gain = torch.full((count, 1), 100.0 + 50j)
    received = (gain.unsqueeze(-1).unsqueeze(-1) * known.response(sine, delay, 32)).squeeze(1)
    paths = search(received, known, 1, torch.full((count,), 1e4))
    torch.testing.assert_close(paths.sine, sine, rtol=0, atol=2e-4)
    torch.testing.assert_close(paths.delay, delay, rtol=0, atol=5e-3)
    torch.testing.assert_close(paths.gain, gain, rtol=0, atol=2.0)


def test_the_error_of_the_channel_is_near_that_of_known_paths(air, seeded):
    count, sector = 60, air.sector
    uplink = draw_uplink(count, sector, torch.zeros(count), seeded())
    channel = frequency_response(uplink, sector)
    snr = torch.full((count,), 10.0)
    received = receive_srs(channel, air.comb, torch.full((count,), 10.0), seeded(1)).flatten(0, 1)
    power = snr.repeat_interleave(sector.users) / sector.paths
    known = sounding(air, count)
    true = known.response(uplink.aoa.sin().flatten(0, 1), uplink.delay.flatten(0, 1), sector.antennas)
    bound, _ = fitted(received, true, power)
    paths = search(received, known, sector.paths, power)

    def error(gain, response):
        estimate = (gain.unsqueeze(1) @ response.flatten(2)).squeeze(1)
        exact = receive_srs(channel, air.comb, torch.full((count,), 200.0), seeded(1)).flatten(0, 1) / 10**9.5
        return (estimate - exact.flatten(1)).abs().square().mean()

    ours = error(paths.gain, known.response(paths.sine, paths.delay, sector.antennas))
    # Angles and delays are unknown, too: three real numbers and a complex one in place of a complex one.
    assert ours < 4 * error(bound, true)


def test_the_posterior_of_gains_is_the_closed_form_of_one_path(air, seeded):
    known = Sounding(torch.arange(8).expand(1, -1), 16, 4.0)
    response = known.response(torch.tensor([[0.3]]), torch.tensor([[1.0]]), 32)
    received = 3 * response.squeeze(1)
    gain, covariance = fitted(received, response, torch.tensor([2.0]))
    energy = 8 * 32
    torch.testing.assert_close(gain.real, torch.tensor([[3 * energy / (energy + 0.5)]]))
    torch.testing.assert_close(covariance.real, torch.tensor([[[1 / (energy + 0.5)]]]))


def test_steering_by_sines_is_that_by_angles(seeded):
    angle = 2 * torch.rand(7, generator=seeded()) - 1
    torch.testing.assert_close(steering_of(angle.sin(), 16), steering(angle, 16), rtol=0, atol=1e-4)
