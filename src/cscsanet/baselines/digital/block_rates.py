"""Rates of codes of finite length over a block of resource elements with known SINRs.

The normal approximation for complex Gaussian codewords of equal energy (Polyanskiy, Poor and Verdu, IEEE
Trans. Inf. Theory 56(5), 2010, for parallel channels), with n elements of SINR rho_e:

    C = sum over e of log2(1 + rho_e),   V = (log2 e)^2 sum over e of (1 - (1 + rho_e)^-2)
    bits = C - sqrt(V) Q^-1(error) + 1/2 log2 n,  from 0 to C

The information density of a codeword s that a mismatched receiver detects as s_hat = q s + n, with
n ~ CN(0, q (1 - q)) in its belief: the likelihood of s over the mean likelihood of all codewords [bit].
The more it exceeds the number of a block's bits, the less likely another codeword is taken for the sent one.

Axes: n elements of a block, last.
"""

import math

import torch
from torch import Tensor

_MOST = 1 - 1e-6  # of q: keeps the belief proper where there is no noise


def capacity(sinr: Tensor) -> Tensor:
    """Return C (...) of SINRs (..., n)."""
    total: Tensor = torch.log2(1 + sinr.double()).sum(dim=-1)
    return total


def dispersion(sinr: Tensor) -> Tensor:
    """Return V (...) of SINRs (..., n)."""
    total: Tensor = (1 - (1 + sinr.double()) ** -2).sum(dim=-1)
    return total / math.log(2) ** 2


def normal_approximation(sinr: Tensor, error: float) -> Tensor:
    """Return the number of bits (...) that arrive but for an error rate, of SINRs (..., n)."""
    backoff = torch.special.ndtri(torch.tensor(1 - error, dtype=torch.float64)).to(sinr.device)
    most = capacity(sinr)
    bits: Tensor = most - dispersion(sinr).sqrt() * backoff + 0.5 * math.log2(sinr.shape[-1])
    # The last term is of long blocks: in short ones at a low SINR it alone would exceed capacity.
    return bits.clamp_min(0).minimum(most)


def block_error(sinr: Tensor, bits: Tensor) -> Tensor:
    """Return the error rate (...) of blocks of `bits` (...) over SINRs (..., n), by the normal approximation."""
    spare = capacity(sinr) - bits + 0.5 * math.log2(sinr.shape[-1])
    error: Tensor = torch.special.ndtr(-spare / dispersion(sinr).sqrt().clamp_min(1e-9))
    return error


def information_density(sent: Tensor, detected: Tensor, gain: Tensor) -> Tensor:
    """Return the information density (...) [bit] of codewords.

    sent, detected: s and s_hat (..., n), complex. gain: q (..., n), real, in [0, 1).
    """
    q = gain.double().clamp(1e-9, _MOST)
    error = (detected - gain * sent).abs().double().square() / (q * (1 - q))
    energy = detected.abs().double().square() / q
    return (-torch.log1p(-q) + energy - error).sum(dim=-1) / math.log(2)
