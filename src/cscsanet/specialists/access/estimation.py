"""The channels of the devices that are detected: LMMSE with the support that was found.

Axes: batch; K devices, L symbols, M antennas or beams.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class ChannelError(NamedTuple):
    """Energies over all devices and antennas of a drop, each (batch,): of the error, and of the channels."""

    error: Tensor
    energy: Tensor


def lmmse(received: Tensor, book: Tensor, power: Tensor) -> Tensor:
    """Return the estimates of sqrt(p_k) h_k (batch, K, M), with the signal's SNR in them.

    received: (batch, L, M), over noise of unit power. book: (K, L). power: that each device is believed to have, zero if it
    is not active: (batch, K), the same at all antennas. The estimate is diag(power) S^H Sigma^-1 Y, Sigma = S diag(power)
    S^H + I.
    """
    sent = book.mT * power.unsqueeze(1)
    covariance = sent.to(book.dtype) @ book.conj() + torch.eye(book.shape[1], device=book.device)
    estimate: Tensor = sent.to(book.dtype).mH @ torch.linalg.solve(covariance, received)
    return estimate


def channel_error(estimated: Tensor, true: Tensor) -> ChannelError:
    """Return the energies of which the NMSE is made. estimated, true: (batch, K, M); zero for devices that are not active.

    A device that is missed counts with its whole energy, a false alarm with that of its estimate.
    """
    wrong = (estimated - true).abs().square().sum(dim=(1, 2))
    return ChannelError(wrong, true.abs().square().sum(dim=(1, 2)))
