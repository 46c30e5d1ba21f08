"""`noma` and `noma-aligned`: CSC-SA-Net with non-orthogonal access, the paper's proposal (Sec. III, Fig. 2).

images -> UE-MSFNets -> S_BB[k], eq. (20) -> F_RF[k] -> H[k] -> superposed + noise -> W_RF -> BS-MSFNet -> R

Where the physical layer aligns (ours), each UE turns its streams so that they arrive in phase.
"""

import copy
from typing import Self

import torch
from torch import Tensor

from cscsanet.channel.paths import PathDrops
from cscsanet.channel.transmission import normalise_block, uplink
from cscsanet.links.link import Link, Transmission
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.links.semantic_layer import SemanticLayer
from cscsanet.networks.complex_pairs import unit_modulus
from cscsanet.params import ChannelParams
from cscsanet.points import OperatingPoint


class NomaLink(Link):
    """The five networks in one graph, differentiable from the logits to the CSI-RS."""

    def __init__(self, physical: PhysicalLayer, semantic: SemanticLayer) -> None:
        super().__init__()
        self.physical = physical
        self.semantic = semantic

    def under(self, channel: ChannelParams) -> Self:
        """Return the same link, weights shared, over another air: power of the CSI-RS, oscillators."""
        other = copy.copy(self)
        # A shallow copy shares the table of submodules, in which one is replaced.
        other._modules = self._modules.copy()
        other.physical = self.physical.under(channel)
        return other

    def within_power(self, streams: Tensor, precoder: Tensor) -> Tensor:
        """Scale the streams (batch, K, Q, N_c, N_RF) to the energy that each UE may spend, eq. (20)."""
        return normalise_block(streams, precoder)

    def forward(
        self, images: Tensor, paths: PathDrops, point: OperatingPoint, generator: torch.Generator
    ) -> Transmission:
        """CSI-RS take symbols 0..L-1 of the frame, data L..L+Q-1."""
        beams = self.physical(paths, point.within(self.semantic.capacity), generator)
        streams = self.semantic.encode(images, beams.ue_csi, point.data_symbols)
        if beams.alignment is not None:
            streams = streams * unit_modulus(-beams.alignment)
        streams = self.within_power(streams, beams.precoder)
        symbols = torch.arange(point.data_symbols, device=images.device) + point.csirs_symbols
        received = uplink(
            paths,
            beams.precoder,
            beams.combiner,
            streams,
            symbols,
            point.noise_power,
            self.physical.channel,
            generator,
        )
        logits = self.semantic.decode(received, beams.bs_csi)
        return Transmission(logits, streams, beams.precoder, beams.combiner, beams.bits)
