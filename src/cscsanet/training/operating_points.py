"""The operating points of a training, and those at which its checkpoints are compared."""

from dataclasses import replace

import torch

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.system import PointRangeParams


def draw_point(
    points: PointRangeParams, generator: torch.Generator, full_share: float = 0.0
) -> OperatingPoint:
    """Draw an operating point uniformly from the points of a training.

    full_share: probability that the largest L and B, and one of the larger half of the Q, replace the
    drawn ones. Otherwise training for small settings would degrade the largest one (the sandwich rule for
    slimmable networks, Yu and Huang, ICCV 2019).
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
    # Without such a share nothing more is drawn, so that the random numbers of other trainings
    # remain the same.
    if full_share and share() < full_share:
        full, counts = points.capacity, sorted(points.data_symbols)
        return replace(
            drawn,
            csirs_symbols=full.csirs_symbols,
            feedback_bits=full.feedback_bits,
            data_symbols=pick(tuple(counts[len(counts) // 2 :])),
        )
    return drawn


def draw_points(
    points: PointRangeParams,
    generator: torch.Generator,
    count: int,
    full_share: float = 0.0,
    *,
    one_length: bool = True,
) -> list[OperatingPoint]:
    """Draw the operating points of a batch.

    full_share: see `draw_point`. one_length: whether all points have the L of the first, since a link sets
    the beams for all of them at once. Full points are then drawn in batches with the largest L alone, and
    more often there, so that L and B are distributed as in single draws.
    """
    if not one_length:
        return [draw_point(points, generator, full_share) for _ in range(count)]
    first = draw_point(points, generator, full_share)
    length, lengths = first.csirs_symbols, len(points.csirs_symbols)
    share_here = 0.0
    if length == points.capacity.csirs_symbols:
        share_here = full_share / (full_share + (1 - full_share) / lengths)
    others = [draw_point(points, generator, share_here) for _ in range(count - 1)]
    return [first, *(replace(point, csirs_symbols=length) for point in others)]


def validation_point(points: PointRangeParams) -> OperatingPoint:
    """Return the point for comparing checkpoints: the middle SNR, the largest L, B and Q."""
    capacity = points.capacity
    return OperatingPoint(
        sum(points.snr_db) / 2, capacity.csirs_symbols, capacity.feedback_bits, capacity.data_symbols
    )


def validation_snrs(points: PointRangeParams) -> tuple[float, ...]:
    """Return validation SNRs [dB]: both ends of the range and two between, or a single one."""
    low, high = points.snr_db
    return (low,) if low == high else tuple(low + (high - low) * step / 3 for step in range(4))
