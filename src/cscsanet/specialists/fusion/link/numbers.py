"""What networks see of paths, ports and conditions: numbers of about one.

Axes: batch; K users, L paths, P ports of a user.
"""

import math

import torch
from torch import Tensor

from cscsanet.specialists.fusion.link.belief import PathBelief
from cscsanet.specialists.fusion.link.feedback import PortReports
from cscsanet.specialists.fusion.link.operating_point import Conditions
from cscsanet.specialists.fusion.link.seen import Air

OF_PATH, OF_PORT, OF_BOTH, OF_CONDITIONS = 7, 7, 4, 7
_LOG_SCALE, _DB_SCALE = 3.0, 20.0
_LEAST = 1e-9


def numbers_of_paths(belief: PathBelief, exists: Tensor) -> Tensor:
    """Return (batch, K, L, OF_PATH). exists: probability of each path to be one."""
    overlap = belief.steering @ belief.steering.mH
    shared = overlap.real.square() + overlap.imag.square()
    return path_numbers(belief.power, shared, belief.steering.shape[-1], exists)


def path_numbers(power: Tensor, shared: Tensor, antennas: int, exists: Tensor) -> Tensor:
    """Return them of powers (batch, K, L). shared: |a^H a'|^2 of two paths (batch, K, L, L)."""
    power = power.clamp_min(_LEAST).log()
    overlap = (shared + _LEAST).sqrt() / antennas
    overlap = overlap - torch.eye(overlap.shape[-1], device=overlap.device)
    numbers = (
        power / _LOG_SCALE,
        (power - power.amax(dim=-1, keepdim=True)) / _LOG_SCALE,
        (power - power.mean(dim=-1, keepdim=True)) / _LOG_SCALE,
        exists.logit() / _LOG_SCALE,
        overlap.amax(dim=-1),
        torch.linspace(0, 1, power.shape[-1], device=power.device).expand_as(power),
        torch.logsumexp(power, dim=-1, keepdim=True).expand_as(power),
    )
    return torch.stack(numbers, dim=-1)


def numbers_of_ports(air: Air, reports: PortReports, conditions: Conditions) -> Tensor:
    """Return (batch, K, P, OF_PORT), of what a UE reports."""
    turn = 2 * math.pi * reports.phase
    noise = 1 / (conditions.dl_snr * air.sector.subcarriers)
    numbers = (
        turn.cos(),
        turn.sin(),
        reports.phase_width,
        reports.amplitude,
        reports.amplitude_width,
        (noise.log() / 5).reshape(-1, 1, 1).expand_as(turn),
        torch.full_like(turn, turn.shape[-1] / air.sector.paths),
    )
    return torch.stack(numbers, dim=-1)


def numbers_of_both(before: PathBelief, after: PathBelief) -> Tensor:
    """Return (batch, K, L, OF_BOTH), of beliefs before and after feedback."""
    variance = after.covariance.diagonal(dim1=-2, dim2=-1).real
    return both_numbers(before.power, after.power, variance)


def both_numbers(before: Tensor, after: Tensor, variance: Tensor) -> Tensor:
    """Return them of powers, and of variances after feedback, (batch, K, L) each."""
    old, new = (power.clamp_min(_LEAST).log() for power in (before, after))
    share = variance / after.clamp_min(_LEAST)
    return torch.stack(
        (new / _LOG_SCALE, share, old / _LOG_SCALE, (new - old).clamp(-7, 7) / _LOG_SCALE), dim=-1
    )


def numbers_of_conditions(air: Air, conditions: Conditions, like: Tensor) -> Tensor:
    """Return (batch, K, T, OF_CONDITIONS). like: tokens (batch, K, T, numbers)."""
    return of_conditions(air, conditions).reshape(-1, 1, 1, OF_CONDITIONS).expand(*like.shape[:3], -1)


def of_conditions(air: Air, conditions: Conditions) -> Tensor:
    """Return what the BS knows of a drop beside its signals (batch, OF_CONDITIONS)."""
    coherence = conditions.coherence(air.sector.carrier_ghz)
    numbers = (
        conditions.srs_snr_db / _DB_SCALE,
        conditions.dl_snr_db / _DB_SCALE,
        conditions.rho,
        conditions.rho * coherence,
        coherence.square(),
        torch.full_like(coherence, air.sector.users / 4),
        conditions.srs_snr.clamp_max(2),
    )
    return torch.stack(numbers, dim=-1)
