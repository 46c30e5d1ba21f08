"""The downlink of a BS to users of one antenna each: SINR, spectral efficiency, and precoders that know the channel.

    y_k = h_k^T sum over j of v_j x_j + noise,     sum over j of ||v_j||^2 = 1 on every subcarrier
    SINR_k = snr |h_k^T v_k|^2 / (snr sum over j != k of |h_k^T v_j|^2 + 1)

Axes: leading axes are batch, and can have subcarriers; K users, M antennas of the BS.
"""

import torch
from torch import Tensor

_TINY = 1e-30  # keeps the precoder of a silent channel finite


def unit_power(precoder: Tensor) -> Tensor:
    """Scale precoders (..., M, K) to a total power of one."""
    power = (precoder.real.square() + precoder.imag.square()).sum(dim=(-2, -1), keepdim=True)
    return precoder * (power + _TINY).rsqrt()


def sinr(channel: Tensor, precoder: Tensor, snr: Tensor) -> Tensor:
    """Return the SINR of each user (..., K).

    channel: h (..., K, M). precoder: V (..., M, K), of unit power. snr: of the whole transmit power at an antenna of a user,
    linear, (...).
    """
    received = channel @ precoder
    power = snr.unsqueeze(-1).unsqueeze(-1) * (received.real.square() + received.imag.square())
    wanted = power.diagonal(dim1=-2, dim2=-1)
    return wanted / (power.sum(dim=-1) - wanted + 1)


def sum_spectral_efficiency(channel: Tensor, precoder: Tensor, snr: Tensor) -> Tensor:
    """Return the sum over users of log2(1 + SINR) [bit/s/Hz] (...); see `sinr`.

    >>> channel, snr = torch.eye(2, 8) + 0j, torch.tensor(2.0)
    >>> sum_spectral_efficiency(channel, rzf(channel, snr), snr)
    tensor(2.)
    """
    return torch.log2(1 + sinr(channel, precoder, snr)).sum(dim=-1)


def rzf(channel: Tensor, snr: Tensor) -> Tensor:
    """Return regularised zero-forcing precoders (..., M, K), H^H (H H^H + K / snr I)^-1, of equal power for every user."""
    users = channel.shape[-2]
    gram = channel @ channel.mH
    load = (users / snr).to(gram.dtype).unsqueeze(-1).unsqueeze(-1)
    precoder = channel.mH @ torch.linalg.inv(gram + load * torch.eye(users, device=channel.device))
    return _equal_power(precoder)


def wmmse(channel: Tensor, snr: Tensor, iterations: int = 50) -> Tensor:
    """Return precoders (..., M, K) that maximise the sum spectral efficiency locally, from those of `rzf` on.

    Each iteration sets receivers and weights of the users, then the precoders (Shi et al., IEEE TSP 2011, with the power
    constraint inside the regularisation, so that no multiplier is searched). The sum spectral efficiency never falls.
    """
    precoder = rzf(channel, snr)
    noise = (1 / snr).unsqueeze(-1)
    eye = torch.eye(channel.shape[-2], device=channel.device)
    gram = channel @ channel.mH
    for _ in range(iterations):
        received = channel @ precoder
        power = received.real.square() + received.imag.square()
        wanted = received.diagonal(dim1=-2, dim2=-1)
        total = power.sum(dim=-1) + noise
        receiver = wanted.conj() / total
        weight = 1 / (1 - (receiver * wanted).real).clamp_min(1e-9)
        scale = weight * (receiver.real.square() + receiver.imag.square())
        # V = (H^H D H + t I)^-1 H^H U^H W = H^H (D H H^H + t I)^-1 U^H W, with D = scale, t = noise x sum of D.
        load = (noise * scale.sum(dim=-1, keepdim=True)).unsqueeze(-1)
        inner = scale.unsqueeze(-1) * gram + load * eye
        precoder = unit_power(
            channel.mH @ torch.linalg.solve(inner, torch.diag_embed(receiver.conj() * weight))
        )
    return precoder


def _equal_power(precoder: Tensor) -> Tensor:
    """Scale the precoder of every user (..., M, K) to an equal part of a total power of one."""
    power = (precoder.real.square() + precoder.imag.square()).sum(dim=-2, keepdim=True)
    return precoder * (precoder.shape[-1] * power + _TINY).rsqrt()
