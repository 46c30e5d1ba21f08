"""Sounding reference signals: the comb, the SNR, and the noise."""

import torch

from cscsanet.channel.multiuser.srs import receive_srs, sounded


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_users_take_the_offsets_of_the_comb_in_turn():
    assert sounded(3, 8, 2).tolist() == [[0, 2, 4, 6], [1, 3, 5, 7], [0, 2, 4, 6]]
    assert sounded(2, 4, 1).tolist() == [[0, 1, 2, 3]] * 2


def test_a_strong_srs_is_the_channel_of_the_sounded_subcarriers():
    channel = torch.randn((2, 3, 8, 4), generator=seeded(), dtype=torch.complex64)
    heard = receive_srs(channel, 4, torch.tensor([100.0, 120.0]), seeded(1))
    assert heard.shape == (2, 3, 2, 4)
    for user in range(3):
        expected = channel[:, user, user::4] * torch.tensor([1e5, 1e6]).reshape(2, 1, 1)
        torch.testing.assert_close(heard[:, user], expected, rtol=1e-3, atol=10.0)


def test_the_noise_has_unit_power_whatever_the_snr():
    heard = receive_srs(torch.zeros(40, 2, 16, 8) + 0j, 2, torch.full((40,), 30.0), seeded())
    torch.testing.assert_close(heard.abs().square().mean(), torch.tensor(1.0), rtol=0.05, atol=0)
