"""What is left of the phases that streams arrive with, once a UE has turned them by what it foretold.

Errors are weighted by energy: a faded subcarrier has a wild phase and nothing to add.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from cscsanet.channel.paths import PathDrops
from cscsanet.links.alignment import Alignment, arriving
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.metrics.bootstrap import bootstrap_interval
from cscsanet.points import OperatingPoint
from cscsanet.training.seeds import generator

# Drops at a time; the noise of a chunk belongs to the chunk.
_CHUNK = 250


def phase_errors(
    physical: PhysicalLayer, kinds: Sequence[Alignment], paths: PathDrops, point: OperatingPoint, seed: int
) -> dict[Alignment, Tensor]:
    """Return, for each way to foretell phases, sums over UEs, streams and subcarriers of each drop, (drops, Q, 2), float64.

    The last axis: squared error [rad^2] times energy, and energy. All ways meet the same beams and the same noise.
    """
    symbols = torch.arange(point.data_symbols) + point.csirs_symbols
    parts: dict[Alignment, list[Tensor]] = {kind: [] for kind in kinds}
    with torch.inference_mode():
        for chunk, start in enumerate(range(0, len(paths), _CHUNK)):
            drops = paths[start : start + _CHUNK]
            for kind in kinds:
                layer = physical.foretelling(kind)
                beams = layer(drops, point, generator(seed, "evaluate", chunk))
                assert beams.alignment is not None
                arrived = arriving(drops, beams.precoder, beams.combiner, symbols, layer.channel)
                left = (arrived * torch.polar(torch.ones_like(beams.alignment), -beams.alignment)).angle()
                energy = arrived.abs().square()
                sums = [part.double().sum(dim=(1, 3, 4)) for part in (left.square() * energy, energy)]
                parts[kind].append(torch.stack(sums, dim=-1))
    return {kind: torch.cat(found) for kind, found in parts.items()}


def rms(sums: Tensor) -> Tensor:
    """Return the root mean square error [rad] of sums (..., 2) as `phase_errors` gives them."""
    return (sums[..., 0] / sums[..., 1]).sqrt()


def rms_interval(sums: Tensor, samples: int, seed: int) -> tuple[float, float, float]:
    """Return the root mean square error [rad] over drops, and its 95 % interval; sums: (drops, 2)."""
    return float(rms(sums.sum(dim=0))), *bootstrap_interval(sums, rms, samples, seed)
