"""Residual phase errors at the BS after the UEs have rotated their streams by the predicted phases.

Errors are weighted by energy, since the phase of a faded subcarrier is arbitrary but harmless.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from cscsanet.channel.frame import data_symbols
from cscsanet.channel.paths import PathDrops
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.evaluation.rates import chunks
from cscsanet.links.alignment import Alignment, stream_gains
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.training.seeds import generator


def phase_errors(
    physical: PhysicalLayer, kinds: Sequence[Alignment], paths: PathDrops, point: OperatingPoint, seed: int
) -> dict[Alignment, Tensor]:
    """Return, for each kind of alignment, the sums (drops, Q, 2), float64, that `rms` reads.

    They are summed over UEs, subcarriers and streams. The last axis: squared error [rad^2] times
    energy, and energy. All kinds meet the same beams and the same noise.
    """
    symbols = data_symbols(point, physical.channel)
    parts: dict[Alignment, list[Tensor]] = {kind: [] for kind in kinds}
    with torch.inference_mode():
        for chunk, drops in enumerate(chunks(paths)):
            for kind in kinds:
                layer = physical.with_alignment(kind)
                beams = layer(drops, point, generator(seed, "evaluate", chunk))
                assert beams.alignment is not None
                gains = stream_gains(drops, beams.precoder, beams.combiner, symbols, layer.channel)
                errors = (gains * torch.polar(torch.ones_like(beams.alignment), -beams.alignment)).angle()
                energy = gains.abs().square()
                sums = [part.double().sum(dim=(1, 3, 4)) for part in (errors.square() * energy, energy)]
                parts[kind].append(torch.stack(sums, dim=-1))
    return {kind: torch.cat(sums) for kind, sums in parts.items()}


def rms(sums: Tensor) -> Tensor:
    """Return the root mean square error [rad] (...) of the sums (..., 2) of `phase_errors`."""
    return (sums[..., 0] / sums[..., 1]).sqrt()
