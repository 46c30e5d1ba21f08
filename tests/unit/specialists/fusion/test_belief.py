"""Beliefs: how they age, LMMSE against its closed form, ports on known paths, and what feedback does to them."""

import math

import pytest
import torch

from cscsanet.channel.multiuser.carriers import max_doppler_hz
from cscsanet.channel.multiuser.downlink import rzf
from cscsanet.channel.multiuser.slnr import Belief, slnr_precoder
from cscsanet.specialists.fusion.link.belief import PathBelief, ports_on
from cscsanet.specialists.fusion.link.csirs import mixing, observe
from cscsanet.specialists.fusion.link.feedback import AmplitudeLaw, decode, encode, positions
from cscsanet.specialists.fusion.link.fused import PortObservations, expected_power, fused, observations


def test_fresh_srs_of_one_carrier_keep_their_estimate(see):
    seen = see(age_ms=0.0)
    torch.testing.assert_close(seen.belief.mean.flatten(0, 1), seen.srs_paths.gain)
    torch.testing.assert_close(seen.belief.covariance.flatten(0, 1), seen.srs_paths.covariance)


def test_the_moments_of_aged_gains_are_those_of_clarkes_model(see):
    seen = see(age_ms=0.3, rho=0.8)
    turns = float(max_doppler_hz(torch.tensor(120.0), 6.7)) * 0.3e-3
    kept = 0.8 * float(torch.special.bessel_j0(torch.tensor(2 * math.pi * turns)))
    estimate, covariance = seen.srs_paths.gain, seen.srs_paths.covariance
    torch.testing.assert_close(seen.belief.mean.flatten(0, 1), kept * estimate, rtol=1e-4, atol=1e-5)
    power = estimate.abs().square() + covariance.diagonal(dim1=1, dim2=2).real
    expected = 0.64 * power + 0.36 / 4
    torch.testing.assert_close(seen.belief.power.flatten(0, 1), expected, rtol=1e-3, atol=1e-5)


def test_a_belief_after_many_gains_is_right_on_average(see):
    seen = see(400, age_ms=0.3, rho=0.7, srs_snr_db=20.0)
    beams = seen.belief.steering.conj() / 32
    true = torch.einsum("bnkm,bklm->bkln", seen.drops.channel, beams)
    believed = torch.einsum(
        "bkl,bkln,bklm,bkpm->bkpn", *seen.belief[2:3], seen.belief.ramp, seen.belief.steering, beams
    )
    # What is not predicted is orthogonal to what is.
    left = ((true - believed) * believed.conj()).mean().real / believed.abs().square().mean()
    assert abs(float(left)) < 0.05


def test_lmmse_of_one_gain_is_the_closed_form():
    one = torch.ones(1, 1, 1, 1) + 0j
    belief = PathBelief(one, one, torch.tensor([[[2.0 + 0j]]]), 3 * one)
    after = belief.updated(2 * one, torch.tensor([[[10.0 + 0j]]]), torch.tensor([[[6.0]]]))
    # 2 + 3 x 2 / (4 x 3 + 6) x (10 - 4)
    torch.testing.assert_close(after.mean, torch.tensor([[[4.0 + 0j]]]))
    torch.testing.assert_close(after.covariance, (3 - 36 / 18) * one)


def test_ports_have_unit_power_and_receive_their_own_path(see):
    seen = see(srs_snr_db=30.0)
    ports = ports_on(seen.belief, 3)
    torch.testing.assert_close(ports.beam.abs().square().sum(dim=-1), torch.ones(40, 3, 3))
    torch.testing.assert_close(ports.ramp.abs(), torch.ones(40, 3, 3, 16))
    through = mixing(ports, seen.belief.steering, seen.belief.ramp)
    order = seen.belief.power.argsort(dim=-1, descending=True)[..., :3]
    own = through.gather(3, order.unsqueeze(-1)).squeeze(-1)
    torch.testing.assert_close(own, torch.full_like(own, 32**0.5), rtol=1e-4, atol=1e-4)


def test_what_ports_receive_is_the_channel_through_them(see):
    seen = see(srs_snr_db=40.0, age_ms=0.0, dl_snr_db=60.0)
    ports = ports_on(seen.belief, 4)
    received = observe(ports, seen.drops.channel, seen.conditions.dl_snr, seen.drops.noise)
    through = mixing(ports, seen.belief.steering, seen.belief.ramp)
    expected = (through @ seen.belief.mean.unsqueeze(-1)).squeeze(-1)
    error = (received - expected).abs().square().mean() / expected.abs().square().mean()
    assert error < 2e-3


def test_precoders_of_exact_beliefs_are_those_of_zero_forcing(see):
    seen = see(srs_snr_db=60.0, age_ms=0.0)
    reached = seen.spectral_efficiency(seen.belief.precoders(seen.load)).mean()
    snr = seen.conditions.dl_snr.unsqueeze(1).expand(-1, 16)
    bound = seen.spectral_efficiency(rzf(seen.drops.channel, snr)).mean()
    assert 0.97 * bound < reached <= bound * 1.001


def test_precoders_turn_with_the_delays_of_paths(see):
    seen = see(3)
    whole = seen.belief.precoders(seen.load)
    ramp = seen.belief.ramp[..., 5]
    at_five = Belief(
        seen.belief.steering,
        seen.belief.mean * ramp,
        ramp.unsqueeze(-1) * seen.belief.covariance * ramp.conj().unsqueeze(-2),
    )
    torch.testing.assert_close(whole[:, 5], slnr_precoder(at_five, seen.load), rtol=1e-3, atol=1e-4)


def test_many_bits_are_as_good_as_what_was_received(see):
    seen = see(dl_snr_db=20.0)
    ports = ports_on(seen.belief, 4)
    received = observe(ports, seen.drops.channel, seen.conditions.dl_snr, seen.drops.noise)
    through = mixing(ports, seen.belief.steering, seen.belief.ramp)
    law = AmplitudeLaw(seen.air.mean_power)
    reports = decode(encode(*positions(received, law), 84, phases_first=True), 4, phases_first=True)
    said = observations(reports, expected_power(seen.belief, through), law, seen.noise)
    by_bits = seen.spectral_efficiency(fused(seen.belief, through, said).precoders(seen.load)).mean()
    exact = seen.belief.updated(through, received, seen.noise.expand_as(received.real))
    by_signal = seen.spectral_efficiency(exact.precoders(seen.load)).mean()
    assert by_bits == pytest.approx(float(by_signal), rel=0.01)
    assert by_bits > 1.1 * seen.spectral_efficiency(seen.belief.precoders(seen.load)).mean()


def test_what_nothing_is_known_of_changes_nothing(see):
    seen = see(10)
    through = mixing(ports_on(seen.belief, 4), seen.belief.steering, seen.belief.ramp)
    law = AmplitudeLaw(seen.air.mean_power)
    reports = decode(torch.zeros(10, 3, 0), 4, phases_first=True)
    said = observations(reports, expected_power(seen.belief, through), law, seen.noise)
    # Of the first port the phase is the reference, which no precoder depends on.
    assert (said.value[..., 1:].abs() < 1e-3).all()
    assert (said.variance[..., 1:] > 100 * expected_power(seen.belief, through)[..., 1:]).all()


def test_where_nothing_is_predicted_observations_are_not_turned(see):
    seen = see(5)
    blank = PathBelief.blank(seen.belief.steering, seen.belief.ramp, 0.25)
    through = mixing(ports_on(seen.belief, 2), blank.steering, blank.ramp)
    value = torch.ones(5, 3, 2) + 0j
    after = fused(blank, through, PortObservations(value, torch.ones(5, 3, 2)))
    torch.testing.assert_close(after.mean, blank.updated(through, value, torch.ones(5, 3, 2)).mean)


def test_noise_of_csirs_has_the_power_of_one_over_snr_and_subcarriers(see):
    seen = see(400, dl_snr_db=3.0)
    ports = ports_on(seen.belief, 4)
    silent = torch.zeros_like(seen.drops.channel)
    received = observe(ports, silent, seen.conditions.dl_snr, seen.drops.noise)
    expected = 1 / (10**0.3 * seen.air.sector.subcarriers)
    assert received.abs().square().mean() == pytest.approx(expected, rel=0.05)
    assert float(seen.noise[0, 0, 0]) == pytest.approx(expected, rel=1e-5)


def test_what_many_bits_say_is_as_sure_as_the_noise_allows(see):
    seen = see(20)
    law = AmplitudeLaw(seen.air.mean_power)
    received = torch.full((20, 3, 2), 2.0) + 0j
    reports = decode(encode(*positions(received, law), 60, phases_first=True), 2, phases_first=True)
    said = observations(reports, torch.full((20, 3, 2), 4.0), law, seen.noise)
    # A digit of a part in a million is left of the quantiser.
    torch.testing.assert_close(said.variance, seen.noise.expand(20, 3, 2), rtol=0.05, atol=1e-5)


def test_a_phase_that_all_ports_of_a_user_share_changes_no_precoder(see):
    # Of fresh SRS the phases are known, those of paths without a port, too; a report has a phase of its own.
    seen = see(20, age_ms=0.0, srs_snr_db=0.0)
    ports = ports_on(seen.belief, 2)
    received = observe(ports, seen.drops.channel, seen.conditions.dl_snr, seen.drops.noise[..., :2])
    through = mixing(ports, seen.belief.steering, seen.belief.ramp)
    variance = seen.noise.expand(received.shape)
    turn = torch.polar(torch.ones(20, 3, 1), 6.28 * torch.rand(20, 3, 1))
    same, turned = (
        seen.spectral_efficiency(
            fused(seen.belief, through, PortObservations(value, variance)).precoders(seen.load)
        )
        for value in (received, received * turn)
    )
    torch.testing.assert_close(same, turned, rtol=1e-3, atol=1e-3)
