"""CSC-SA-Net with tracked phases as links: `noma-tracked` and `oma-tracked` (ours).

    images -> UE-MSFNets -> one stream of each UE, rotated by the predicted phases, and pilots
           -> F[k] -> H[k] -> superposed + noise -> W -> gains from the pilots -> MMSE estimates of each UE
           -> BS-MSFNet -> R

Prediction at the UEs needs reciprocity between CSI-RS and data, and what it cannot know is one common phase of
each UE. The BS finds that phase from few pilots (`links/tracking`), whatever the feedback delay, the speed and
the oscillators are. Each UE sends over its strongest path alone, so a chain receives one UE and one phase
serves it.

Axes: K UEs, Q data symbols, N_c subcarriers, R chains.
"""

from typing import Literal

import torch
from torch import Tensor

from cscsanet.channel.frame import data_symbols
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.power import normalise_block
from cscsanet.channel.transmission import uplink
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.config.system import ChannelParams
from cscsanet.links.csc_sa_net import NomaLink, OmaLink
from cscsanet.links.physical_layer import BeamsWithCsi, PhysicalLayer
from cscsanet.links.semantic_layer import OrthogonalLayer, TrackedLayer
from cscsanet.links.tracking import (
    estimate_gains,
    insert_pilots,
    orthogonal_pilot_mask,
    pilot_mask,
    separate,
)
from cscsanet.networks.iq import unit_modulus

_CONFIDENCE_SCALE = 20.0  # [dB] of the SNR of a UE, for 1 at the input of a network


class TrackedLink(NomaLink):
    """Non-orthogonal access with pre-compensation at the UEs and tracking at the BS."""

    def __init__(self, physical: PhysicalLayer, semantic: TrackedLayer, share: float) -> None:
        """share: of the resource elements, for pilots."""
        super().__init__(physical, semantic)
        self.share = share

    def pilots(self, point: OperatingPoint) -> Tensor:
        """Return the mask of each UE's pilots, bool (K, Q, N_c)."""
        return pilot_mask(point.data_symbols, self.semantic.positions, self.channel.users, self.share)

    def _send(
        self,
        streams: Tensor,
        beams: BeamsWithCsi,
        paths: PathDrops,
        point: OperatingPoint,
        generator: torch.Generator,
        channel: ChannelParams,
    ) -> tuple[Tensor, Tensor, Tensor]:
        assert beams.alignment is not None
        pilots, count = self.pilots(point), streams.shape[-1]
        used = ~pilots.any(dim=0).to(streams.device)
        precoder = beams.precoder[..., :count]
        rotation = unit_modulus(-beams.alignment[:, :, : point.data_symbols, :, :count])
        streams = normalise_block(streams * rotation, precoder, used, channel.element_power)
        # In an element with a pilot the other UEs are silent, and it has the energy that its UE saves in theirs.
        energy = float(len(pilots))
        streams = insert_pilots(streams, precoder, rotation, pilots, energy)
        symbols = data_symbols(point, channel, streams.device)
        received = uplink(
            paths, precoder, beams.combiner, streams, symbols, point.noise_power, channel, generator
        )
        noise = point.noise_power * beams.combiner @ beams.combiner.mH
        gains = estimate_gains(received, pilots, noise, energy)
        estimated = separate(received, gains, noise) * used.unsqueeze(-1)
        own = gains.gain.diagonal(dim1=-2, dim2=-1).abs().square()
        snr = own / noise.diagonal(dim1=-2, dim2=-1).real
        confidence = 10 / _CONFIDENCE_SCALE * torch.log10(snr + 1e-3)
        csi = torch.cat((beams.bs_csi, confidence.unsqueeze(1).expand(-1, beams.bs_csi.shape[1], -1)), dim=-1)
        return streams, estimated, csi


class TrackedOmaLink(OmaLink):
    """Orthogonal access with pre-compensation at the UEs and tracking at the BS.

    A subcarrier has the signal of one UE, so every chain is rotated by the phase of that UE's gain.
    """

    def __init__(
        self,
        physical: PhysicalLayer,
        semantic: OrthogonalLayer,
        energy: Literal["element", "total"],
        share: float,
    ) -> None:
        """energy: see `OmaLink`. share: of a UE's own resource elements, for pilots."""
        super().__init__(physical, semantic, energy)
        self.share = share

    def pilots(self, point: OperatingPoint) -> Tensor:
        """Return the mask of each UE's pilots, bool (K, Q, N_c)."""
        return orthogonal_pilot_mask(
            point.data_symbols, self.semantic.positions, self.channel.users, self.share
        )

    def _send(
        self,
        streams: Tensor,
        beams: BeamsWithCsi,
        paths: PathDrops,
        point: OperatingPoint,
        generator: torch.Generator,
        channel: ChannelParams,
    ) -> tuple[Tensor, Tensor, Tensor]:
        assert beams.alignment is not None
        pilots = self.pilots(point).to(streams.device)
        energy = 1.0 if self.energy == "element" else float(len(pilots))
        rotation = unit_modulus(-beams.alignment[:, :, : point.data_symbols])
        used = self.semantic.used & ~pilots
        streams = normalise_block(streams * rotation, beams.precoder, used, channel.element_power)
        streams = insert_pilots(streams * energy**0.5, beams.precoder, rotation, pilots, energy)
        symbols = data_symbols(point, channel, streams.device)
        received = uplink(
            paths, beams.precoder, beams.combiner, streams, symbols, point.noise_power, channel, generator
        )
        noise = point.noise_power * beams.combiner @ beams.combiner.mH
        gains = estimate_gains(received, pilots, noise, energy)
        # The UE of each subcarrier, and the phases (batch, N_c, R) of its gains.
        owner = self.semantic.used[:, 0].to(torch.int8).argmax(dim=0)
        phases = gains.gain.angle().mT[:, owner]
        rotated = received * unit_modulus(-phases).unsqueeze(1)
        return streams, rotated * ~pilots.any(dim=0).unsqueeze(-1), beams.bs_csi


def noma_tracked(params: Params, share: float) -> TrackedLink:
    """Build the untrained non-orthogonal link with tracked phases."""
    return TrackedLink(PhysicalLayer(params, "learned", one_beam=True), TrackedLayer(params), share)


def oma_tracked(params: Params, share: float) -> TrackedOmaLink:
    """Build the untrained orthogonal link with tracked phases."""
    physical = PhysicalLayer(params, "learned", one_beam=True)
    return TrackedOmaLink(physical, OrthogonalLayer(params), params.joint.oma_energy, share)
