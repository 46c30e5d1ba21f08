"""A separated design as a link: beams first, then a payload that does not depend on them.

    images -> source codec = symbols -> payload and DMRS on the grid -> F[k] -> H[k]
           -> superposed + noise -> W -> least squares and interpolation
           -> linear MMSE detection of all UEs -> source codec = class logits

The BS has as many chains as there are UEs, so every UE sends one stream and the detector separates
them in space.

Axes: K UEs, T OFDM symbols, N_c subcarriers, D payload elements, R chains, N_r / N_t antennas at BS
/ UE.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from cscsanet.baselines.channel_estimation import ChannelEstimate, estimate
from cscsanet.baselines.delay_prior import BeamsWithPrior
from cscsanet.baselines.mmse_detection import detect
from cscsanet.baselines.resource_grid import ResourceGrid, resource_grid
from cscsanet.baselines.source_codec import SourceCodec
from cscsanet.channel.frame import data_symbols
from cscsanet.channel.impairments import paths_of_links
from cscsanet.channel.paths import PathDrops, trimmed
from cscsanet.channel.power import PEAKS, limit_elements
from cscsanet.channel.transmission import uplink
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.system import ChannelParams
from cscsanet.links.link import Link, Transmission, parts


@dataclass(frozen=True)
class Arrived:
    """What was sent, and what the BS makes of it.

    streams: (batch, K, T, N_c, 1). detected: (batch, K, D). estimate: the channel at the payload elements.
    noise: sigma^2 W W^H (batch, R, R).
    """

    streams: Tensor
    detected: Tensor
    estimate: ChannelEstimate
    noise: Tensor


class SeparatedLink(Link):
    """A front end that sets the beams, and the data path that all separated designs share."""

    def __init__(self, front: nn.Module, codec: SourceCodec, channel: ChannelParams) -> None:
        """front: a front end, (paths, point, generator) -> BeamsWithPrior; it gets no gradient."""
        super().__init__()
        self.front = front.requires_grad_(False)
        self.codec = codec
        self.channel = channel

    def forward(
        self, images: Tensor, paths: PathDrops, point: OperatingPoint, generator: torch.Generator
    ) -> Transmission:
        """Transmit a batch: CSI-RS in symbols 0..L-1, payload and DMRS in symbols L..L+T-1."""
        point.within(self.codec.capacity)
        down, up = paths_of_links(paths, self.channel, generator)
        with torch.no_grad():
            beams: BeamsWithPrior = self.front(down, point, generator)
        payload = self.codec.encode(images, point.data_symbols)
        streams, detected = self.transport(payload, up, beams, point, generator, self.channel)
        logits = self.codec.decode(detected, point.data_symbols)
        pilots = self.pilots(point)
        return Transmission(logits, streams, beams.precoder, beams.combiner, beams.bits, pilots)

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
        drawn_apart = channels is not None
        channels = channels or [self.channel] * len(points)
        symbols = self.codec.symbols(images)
        grids = []
        for part, point, channel in zip(parts(len(images), len(points)), points, channels, strict=True):
            drops = trimmed(paths[part], channel) if drawn_apart else paths[part]
            down, up = paths_of_links(drops, channel, generator)
            with torch.no_grad():
                beams: BeamsWithPrior = self.front(down, point.within(self.codec.capacity), generator)
            payload = self.codec.block(symbols[part], point.data_symbols)
            _, detected = self.transport(payload, up, beams, point, generator, channel)
            grids.append(self.codec.grid(detected, point.data_symbols))
        return self.codec.decode_grid(torch.cat(grids))

    def transport(
        self,
        payload: Tensor,
        paths: PathDrops,
        beams: BeamsWithPrior,
        point: OperatingPoint,
        generator: torch.Generator,
        channel: ChannelParams | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Transmit payload symbols (batch, K, D) and detect them. channel: another than that of the link.

        Returns the sent streams (batch, K, T, N_c, 1), and the detected payload (batch, K, D).
        """
        arrived = self.receive(payload, paths, beams, point, generator, channel)
        return arrived.streams, arrived.detected

    def receive(
        self,
        payload: Tensor,
        paths: PathDrops,
        beams: BeamsWithPrior,
        point: OperatingPoint,
        generator: torch.Generator,
        channel: ChannelParams | None = None,
    ) -> Arrived:
        """Transmit payload symbols (batch, K, D) and return all that the BS knows of them; arguments as in `transport`."""
        channel, grid = channel or self.channel, self.grid(point)
        # A unit-modulus precoder of N_t antennas radiates N_t times the energy of its symbol.
        # A limit of an element's power is known at both ends, and holds for DMRS too.
        amplitude = pilot_amplitude(channel.users, PEAKS[channel.element_power])
        streams = (map_to_grid(payload, grid, amplitude) / math.sqrt(channel.ue_antennas)).unsqueeze(-1)
        if channel.element_power != "block":
            energy = float(len(grid.data) + sum(len(pilots) for pilots in grid.pilots))
            streams = limit_elements(streams, beams.precoder, energy, channel.element_power)
        # DMRS take further symbols at the end of the frame.
        symbols = data_symbols(replace(point, data_symbols=grid.symbols), channel, payload.device)
        received = uplink(
            paths, beams.precoder, beams.combiner, streams, symbols, point.noise_power, channel, generator
        )
        noise = point.noise_power * beams.combiner @ beams.combiner.mH
        variance = noise.diagonal(dim1=-2, dim2=-1).real
        # The DMRS do not depend on the payload, so the estimate has no useful gradient. The cached
        # filters may have been made in inference mode, and autograd refuses such tensors.
        with torch.no_grad():
            estimated = estimate(received, grid, amplitude, variance, channel, beams.prior)
        data = received.flatten(1, 2)[:, grid.flat_index(grid.data).to(received.device)]
        return Arrived(streams, detect(data, estimated.channel, estimated.error, noise), estimated, noise)

    def pilots(self, point: OperatingPoint) -> Tensor:
        """Return the mask of each UE's DMRS, bool (K, T, N_c)."""
        return self.grid(point).pilot_mask

    def grid(self, point: OperatingPoint) -> ResourceGrid:
        """Return the resource grid of a point."""
        return resource_grid(point.data_symbols, self.channel.subcarriers, self.channel.users)


def map_to_grid(payload: Tensor, grid: ResourceGrid, amplitude: float | None = None) -> Tensor:
    """Return payload (batch, K, D) and DMRS on the grid (batch, K, T, N_c), with mean energy 1.

    amplitude: of a DMRS symbol; None: `pilot_amplitude`.
    """
    if amplitude is None:
        amplitude = pilot_amplitude(payload.shape[1])
    sent = payload.new_zeros((*payload.shape[:2], grid.symbols * grid.subcarriers))
    sent[..., grid.flat_index(grid.data).to(payload.device)] = payload
    for user, pilots in enumerate(grid.pilots):
        sent[:, user, grid.flat_index(pilots).to(payload.device)] = amplitude
    return sent.reshape(*sent.shape[:2], grid.symbols, grid.subcarriers)


def pilot_amplitude(users: int, peak: float = math.inf) -> float:
    """Return the amplitude of a DMRS symbol. peak: the largest power of an element.

    It includes the energy that the UE saves in the DMRS elements of the others.
    """
    return math.sqrt(min(users, peak))
