"""The separated designs (Sec. IV-A): their front ends, from CSI to beams, and the whole links.

    dlcsi-*    CSI-RS -> estimate at each UE -> B bits -> decoded channels at the BS
    perfect-*  the true channel at the end of the CSI-RS, at both ends; no estimation, no feedback
    codebook   CSI-RS of random phases, matched filter, beam indices (`codebook`)

A design is a front end and the data path that all of them share. The builders return untrained
links.

Axes: K UEs, N_r / N_t antennas at BS / UE, B feedback bits.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from cscsanet.baselines.acquisition import Acquisition
from cscsanet.baselines.codebook import CodebookLayer
from cscsanet.baselines.delay_prior import BeamsWithPrior, delay_prior
from cscsanet.baselines.feedback import FedBackPaths, FeedbackCodec, perfect_feedback
from cscsanet.baselines.path_channel import true_channel
from cscsanet.baselines.precoding import DlPrecoding, PcaPrecoding
from cscsanet.baselines.separated_link import SeparatedLink
from cscsanet.baselines.source_codec import SourceCodec
from cscsanet.channel.paths import PathDrops
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.config.system import ChannelParams
from cscsanet.links.physical_layer import Beams
from cscsanet.networks.interfaces import PathEstimates

# The share of the channel's power at delays that were not fed back, with perfect and with estimated
# CSI.
_UNREPORTED_PERFECT, _UNREPORTED = 0.001, 0.03
_DELAY_ERROR = 0.25  # of a UE's delay estimates [samples]


class PerfectFrontEnd(nn.Module):
    """Beams from the true channel at the last CSI-RS symbol."""

    def __init__(self, channel: ChannelParams, precoding: PcaPrecoding) -> None:
        super().__init__()
        self.channel = channel
        self.precoding = precoding

    def forward(self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator) -> BeamsWithPrior:
        """Return F (batch, K, N_t, 1), W (batch, K, N_r), and zeros as unused bits."""
        feedback = perfect_feedback(true_channel(paths, point.csirs_symbols, self.channel))
        precoder, combiner = self.precoding(feedback.paths, feedback, point.snr_db)
        bits = combiner.real.new_zeros(len(precoder), self.channel.users, point.feedback_bits)
        prior = delay_prior(
            feedback, combiner, self.channel, unreported_share=_UNREPORTED_PERFECT, delay_error=0.0
        )
        return BeamsWithPrior(precoder, combiner, bits, prior)


class LearnedCsiFrontEnd(nn.Module):
    """Beams from channels that are estimated and fed back."""

    def __init__(self, params: Params, precoding: PcaPrecoding) -> None:
        super().__init__()
        self.users = params.channel.users
        self.acquisition = Acquisition(params)
        self.feedback = FeedbackCodec(params)
        self.precoding = precoding

    def forward(self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator) -> BeamsWithPrior:
        """Return F (batch, K, N_t, 1), W (batch, K, N_r) and the bits (batch, K, B)."""
        estimate, feedback, bits = self.csi(paths, point, generator)
        precoder, combiner = self.precoding(estimate, feedback, point.snr_db)
        prior = delay_prior(
            feedback,
            combiner,
            self.acquisition.channel,
            unreported_share=_UNREPORTED,
            delay_error=_DELAY_ERROR,
        )
        return BeamsWithPrior(precoder, combiner, bits.reshape(len(paths), self.users, -1), prior, feedback)

    def csi(
        self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator
    ) -> tuple[PathEstimates, FedBackPaths, Tensor]:
        """Return estimates and decoded feedback (batch x K, P), and the bits (batch x K, B)."""
        estimate = self.acquisition(paths, point, generator)
        bits = self.feedback.encode(estimate, point.snr_db)[:, : point.feedback_bits]
        return estimate, self.feedback.decode(bits, point.snr_db), bits


class CodebookFrontEnd(nn.Module):
    """Beams by index: each UE's stream, and its chain at the BS, on its strongest detected path."""

    def __init__(self, params: Params) -> None:
        super().__init__()
        # The layer is neither trained nor stored, so its random phases come from the seed.
        with torch.random.fork_rng():
            torch.manual_seed(params.seed)
            self.layer = CodebookLayer(
                params.channel, params.csa, params.points.capacity.csirs_symbols, strategy="user"
            )

    def forward(self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator) -> BeamsWithPrior:
        """Return F (batch, K, N_t, 1), W (batch, R, N_r) and the bits (batch, K, B); no prior."""
        beams: Beams = self.layer(paths, point, generator)
        return BeamsWithPrior(beams.precoder[..., :1], beams.combiner, beams.bits)


PRECODINGS: Mapping[str, Callable[[Params], PcaPrecoding]] = {
    "dl": DlPrecoding,
    "pca": lambda params: PcaPrecoding(params.channel),
}


def learned_csi(params: Params, precoding: str) -> SeparatedLink:
    """Build the link with DL-based CSI and feedback; precoding: a name in `PRECODINGS`."""
    front = LearnedCsiFrontEnd(params, PRECODINGS[precoding](params))
    return SeparatedLink(front, SourceCodec(params), params.channel)


def perfect_csi(params: Params, precoding: str) -> SeparatedLink:
    """Build the link with perfect initial CSI; precoding: a name in `PRECODINGS`."""
    front = PerfectFrontEnd(params.channel, PRECODINGS[precoding](params))
    return SeparatedLink(front, SourceCodec(params), params.channel)


def codebook(params: Params) -> SeparatedLink:
    """Build the link with beams by index."""
    return SeparatedLink(CodebookFrontEnd(params), SourceCodec(params), params.channel)
