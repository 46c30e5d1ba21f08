"""Array responses of half-wavelength uniform linear arrays, eqs. (7)-(8)."""

import math

import torch
from torch import Tensor


def steering(angle: Tensor, antennas: int) -> Tensor:
    """Return exp(j pi m sin(angle)), m = 0..antennas-1, of shape (..., antennas), complex64.

    angle: (...) [rad]. The entries have unit modulus: the 1/sqrt(N) of eqs. (7)-(8) is left out at both ends,
    because the channel's entries have unit mean power here, H = sqrt(N_t N_r / L_p) * sum(...) with the
    paper's unit-norm vectors. Eq. (6) to the letter gives ||H||_F^2 = 1 on average, which carries 0.005
    bit per resource element at -25 dB: no system works there.
    """
    elements = torch.arange(antennas, dtype=torch.float64, device=angle.device)
    half_turns = torch.sin(angle.double()).unsqueeze(-1) * elements
    return unit_phasor(half_turns / 2)


def unit_phasor(turns: Tensor) -> Tensor:
    """Return exp(j 2 pi turns), complex64, of phases given in whole turns.

    The phase is wrapped in float64 before it is rounded, so that many turns cost no precision.
    """
    turns = turns.double()
    phase = (2 * math.pi * (turns - turns.detach().round())).float()
    return torch.complex(torch.cos(phase), torch.sin(phase))
