"""Digital late fusion over the link of `dlcsi-pca`: source bits, a channel code of finite length, fusion of what arrives.

    images -> bits -> as many as the block of a UE carries -> codeword of Gaussian symbols
           -> the grid, beams, channel, DMRS and linear MMSE detection of the separated designs
           -> the bits of the UE, all or none -> fusion = class logits

There are two rates. `coded`: the BS sets the rate of a UE before the data, from the fed back channel, with
the normal approximation at an error rate. The codeword passes the real link, with its DMRS and its estimated
channel. A block is lost with the probability that the dependence testing bound has for the information density
i of its codeword, which random codes of this length reach (Polyanskiy, Poor and Verdu, IEEE Trans. Inf. Theory
56(5), 2010, Theorem 17):

    2^-(i - bits + 1)^+

All bits of a lost block are lost, and the BS knows it. `ideal`: as many bits as the capacity of the true
channel after linear MMSE detection, on all elements of the block, since a receiver that knows the channel
needs no DMRS; none is ever lost. It is an upper bound of every design with these beams, this detection and
this source codec.

Axes: K UEs, D payload elements, T OFDM symbols, N_c subcarriers, R chains, P paths.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from cscsanet.baselines.delay_prior import BeamsWithPrior
from cscsanet.baselines.digital.bit_codec import BitCodec, prefix
from cscsanet.baselines.digital.bit_prior import BitPrior
from cscsanet.baselines.digital.block_rates import capacity, information_density, normal_approximation
from cscsanet.baselines.digital.channel_quality import QualityFrontEnd
from cscsanet.baselines.feedback import FedBackPaths
from cscsanet.baselines.front_ends import PRECODINGS, LearnedCsiFrontEnd
from cscsanet.baselines.mmse_detection import detection_gain
from cscsanet.baselines.pca import channel_beams
from cscsanet.baselines.resource_grid import ResourceGrid
from cscsanet.baselines.separated_link import Arrived, SeparatedLink, map_to_grid
from cscsanet.channel.frame import data_symbols
from cscsanet.channel.impairments import paths_of_links
from cscsanet.channel.noise import complex_normal
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.response import effective_channel
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.config.system import ChannelParams
from cscsanet.links.link import SourceBits, Transmission
from cscsanet.networks import iq
from cscsanet.networks.beamspace.beam_grid import array_response
from cscsanet.networks.iq import to_complex

Rate = Literal["ideal", "coded"]


@dataclass(frozen=True)
class RateRule:
    """How the BS sets a rate.

    error: that it aims at. csi_error: of the fed back channel, over its power; short_csi_error: where the feedback is so
    short that the strength of the channel is a report. The defaults are among the best on the validation part, by the
    mean mIoU over the compared SNRs (`studies/digital`).
    """

    error: float = 0.05
    csi_error: float = 0.05
    short_csi_error: float = 0.2


class DigitalLink(SeparatedLink):
    """Bits over the data path of the separated designs. Rates know no limit of an element's power."""

    codec: BitCodec

    def __init__(
        self,
        front: LearnedCsiFrontEnd,
        codec: BitCodec,
        prior: BitPrior,
        channel: ChannelParams,
        rate: Rate,
        rule: RateRule | None = None,
    ) -> None:
        super().__init__(front, codec, channel)
        self.prior = prior
        self.rate = rate
        self.rule = rule or RateRule()

    def forward(
        self, images: Tensor, paths: PathDrops, point: OperatingPoint, generator: torch.Generator
    ) -> Transmission:
        """Transmit a batch: CSI-RS in symbols 0..L-1, payload and DMRS in symbols L..L+T-1."""
        point.within(self.codec.capacity)
        down, up = paths_of_links(paths, self.channel, generator)
        with torch.no_grad():
            beams: BeamsWithPrior = self.front(down, point, generator)
        signs = self.codec.signs(images)
        lengths = self.prior(signs)
        streams, carried, lost = self.deliver(up, beams, point, generator, lengths[..., -1])
        counts = fitting(lengths, carried)
        lost = lost & (counts > 0)
        kept = prefix(signs, counts * ~lost)
        last = (counts - 1).clamp_min(0).unsqueeze(-1)
        spent = torch.where(counts > 0, lengths.gather(-1, last).squeeze(-1), 0.0)
        return Transmission(
            self.codec.fuse(kept),
            streams,
            beams.precoder,
            beams.combiner,
            beams.bits,
            self.pilots(point),
            SourceBits(carried, spent, lost),
        )

    def grid(self, point: OperatingPoint) -> ResourceGrid:
        """Return the resource grid of a point; at capacity it has no DMRS."""
        if self.rate == "ideal":
            return grid_without_dmrs(point.data_symbols, self.channel.subcarriers, self.channel.users)
        return super().grid(point)

    def deliver(
        self,
        paths: PathDrops,
        beams: BeamsWithPrior,
        point: OperatingPoint,
        generator: torch.Generator,
        longest: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the sent streams, the bits that each block carries (batch, K), and whether it is lost (batch, K).

        longest: bits of the whole message of each UE (batch, K); a block need not carry more.
        """
        codeword = self.codeword(len(paths), point, generator)
        if self.rate == "ideal":
            symbols = map_to_grid(codeword, self.grid(point)) / math.sqrt(self.channel.ue_antennas)
            carried = capacity(self.true_sinr(paths, beams, point))
            return symbols.unsqueeze(-1), carried, torch.zeros_like(carried, dtype=torch.bool)
        arrived = self.receive(codeword, paths, beams, point, generator)
        rate = normal_approximation(self.predicted_sinr(beams, point), self.rule.error)
        carried = torch.minimum(rate, longest)
        density = information_density(codeword, arrived.detected, self.gain(arrived))
        chance = 2.0 ** -(density - carried + 1).clamp_min(0)
        drawn = torch.rand(chance.shape, generator=generator, device=generator.device).to(chance)
        return arrived.streams, carried, drawn < chance

    def codeword(self, count: int, point: OperatingPoint, generator: torch.Generator) -> Tensor:
        """Return random codewords (count, K, D), complex Gaussian, with a mean energy of 1 each."""
        shape = (count, self.channel.users, len(self.grid(point).data))
        drawn = complex_normal(shape, generator, next(self.parameters()).device)
        energy = drawn.abs().square().mean(dim=-1, keepdim=True)
        return drawn * torch.rsqrt(energy)

    def gain(self, arrived: Arrived) -> Tensor:
        """Return q (batch, K, D) of what arrived (`mmse_detection.detection_gain`)."""
        return detection_gain(arrived.estimate.channel, arrived.estimate.error, arrived.noise)

    def true_sinr(self, paths: PathDrops, beams: BeamsWithPrior, point: OperatingPoint) -> Tensor:
        """Return the SINR (batch, K, D) after linear MMSE detection with the true channel of the data symbols."""
        grid = self.grid(point)
        framed = replace(point, data_symbols=grid.symbols)
        symbols = data_symbols(framed, self.channel, beams.combiner.device)
        effective = effective_channel(paths, beams.precoder, beams.combiner, symbols, self.channel)
        columns = effective.squeeze(-1).flatten(2, 3)[:, :, grid.flat_index(grid.data).to(effective.device)]
        return self._sinr(columns, beams, point)

    def predicted_sinr(self, beams: BeamsWithPrior, point: OperatingPoint) -> Tensor:
        """Return the SINR (batch, K, N_c) that the BS expects from the fed back channel.

        The fed back gains are of the CSI-RS, so the phases between paths have changed since.
        """
        assert beams.fed_back is not None
        columns = fed_back_channel(beams.fed_back, beams.combiner, self.channel)
        short = isinstance(self.front, QualityFrontEnd) and self.front.reports(point)
        share = self.rule.short_csi_error if short else self.rule.csi_error
        error = share * columns.abs().square().mean(dim=2, keepdim=True)
        columns = math.sqrt(1 - share) * columns
        sinr = self._sinr(columns, beams, point, error.expand(columns.shape))
        # One value for each element of the payload, evenly over the band.
        elements = len(self.grid(point).data)
        index = torch.arange(elements, device=sinr.device) % sinr.shape[-1]
        return sinr[..., index]

    def _sinr(
        self, columns: Tensor, beams: BeamsWithPrior, point: OperatingPoint, error: Tensor | None = None
    ) -> Tensor:
        """Return the SINR (batch, K, G) of effective channels (batch, K, G, R), of antennas of unit energy."""
        noise = point.noise_power * beams.combiner @ beams.combiner.mH
        channel = columns / math.sqrt(self.channel.ue_antennas)
        uncertain = torch.zeros_like(channel.real) if error is None else error / self.channel.ue_antennas
        gain = detection_gain(channel, uncertain, noise).double()
        return gain / (1 - gain).clamp_min(1e-9)


def grid_without_dmrs(data_symbols: int, subcarriers: int, users: int) -> ResourceGrid:
    """Return a grid whose elements all have payload."""
    index = torch.arange(data_symbols * subcarriers)
    data = torch.stack((index // subcarriers, index % subcarriers), dim=1)
    none = tuple(torch.zeros(0, 2, dtype=torch.long) for _ in range(users))
    return ResourceGrid(data_symbols, subcarriers, data, none)


def fitting(lengths: Tensor, carried: Tensor) -> Tensor:
    """Return the largest numbers of bits (batch, K) whose message is at most as long as a block carries.

    lengths: of every prefix (batch, K, P N_c) [bit]; carried: (batch, K) [bit].
    """
    return (lengths <= carried.unsqueeze(-1)).sum(dim=-1)


def fed_back_channel(feedback: FedBackPaths, combiner: Tensor, channel: ChannelParams) -> Tensor:
    """Return the effective channel (batch, K, N_c, R) of one stream for each UE, as the BS knows it.

    feedback: paths (batch x K, P); combiner: (batch, R, N_r). The BS derives the beam of a UE from its paths.
    """
    paths, users = feedback.paths, channel.users
    beam, _ = channel_beams(paths, channel)
    depart = to_complex(array_response(paths.aod, channel.ue_antennas))
    sent = to_complex(paths.gain) * (depart.conj() @ beam.unsqueeze(-1)).squeeze(-1)
    arrive = to_complex(array_response(paths.aoa, channel.bs_antennas))
    arrive = arrive.reshape(-1, users, *arrive.shape[1:])
    received = combiner.unsqueeze(1) @ arrive.mT
    on_chains = received * sent.reshape(-1, users, 1, sent.shape[-1])
    frequency = torch.arange(channel.subcarriers, device=sent.device) / channel.subcarriers
    cycles = paths.delay.reshape(-1, users, 1, paths.delay.shape[-1]) * frequency.unsqueeze(-1)
    ramp = to_complex(iq.cis(-2 * math.pi * cycles))
    return ramp @ on_chains.mT


def digital(params: Params, rate: Rate) -> DigitalLink:
    """Build the link with DL-based CSI and feedback and PCA precoding. rate: see the module.

    Rates of a code need the strength of the channel; at capacity they do not, and all bits serve the beams.
    """
    front_end = QualityFrontEnd if rate == "coded" else LearnedCsiFrontEnd
    front = front_end(params, PRECODINGS["pca"](params))
    return DigitalLink(front, BitCodec(params), BitPrior(params), params.channel, rate)
