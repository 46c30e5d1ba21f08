"""A separated design as a Link: beams first, then a payload that knows nothing of them.

images -> source codec = symbols -> payload and DMRS on the grid -> F[k] -> H[k] -> superposed + noise -> W
       -> least squares and interpolation -> linear MMSE detection of all UEs -> source codec = class logits

The BS has as many chains as there are UEs, so every UE sends one stream and detection parts them in space.

Axes: K UEs, T OFDM symbols, N_c subcarriers, D payload elements, R chains, N_r / N_t antennas at BS / UE.
"""

import math

import torch
from torch import Tensor, nn

from cscsanet.channel.paths import PathDrops
from cscsanet.channel.transmission import uplink
from cscsanet.links.link import Link, Transmission
from cscsanet.params import ChannelParams
from cscsanet.points import OperatingPoint
from cscsanet.separated.channel_tracking import track
from cscsanet.separated.codec import SourceCodec
from cscsanet.separated.delay_prior import InformedBeams
from cscsanet.separated.detection import detect
from cscsanet.separated.resource_grid import ResourceGrid, resource_grid


class SeparatedLink(Link):
    """Any front that sets beams, and the data path that is common to all separated designs."""

    def __init__(self, front: nn.Module, codec: SourceCodec, channel: ChannelParams) -> None:
        """front: (paths, point, generator) -> InformedBeams; it is used as it is, without gradient."""
        super().__init__()
        self.front = front.requires_grad_(False)
        self.codec = codec
        self.channel = channel

    def forward(
        self, images: Tensor, paths: PathDrops, point: OperatingPoint, generator: torch.Generator
    ) -> Transmission:
        """CSI-RS take symbols 0..L-1 of the frame, payload and DMRS the T symbols from L on."""
        point.within(self.codec.capacity)
        with torch.no_grad():
            beams: InformedBeams = self.front(paths, point, generator)
        payload = self.codec.encode(images, point.data_symbols)
        streams, detected = self.transport(payload, paths, beams, point, generator)
        logits = self.codec.decode(detected, point.data_symbols)
        grid = self.grid(point)
        return Transmission(logits, streams, beams.precoder, beams.combiner, beams.bits, grid.pilot_mask)

    def transport(
        self,
        payload: Tensor,
        paths: PathDrops,
        beams: InformedBeams,
        point: OperatingPoint,
        generator: torch.Generator,
    ) -> tuple[Tensor, Tensor]:
        """Send payload symbols (batch, K, D) over the air.

        Returns the streams (batch, K, T, N_c, 1) that were sent, and the payload as it is detected.
        """
        channel, grid = self.channel, self.grid(point)
        # A unit-modulus precoder of N_t antennas radiates N_t times the energy of its symbol.
        streams = (on_the_grid(payload, grid) / math.sqrt(channel.ue_antennas)).unsqueeze(-1)
        symbols = torch.arange(grid.symbols, device=payload.device) + point.csirs_symbols
        received = uplink(
            paths, beams.precoder, beams.combiner, streams, symbols, point.noise_power, channel, generator
        )
        noise = point.noise_power * beams.combiner @ beams.combiner.mH
        variance = noise.diagonal(dim1=-2, dim2=-1).real
        # DMRS are the same whatever is sent between them: nothing to learn from. And the filters that are kept may have been
        # made under inference mode, which no gradient may meet.
        with torch.no_grad():
            tracked = track(received, grid, pilot_amplitude(channel.users), variance, channel, beams.prior)
        heard = received.flatten(1, 2)[:, grid.flat(grid.data).to(received.device)]
        return streams, detect(heard, tracked.channel, tracked.error, noise)

    def grid(self, point: OperatingPoint) -> ResourceGrid:
        """Return the resource grid of a point."""
        return resource_grid(point.data_symbols, self.channel.subcarriers, self.channel.users)


def on_the_grid(payload: Tensor, grid: ResourceGrid) -> Tensor:
    """Place payload (batch, K, D) and DMRS on the grid, (batch, K, T, N_c): unit mean energy a used element."""
    users = payload.shape[1]
    sent = payload.new_zeros((*payload.shape[:2], grid.symbols * grid.subcarriers))
    sent[..., grid.flat(grid.data).to(payload.device)] = payload
    for user, own in enumerate(grid.pilots):
        sent[:, user, grid.flat(own).to(payload.device)] = pilot_amplitude(users)
    return sent.reshape(*sent.shape[:2], grid.symbols, grid.subcarriers)


def pilot_amplitude(users: int) -> float:
    """The amplitude of a DMRS symbol: a UE has the power of the elements on which it is silent for the others."""
    return math.sqrt(users)
