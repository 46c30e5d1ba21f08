"""CSC-SA-Net as links: `noma` with non-orthogonal access, `oma` with orthogonal access.

    images -> UE-MSFNets -> S_BB[k], eq. (20) -> F_RF[k] -> H[k] -> superposed + noise
           -> W_RF -> BS-MSFNet -> R

`noma` is the paper's proposal: both UEs send on all subcarriers. `oma` is the scheme that the paper
compares it with. Its chain is the same, including the beams for both UEs, but each UE sends on half
of the subcarriers, so that each subcarrier carries the signal of one UE.

With an alignment other than "none" (ours, `links/alignment`), each UE rotates its streams so that
they arrive in phase.

Axes: K UEs, Q data symbols, N_c subcarriers, N_RF chains, L CSI-RS symbols.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from cscsanet.channel.frame import data_symbols
from cscsanet.channel.impairments import paths_of_links
from cscsanet.channel.paths import PathDrops, joined, trimmed
from cscsanet.channel.power import normalise_block
from cscsanet.channel.transmission import uplink
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.config.system import ChannelParams
from cscsanet.links.alignment import Alignment
from cscsanet.links.link import Link, Transmission, pad_symbols, parts
from cscsanet.links.physical_layer import BeamsWithCsi, PhysicalLayer
from cscsanet.links.semantic_layer import OrthogonalLayer, SemanticLayer
from cscsanet.networks.block_mixing import block_mixing
from cscsanet.networks.iq import to_complex, to_pairs, unit_modulus


class NomaLink(Link):
    """Non-orthogonal access: five networks, differentiable from the logits to the CSI-RS."""

    def __init__(
        self, physical: PhysicalLayer, semantic: SemanticLayer, mixing: nn.Module | None = None
    ) -> None:
        """mixing: of a received block before BS-MSFNet (`networks/block_mixing`); None: none, as in the paper."""
        super().__init__()
        self.physical = physical
        self.semantic = semantic
        self.mixing = mixing or nn.Identity()

    @property
    def channel(self) -> ChannelParams:
        """The simulated channel, for the CSI-RS and the data alike."""
        return self.physical.channel

    @channel.setter
    def channel(self, channel: ChannelParams) -> None:
        self.physical.channel = channel

    def constrain_power(self, streams: Tensor, precoder: Tensor) -> Tensor:
        """Scale the streams (batch, K, Q, N_c, N_RF) to the energy of each UE, eq. (20)."""
        return normalise_block(streams, precoder, element_power=self.channel.element_power)

    def forward(
        self, images: Tensor, paths: PathDrops, point: OperatingPoint, generator: torch.Generator
    ) -> Transmission:
        """Transmit a batch over one frame: CSI-RS, feedback, data (`channel/frame`)."""
        down, up = paths_of_links(paths, self.channel, generator)
        beams = self.physical(down, point.within(self.semantic.capacity), generator)
        streams = self.semantic.encode(images, beams.ue_csi, point.data_symbols)
        streams, received, bs_csi = self._send(streams, beams, up, point, generator, self.channel)
        logits = self.read(received, bs_csi)
        precoder = beams.precoder[..., : streams.shape[-1]]
        return Transmission(logits, streams, precoder, beams.combiner, beams.bits, self.pilots(point))

    def pilots(self, point: OperatingPoint) -> Tensor | None:
        """Return the mask of each UE's pilots, bool (K, Q, N_c); None without pilots."""
        return None

    def mixed(
        self,
        images: Tensor,
        paths: PathDrops | None,
        points: Sequence[OperatingPoint],
        generator: torch.Generator,
        channels: Sequence[ChannelParams] | None = None,
    ) -> Tensor:
        """Transmit a batch in equal parts, each at a point of its own."""
        assert paths is not None
        capacity = self.semantic.capacity
        drawn_apart = channels is not None
        channels = channels or [self.channel] * len(points)
        assert all(channel.element_power == self.channel.element_power for channel in channels)
        shares = parts(len(images), len(points))
        links = [
            paths_of_links(paths[part], channel, generator, index)
            for index, (part, channel) in enumerate(zip(shares, channels, strict=True))
        ]
        beams = self.physical.mixed(joined([down for down, _ in links]), points, generator, channels)
        streams = self.semantic.encode(images, beams.ue_csi, capacity.data_symbols)
        received, bs_csi = [], []
        for part, point, channel, (_, up) in zip(shares, points, channels, links, strict=True):
            used, own = streams[part, :, : point.data_symbols], beams.of(part)
            up = trimmed(up, channel) if drawn_apart else up
            _, block, csi = self._send(used, own, up, point, generator, channel)
            received.append(pad_symbols(block, capacity.data_symbols, 1))
            bs_csi.append(csi)
        return self.read(torch.cat(received), torch.cat(bs_csi))

    def read(self, received: Tensor, bs_csi: Tensor) -> Tensor:
        """Return class logits (batch, classes, H, W) from Y_BB (batch, Q, N_c, N_RF), complex."""
        if isinstance(self.mixing, nn.Identity):
            return self.semantic.decode(received, bs_csi)
        padded = to_pairs(pad_symbols(received, self.semantic.capacity.data_symbols, 1).transpose(1, 2))
        return self.semantic.decode(to_complex(self.mixing(padded)).transpose(1, 2), bs_csi)

    def _send(
        self,
        streams: Tensor,
        beams: BeamsWithCsi,
        paths: PathDrops,
        point: OperatingPoint,
        generator: torch.Generator,
        channel: ChannelParams,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the streams as they are sent, what the BS decodes (batch, Q, N_c, N_RF), and its S_CSI.

        streams: of the encoder, (batch, K, Q, N_c, N_RF), complex.
        """
        if beams.alignment is not None:
            streams = streams * unit_modulus(-beams.alignment[:, :, : point.data_symbols])
        streams = self.constrain_power(streams, beams.precoder)
        symbols = data_symbols(point, channel, streams.device)
        received = uplink(
            paths,
            beams.precoder,
            beams.combiner,
            streams,
            symbols,
            point.noise_power,
            channel,
            generator,
        )
        return streams, received, beams.bs_csi


class OmaLink(NomaLink):
    """Orthogonal access: the same five networks, and one UE on each subcarrier."""

    semantic: OrthogonalLayer

    def __init__(
        self,
        physical: PhysicalLayer,
        semantic: OrthogonalLayer,
        energy: Literal["element", "total"],
        mixing: nn.Module | None = None,
    ) -> None:
        """mixing: see `NomaLink`. energy: the energy that a UE has in common with a UE of `noma`.

        "element": its mean energy in a used resource element; "total": its energy in the whole
        block.
        """
        super().__init__(physical, semantic, mixing)
        self.energy = energy

    def constrain_power(self, streams: Tensor, precoder: Tensor) -> Tensor:
        """Scale each UE's streams to a mean energy of 1, or K for "total", in used elements."""
        # The streams are zero in unused elements. Without the mask, the used ones get the energy of
        # all.
        used = self.semantic.used if self.energy == "element" else None
        return normalise_block(streams, precoder, used, self.channel.element_power)


def noma(params: Params, alignment: Alignment = "none") -> NomaLink:
    """Build the untrained non-orthogonal link."""
    return NomaLink(PhysicalLayer(params, alignment), SemanticLayer(params), _mixing(params))


def oma(params: Params, alignment: Alignment = "none") -> OmaLink:
    """Build the untrained orthogonal link."""
    layers = (PhysicalLayer(params, alignment), OrthogonalLayer(params))
    return OmaLink(*layers, params.joint.oma_energy, _mixing(params))


def _mixing(params: Params) -> nn.Module:
    elements = params.points.capacity.data_symbols * params.channel.rf_chains
    return block_mixing(params.joint.reader, params.channel.subcarriers, elements)


JOINT: Mapping[str, Callable[[Params, Alignment], NomaLink]] = {"noma": noma, "oma": oma}
