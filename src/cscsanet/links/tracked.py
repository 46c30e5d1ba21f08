"""CSC-SA-Net with tracked phases as links: `noma-tracked` and `oma-tracked` (ours).

    images -> UE-MSFNets -> one stream of each UE, rotated by the predicted phases, and pilots if any
           -> F[k] -> H[k] -> superposed + noise -> W -> gains -> MMSE estimates of each UE
           -> BS-MSFNet -> R

Prediction at the UEs needs reciprocity between CSI-RS and data, and what it cannot know is one common phase of
each UE. The BS finds that phase (`links/tracking`) from the mean of the UE's symbols, which it knows, and from few
pilots or none, whatever the feedback delay, the speed and the oscillators are. Each UE sends over its strongest path
alone, so a chain receives one UE and one phase serves it.

Axes: K UEs, Q data symbols, N_c subcarriers, R chains.
"""

from typing import Literal, NamedTuple

import torch
from torch import Tensor

from cscsanet.channel.frame import data_symbols
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.power import PEAKS, limit_elements, normalise_block
from cscsanet.channel.transmission import uplink
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.config.system import ChannelParams
from cscsanet.config.training import PilotParams
from cscsanet.links.csc_sa_net import NomaLink
from cscsanet.links.physical_layer import BeamsWithCsi, PhysicalLayer
from cscsanet.links.semantic_layer import OrthogonalLayer, SemanticLayer, TrackedLayer
from cscsanet.links.tracking import (
    Gains,
    PilotShares,
    estimate_gains,
    insert_pilots,
    orthogonal_pilot_mask,
    pilot_mask,
    separate,
)
from cscsanet.networks.iq import unit_modulus

_CONFIDENCE_SCALE = 20.0  # [dB] of the SNR of a UE, for 1 at the input of a network


class Reception(NamedTuple):
    """A block with pilots, as sent and as received.

    streams: (batch, K, Q, N_c, S). received: Y_BB (batch, Q, N_c, R). pilots: bool (K, Q, N_c). noise: sigma^2 W W^H
    (batch, R, R). energy: of a pilot. reference: the mean of the UEs' symbols (K, Q, N_c), or None.
    """

    streams: Tensor
    received: Tensor
    pilots: Tensor
    noise: Tensor
    energy: float
    reference: Tensor | None = None

    @property
    def gains(self) -> Gains:
        """The gains that the BS estimates."""
        return estimate_gains(self.received, self.pilots, self.noise, self.energy, self.reference)

    @property
    def payload(self) -> Tensor:
        """The elements without pilots, bool (Q, N_c, 1)."""
        return ~self.pilots.any(dim=0).unsqueeze(-1)


class TrackedLink(NomaLink):
    """Non-orthogonal access with pre-compensation at the UEs and tracking at the BS."""

    def __init__(self, physical: PhysicalLayer, semantic: SemanticLayer, pilots: PilotParams) -> None:
        super().__init__(physical, semantic)
        self.shares = PilotShares(pilots)

    def pilots(self, point: OperatingPoint, share: float | None = None) -> Tensor:
        """Return the mask of each UE's pilots, bool (K, Q, N_c). share: of the elements; None: the fixed one."""
        size = (point.data_symbols, self.semantic.positions, self.channel.users)
        return pilot_mask(*size, self.shares.share if share is None else share)

    def reference(self, point: OperatingPoint) -> Tensor | None:
        """Return the mean of the UEs' symbols (K, Q, N_c), which the BS knows; None if it does not use it."""
        layer = self.semantic
        return layer.stream_mean.reference(point.data_symbols) if isinstance(layer, TrackedLayer) else None

    def with_pilots(
        self, streams: Tensor, precoder: Tensor, rotation: Tensor, pilots: Tensor, channel: ChannelParams
    ) -> tuple[Tensor, float]:
        """Return the streams within the power of a block, with pilots, and the energy of a pilot.

        In an element with a pilot the other UEs are silent, and it has the energy that its UE saves in theirs.
        """
        energy = min(float(len(pilots)), PEAKS[channel.element_power])
        used = ~pilots.any(dim=0)
        streams = normalise_block(streams, precoder, used, channel.element_power)
        return insert_pilots(streams, precoder, rotation, pilots, energy), energy

    def exchange(
        self,
        streams: Tensor,
        beams: BeamsWithCsi,
        paths: PathDrops,
        point: OperatingPoint,
        generator: torch.Generator,
        channel: ChannelParams,
    ) -> Reception:
        """Send the streams of the encoder with pilots, and receive them."""
        assert beams.alignment is not None
        count = streams.shape[-1]
        pilots = self.pilots(point, self.shares.draw(generator)).to(streams.device)
        precoder = beams.precoder[..., :count]
        rotation = unit_modulus(-beams.alignment[:, :, : point.data_symbols, :, :count])
        sent, energy = self.with_pilots(streams * rotation, precoder, rotation, pilots, channel)
        symbols = data_symbols(point, channel, streams.device)
        received = uplink(
            paths, precoder, beams.combiner, sent, symbols, point.noise_power, channel, generator
        )
        noise = point.noise_power * beams.combiner @ beams.combiner.mH
        return Reception(sent, received, pilots, noise, energy, self.reference(point))

    def _send(
        self,
        streams: Tensor,
        beams: BeamsWithCsi,
        paths: PathDrops,
        point: OperatingPoint,
        generator: torch.Generator,
        channel: ChannelParams,
    ) -> tuple[Tensor, Tensor, Tensor]:
        block = self.exchange(streams, beams, paths, point, generator, channel)
        gains = block.gains
        estimated = separate(block.received, gains, block.noise) * block.payload
        own = gains.gain.diagonal(dim1=-2, dim2=-1).abs().square()
        snr = own / block.noise.diagonal(dim1=-2, dim2=-1).real
        confidence = 10 / _CONFIDENCE_SCALE * torch.log10(snr + 1e-3)
        spread = confidence.unsqueeze(1).expand(-1, beams.bs_csi.shape[1], -1)
        return block.streams, estimated, torch.cat((beams.bs_csi, spread), dim=-1)


class TrackedOmaLink(TrackedLink):
    """Orthogonal access with pre-compensation at the UEs and tracking at the BS.

    A subcarrier has the signal of one UE, so every chain is rotated by the phase of that UE's gain.
    """

    semantic: OrthogonalLayer

    def __init__(
        self,
        physical: PhysicalLayer,
        semantic: OrthogonalLayer,
        pilots: PilotParams,
        energy: Literal["element", "total"],
    ) -> None:
        """energy: see `OmaLink`."""
        super().__init__(physical, semantic, pilots)
        self.energy = energy

    def pilots(self, point: OperatingPoint, share: float | None = None) -> Tensor:
        """Return the mask of each UE's pilots, bool (K, Q, N_c). share: of its own elements; None: the fixed one."""
        size = (point.data_symbols, self.semantic.positions, self.channel.users)
        return orthogonal_pilot_mask(*size, self.shares.share if share is None else share)

    def with_pilots(
        self, streams: Tensor, precoder: Tensor, rotation: Tensor, pilots: Tensor, channel: ChannelParams
    ) -> tuple[Tensor, float]:
        """Return the streams within the power of a block, with pilots, and the energy of a pilot: that of an element."""
        wanted = 1.0 if self.energy == "element" else float(len(pilots))
        energy = min(wanted, PEAKS[channel.element_power])
        used = self.semantic.used & ~pilots
        streams = normalise_block(streams, precoder, used) * wanted**0.5
        if channel.element_power != "block":
            elements = used.sum(dim=(1, 2)).to(streams.real.dtype)
            streams = limit_elements(streams, precoder, wanted * elements, channel.element_power)
        return insert_pilots(streams, precoder, rotation, pilots, energy), energy

    def _send(
        self,
        streams: Tensor,
        beams: BeamsWithCsi,
        paths: PathDrops,
        point: OperatingPoint,
        generator: torch.Generator,
        channel: ChannelParams,
    ) -> tuple[Tensor, Tensor, Tensor]:
        block = self.exchange(streams, beams, paths, point, generator, channel)
        # The UE of each subcarrier, and the phases (batch, N_c, R) of its gains.
        owner = self.semantic.used[:, 0].to(torch.int8).argmax(dim=0)
        phases = block.gains.gain.angle().mT[:, owner]
        rotated = block.received * unit_modulus(-phases).unsqueeze(1)
        return block.streams, rotated * block.payload, beams.bs_csi


def noma_tracked(params: Params) -> TrackedLink:
    """Build the untrained non-orthogonal link with tracked phases."""
    return TrackedLink(PhysicalLayer(params, "learned", one_beam=True), TrackedLayer(params), params.pilots)


def oma_tracked(params: Params) -> TrackedOmaLink:
    """Build the untrained orthogonal link with tracked phases."""
    physical = PhysicalLayer(params, "learned", one_beam=True)
    return TrackedOmaLink(physical, OrthogonalLayer(params), params.pilots, params.joint.oma_energy)
