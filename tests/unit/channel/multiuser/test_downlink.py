"""The downlink: SINR by hand, power, regularised zero forcing and WMMSE against closed forms and each other."""

import pytest
import torch

from cscsanet.channel.multiuser.downlink import rzf, sinr, sum_spectral_efficiency, unit_power, wmmse


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def channels(users=4, antennas=8, count=50):
    return torch.randn((count, users, antennas), generator=seeded(), dtype=torch.complex64)


def power(precoder):
    return precoder.abs().square().sum(dim=(-2, -1))


def test_the_sinr_of_two_users_by_hand():
    channel = torch.tensor([[1.0, 0.0], [0.6, 0.8]]) + 0j
    precoder = torch.tensor([[0.6, 0.0], [0.0, 0.8]]) + 0j
    # User 1 receives .6 x its signal alone; user 2 receives .64 of its own and .36 of the other's.
    expected = torch.tensor([10 * 0.36, 10 * 0.4096 / (10 * 0.1296 + 1)])
    torch.testing.assert_close(sinr(channel, precoder, torch.tensor(10.0)), expected)


@pytest.mark.parametrize("snr_db", [-10.0, 10.0, 30.0])
def test_precoders_have_unit_power(snr_db):
    channel, snr = channels(), torch.full((50,), 10 ** (snr_db / 10))
    for precoder in (rzf(channel, snr), wmmse(channel, snr), unit_power(channel.mT)):
        torch.testing.assert_close(power(precoder), torch.ones(50))


def test_a_single_user_gets_all_of_the_array_gain():
    channel, snr = channels(users=1), torch.full((50,), 2.0)
    expected = torch.log2(1 + 2 * channel.abs().square().sum(dim=(1, 2)))
    for precoder in (rzf(channel, snr), wmmse(channel, snr)):
        torch.testing.assert_close(sum_spectral_efficiency(channel, precoder, snr), expected)


def test_zero_forcing_is_the_limit_of_high_snr():
    channel = channels(users=3)
    received = channel @ rzf(channel, torch.full((50,), 1e8))
    leaked = received - torch.diag_embed(received.diagonal(dim1=1, dim2=2))
    assert leaked.abs().max() < 1e-3


def test_matched_filters_are_the_limit_of_low_snr():
    channel = channels(users=3)
    precoder = rzf(channel, torch.full((50,), 1e-6))
    expected = channel.conj().mT / channel.norm(dim=2).unsqueeze(1) / 3**0.5
    torch.testing.assert_close(precoder, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("snr_db", [-5.0, 10.0, 20.0])
def test_wmmse_never_falls_and_is_above_regularised_zero_forcing(snr_db):
    channel, snr = channels(users=6), torch.full((50,), 10 ** (snr_db / 10))
    last = sum_spectral_efficiency(channel, rzf(channel, snr), snr)
    first = last
    for iterations in (1, 2, 4, 8, 16, 32):
        now = sum_spectral_efficiency(channel, wmmse(channel, snr, iterations), snr)
        assert (now >= last - 2e-3).all()
        last = now
    assert (last - first).mean() > 0.02
