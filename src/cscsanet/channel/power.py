"""The power constraints of a UE: on the whole block, eq. (20), and on every resource element, eq. (2).

    block      sum of ||F s||^2 = N_c T P_t; a single element may have any power
    element    the same sum, and ||F s||^2 <= P_t in each element, so that all of them have P_t
    peak3db    the same sum, and ||F s||^2 <= 2 P_t in each element

Where a limit leaves some of the energy without a place, since few elements are used, the sum is smaller.

Axes: leading axes are batch; T OFDM symbols, N_c subcarriers, S streams, N_t antennas. P_t = 1.
"""

import math
from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

ElementPower = Literal["block", "element", "peak3db"]
PEAKS: Mapping[str, float] = {"block": math.inf, "element": 1.0, "peak3db": 2.0}  # of P_t
_MIN_ENERGY = 1e-20  # keeps an all-zero block zero instead of NaN


def normalise_block(
    streams: Tensor, precoder: Tensor, used: Tensor | None = None, element_power: ElementPower = "block"
) -> Tensor:
    """Scale streams so that F s has energy N_c T over the block, 1 per element; eq. (20).

    streams: (..., T, N_c, S) of the T symbols that are sent. precoder: F (..., N_t, S).
    used: bool, broadcastable to (..., T, N_c): unused resource elements are zeroed, and the block's
    energy is the number of used ones. element_power: the limit of each element.

    >>> precoder = torch.ones(8, 2) + 0j
    >>> streams = normalise_block(torch.ones(4, 16, 2) + 0j, precoder)
    >>> round(float((streams @ precoder.mT).abs().square().sum()), 3)
    64.0
    """
    elements: float | Tensor = float(streams.shape[-3] * streams.shape[-2])
    if used is not None:
        streams = streams * used.unsqueeze(-1)
        elements = used.expand(streams.shape[:-1]).sum(dim=(-2, -1)).to(streams.real.dtype)
    if element_power != "block":
        return limit_elements(streams, precoder, elements, element_power)
    radiated = torch.view_as_real(streams.flatten(-3, -2) @ precoder.mT)
    energy = radiated.square().sum(dim=(-3, -2, -1))
    scale = (elements / energy.clamp_min(_MIN_ENERGY)).sqrt()
    return streams * scale[..., None, None, None]


def limit_elements(
    streams: Tensor, precoder: Tensor, energy: float | Tensor, element_power: ElementPower
) -> Tensor:
    """Scale streams to an energy of the block, with no element above the limit.

    The strongest elements are scaled down to the limit, and all others up by one common factor. Phases and
    the ratios of the streams in an element stay as they are. energy: (...) of F s over the block, for P_t = 1.

    >>> streams = limit_elements(torch.tensor([[[3.0], [1.0], [1.0]]]) + 0j, torch.ones(1, 1) + 0j, 3.0, "peak3db")
    >>> streams.abs().square().squeeze(-1)
    tensor([[2.0000, 0.5000, 0.5000]])
    """
    peak = PEAKS[element_power]
    radiated = torch.view_as_real(streams.flatten(-3, -2) @ precoder.mT)
    power = radiated.square().sum(dim=(-2, -1))
    if element_power == "element":
        factor = power.clamp_min(_MIN_ENERGY).rsqrt()
        return streams * (factor * (power > 0)).reshape(*streams.shape[:-1], 1)
    total = torch.as_tensor(energy, dtype=power.dtype, device=power.device)
    total = torch.minimum(total, peak * (power > 0).sum(dim=-1)).unsqueeze(-1)
    with torch.no_grad():
        # With the m strongest elements at the limit, the others share the rest. m is the least number with
        # which none of the others is above it.
        ordered = power.sort(dim=-1, descending=True).values
        rest = ordered.flip(-1).cumsum(-1).flip(-1)
        limited = torch.arange(power.shape[-1], device=power.device)
        common = (total - peak * limited) / rest.clamp_min(_MIN_ENERGY)
        # Where all elements with power are at the limit, nothing is left for the others.
        fits = (common * ordered <= peak * (1 + 1e-5)) | (common <= 0)
        count = fits.to(torch.int8).argmax(dim=-1, keepdim=True)
        threshold = ordered.gather(-1, count)
    is_limited = power > threshold
    free = torch.where(is_limited, 0.0, power).sum(dim=-1, keepdim=True)
    common = (total - peak * is_limited.sum(dim=-1, keepdim=True)).clamp_min(0) / free.clamp_min(_MIN_ENERGY)
    factor = torch.where(is_limited, peak / power.clamp_min(_MIN_ENERGY), common.expand_as(power)).sqrt()
    return streams * factor.reshape(*streams.shape[:-1], 1)


def peak_to_average_db(streams: Tensor, precoder: Tensor, oversampling: int = 4) -> Tensor:
    """Return the PAPR [dB] of each OFDM symbol at each antenna, (..., T, N_t).

    The time signal is the inverse DFT of the N_c subcarriers, oversampled as usual for PAPR. Symbols
    without power have none (NaN).

    >>> streams = torch.ones(1, 16, 1) + 0j  # all subcarriers in phase: PAPR N_c
    >>> peak_to_average_db(streams, torch.ones(1, 1) + 0j)  # 10 log10 16
    tensor([[12.0412]])
    """
    samples = torch.fft.ifft(
        (streams @ precoder.mT.unsqueeze(-3)).mT, n=oversampling * streams.shape[-2], dim=-1
    )
    power = samples.abs().square()
    papr: Tensor = 10 * (power.amax(dim=-1) / power.mean(dim=-1)).log10()
    return papr
