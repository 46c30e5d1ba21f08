"""Which operating points a training meets, and which its checkpoints are chosen at."""

from dataclasses import replace

import torch

from cscsanet.params import PointParams
from cscsanet.points import OperatingPoint


def draw_point(points: PointParams, generator: torch.Generator, full_share: float = 0.0) -> OperatingPoint:
    """Draw an operating point uniformly from a training run's points; a single point is returned as it is.

    full_share: how likely L and B are the largest ones, whatever was drawn: what narrow settings learn must not be paid for by
    the full one (the sandwich rule of networks of several widths, Yu and Huang, ICCV 2019).
    """

    def pick(choices: tuple[int, ...]) -> int:
        return choices[int(torch.randint(len(choices), (), generator=generator, device=generator.device))]

    def share() -> float:
        return float(torch.rand((), generator=generator, device=generator.device))

    low, high = points.snr_db
    drawn = OperatingPoint(
        snr_db=low + (high - low) * share(),
        csirs_symbols=pick(points.csirs_symbols),
        feedback_bits=pick(points.feedback_bits),
        data_symbols=pick(points.data_symbols),
    )
    # Nothing is drawn where there is no such share, so that other trainings meet what they have always met.
    if full_share and share() < full_share:
        full = points.capacity
        return replace(drawn, csirs_symbols=full.csirs_symbols, feedback_bits=full.feedback_bits)
    return drawn


def validation_point(points: PointParams) -> OperatingPoint:
    """Return the point that checkpoints are chosen at: the middle SNR at the largest L, B and Q."""
    capacity = points.capacity
    return OperatingPoint(
        sum(points.snr_db) / 2, capacity.csirs_symbols, capacity.feedback_bits, capacity.data_symbols
    )


def validation_snrs(points: PointParams) -> tuple[float, ...]:
    """Return the SNRs [dB] of a validation over the whole range: both ends and two between, or the single one."""
    low, high = points.snr_db
    return (low,) if low == high else tuple(low + (high - low) * step / 3 for step in range(4))
