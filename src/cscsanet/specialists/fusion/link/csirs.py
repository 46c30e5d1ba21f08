"""CSI-RS ports for each user: a beam and the phases over subcarriers that make up for a delay (TS 38.214, 5.2.2.2.6).

    y[k, p] = mean over n of conj(f_p[n]) h_dl[k, n]^T w_p + noise / sqrt(snr N_c)

Each port has unit power and elements of its own, so a port is received without the others.

Axes: batch; K users, N_c subcarriers, M antennas, P ports of a user, L paths that the SRS showed.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Ports(NamedTuple):
    """beam: w (batch, K, P, M), of unit norm. ramp: f (batch, K, P, N_c), of unit modulus."""

    beam: Tensor
    ramp: Tensor


def observe(ports: Ports, channel: Tensor, snr: Tensor, noise: Tensor) -> Tensor:
    """Return y (batch, K, P). channel: (batch, N_c, K, M). snr: (batch,), linear. noise: CN(0, 1), (batch, K, P)."""
    through = torch.einsum("bnkm,bkpm->bkpn", channel, ports.beam)
    mean = (ports.ramp.conj() * through).mean(dim=-1)
    return mean + noise / (snr * channel.shape[1]).sqrt().reshape(-1, 1, 1)


def mixing(ports: Ports, steering: Tensor, ramp: Tensor) -> Tensor:
    """Return what each port receives of a path of gain one (batch, K, P, L).

    steering: of the paths (batch, K, L, M). ramp: their phases over subcarriers (batch, K, L, N_c).
    """
    over_band = ports.ramp.conj() @ ramp.mT / ramp.shape[-1]
    return over_band * (ports.beam @ steering.mT)
