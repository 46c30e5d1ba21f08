"""How each separated design comes to its beams: what the two ends know of the channel, and what they make of it.

    dlcsi-*    CSI-RS -> estimate at each UE -> B bits -> rebuilt channels at the BS
    perfect-*  the true channel at the end of the CSI-RS, at both ends; nothing is estimated and no bit is read
    codebook   CSI-RS of random phases, matched filter, beam indices (`links/codebook_layer`)

Axes: K UEs, N_r / N_t antennas at BS / UE, B feedback bits.
"""

import torch
from torch import Tensor, nn

from cscsanet.channel.paths import PathDrops
from cscsanet.links.codebook_layer import CodebookLayer
from cscsanet.links.physical_layer import Beams
from cscsanet.networks.phase_alignment import KnownPaths
from cscsanet.params import ChannelParams, Params
from cscsanet.points import OperatingPoint
from cscsanet.separated.acquisition import Acquisition
from cscsanet.separated.delay_prior import InformedBeams, delay_prior
from cscsanet.separated.feedback import FeedbackCodec, ToldPaths, told_truly
from cscsanet.separated.known_channel import true_channel
from cscsanet.separated.precoding import PcaPrecoding

# What of the channel's power may come by delays that were not told, and how well a UE knows those that it tells [samples].
_UNTOLD_PERFECT = 0.001
_UNTOLD, _BLUR = 0.03, 0.25


class PerfectFront(nn.Module):
    """Beams from the true channel at the last CSI-RS symbol."""

    def __init__(self, channel: ChannelParams, precoding: PcaPrecoding) -> None:
        super().__init__()
        self.channel = channel
        self.precoding = precoding

    def forward(self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator) -> InformedBeams:
        """Return F (batch, K, N_t, 1), W (batch, K, N_r) and no bits worth reading: zeros."""
        told = told_truly(true_channel(paths, point.csirs_symbols, self.channel))
        precoder, combiner = self.precoding(told.paths, told, point.snr_db)
        unread = combiner.real.new_zeros(len(precoder), self.channel.users, point.feedback_bits)
        prior = delay_prior(told, combiner, self.channel, untold=_UNTOLD_PERFECT, blur=0.0)
        return InformedBeams(precoder, combiner, unread, prior)


class LearnedCsiFront(nn.Module):
    """Beams from estimated and fed back channels."""

    def __init__(self, params: Params, precoding: PcaPrecoding) -> None:
        super().__init__()
        self.users = params.channel.users
        self.acquisition = Acquisition(params)
        self.feedback = FeedbackCodec(params)
        self.precoding = precoding

    def forward(self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator) -> InformedBeams:
        """Return F (batch, K, N_t, 1), W (batch, K, N_r) and the bits (batch, K, B)."""
        estimate, told, bits = self.csi(paths, point, generator)
        precoder, combiner = self.precoding(estimate, told, point.snr_db)
        prior = delay_prior(told, combiner, self.acquisition.channel, untold=_UNTOLD, blur=_BLUR)
        return InformedBeams(precoder, combiner, bits.reshape(len(paths), self.users, -1), prior)

    def csi(
        self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator
    ) -> tuple[KnownPaths, ToldPaths, Tensor]:
        """Return what the UEs estimate and what the BS is told, (batch x K, P), and the bits (batch x K, B)."""
        estimate = self.acquisition(paths, point, generator)
        bits = self.feedback.encode(estimate, point.snr_db)[:, : point.feedback_bits]
        return estimate, self.feedback.decode(bits, point.snr_db), bits


class CodebookFront(nn.Module):
    """Beams by index: every UE's stream and its chain at the BS on the strongest path found."""

    def __init__(self, params: Params) -> None:
        super().__init__()
        # Nothing of it is trained or stored, so its random phases come from the seed.
        with torch.random.fork_rng():
            torch.manual_seed(params.seed)
            self.layer = CodebookLayer(
                params.channel, params.csa, params.points.capacity.csirs_symbols, strategy="user"
            )

    def forward(self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator) -> InformedBeams:
        """Return F (batch, K, N_t, 1), W (batch, R, N_r) and the bits (batch, K, B); they tell of no delay."""
        beams: Beams = self.layer(paths, point, generator)
        return InformedBeams(beams.precoder[..., :1], beams.combiner, beams.bits)
