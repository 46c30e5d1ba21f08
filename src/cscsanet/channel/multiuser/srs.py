"""Sounding reference signals: what a BS receives of each user's SRS (3GPP TS 38.211, 6.4.1.4).

A user sounds every c-th subcarrier of a comb. Users take the comb's offsets in turn, and those of one offset take turns in
time, so each is received without the others. The SRS of all users count as of one age:

    y[k, i] = sqrt(snr) h_ul[k, n_i] + noise of unit power,    n_i = k mod c + c i

Axes: batch; K users, N_s sounded subcarriers, N_c subcarriers, M antennas of the BS.
"""

import torch
from torch import Tensor

from cscsanet.channel.noise import complex_normal


def sounded(users: int, subcarriers: int, comb: int) -> Tensor:
    """Return the subcarriers n that each user sounds (K, N_s). comb: c, which divides the number of subcarriers.

    >>> sounded(2, 6, 2)
    tensor([[0, 2, 4],
            [1, 3, 5]])
    """
    assert subcarriers % comb == 0
    return torch.arange(users).unsqueeze(1) % comb + torch.arange(0, subcarriers, comb)


def receive_srs(channel: Tensor, comb: int, snr_db: Tensor, generator: torch.Generator) -> Tensor:
    """Return what the BS receives (batch, K, N_s, M), complex64, over noise of unit power.

    channel: h_ul (batch, K, N_c, M). snr_db: of a user at one antenna and subcarrier, (batch,).

    >>> receive_srs(torch.ones(3, 4, 16, 64) + 0j, 2, torch.zeros(3), generator).shape
    torch.Size([3, 4, 8, 64])
    """
    places = sounded(channel.shape[1], channel.shape[2], comb).to(channel.device)
    index = places[None, :, :, None].expand(channel.shape[0], -1, -1, channel.shape[3])
    sounding = channel.gather(2, index)
    amplitude = (10 ** (snr_db / 20)).reshape(-1, 1, 1, 1)
    return amplitude * sounding + complex_normal(tuple(sounding.shape), generator, channel.device)
