"""Which beams a chain or stream carries: a hand-made answer that each path's own strength decides, and what is learned.

At low SNR all of a UE's energy belongs on its strongest path, at high SNR every path carries a stream of its own
(`channel/strategies`). Between them the strength of the path decides: a further path carries a stream with the share

    m_p = sigmoid( steepness (SNR + 10 log10 |g_p|^2 - threshold) )

which the UE feeds back. BS chain r listens to the strongest path of UE r, and to path p of UE k where r = k + p modulo the
chains, in the measure of m_p: UEs choose by themselves, one stream or two, and the BS follows each. Where the share is not
among the bits that are fed back, the SNR alone decides; a path whose direction is not among them carries nothing. Both
ends know which. Learned logits and phases for each drop are added.

Axes: K UEs, P paths of each, C chains or streams, S candidate beams, 2 = I/Q.
"""

import torch
from torch import Tensor, nn

from cscsanet.networks.complex_pairs import energy, phasor

SNR_SCALE = 20.0  # [dB], of SNRs as inputs of networks
SWITCH_DB = -5.0  # below it the strategy for low SNR is the better one, for a whole population of drops
_THRESHOLD_DB = -14.0  # of a path's SNR before any array gain: where a second stream begins to pay
_STEEPNESS = 2.0  # [1/dB]
_NEVER = -30.0
_FLOOR = 0.003  # the weight of a beam that the shares leave out, so that learning can bring it back


class StreamShares(nn.Module):
    """At a UE: with how much of a stream of its own each path is worth sending."""

    def __init__(self) -> None:
        super().__init__()
        self.threshold = nn.Parameter(torch.tensor(_THRESHOLD_DB / SNR_SCALE))
        self.steepness = nn.Parameter(torch.tensor(_STEEPNESS * SNR_SCALE))

    def forward(self, snr: Tensor, gain: Tensor, told: Tensor, heard: Tensor) -> Tensor:
        """Return the logit of m_p (batch, P).

        snr: (batch, 1), in units of SNR_SCALE; gain: (batch, P, 2); told, heard: (batch, P), 1 where the BS is told the
        share, and the direction, of the path.
        """
        own = snr + 10 / SNR_SCALE * torch.log10(energy(gain) + 1e-6)
        return decided(self.steepness * (own - self.threshold), snr, told, heard)


def decided(logit: Tensor, snr: Tensor, told: Tensor, heard: Tensor) -> Tensor:
    """Return the logits (..., P) by which both ends go: those given, the SNR's where untold, `never` where unheard."""
    by_snr = (SNR_SCALE * snr - SWITCH_DB).expand_as(logit)
    logit = told * logit + (1 - told) * by_snr
    return heard * logit + (1 - heard) * _NEVER


def beam_weights(prior: Tensor, learned: Tensor, heard: Tensor) -> Tensor:
    """Return the weights c (batch, C, S, 2) of candidate beams.

    prior: (batch, C, S), what the shares say; learned: (batch, 2 C S), a logit and a phase for each chain and beam;
    heard: (batch, S), 0 for candidates of which nothing is known.
    """
    logits, turns = learned.reshape(-1, 2, *prior.shape[1:]).unbind(dim=1)
    prior = prior / (prior.sum(dim=-1, keepdim=True) + 1e-6)
    logits = torch.log(prior + _FLOOR * heard.unsqueeze(1) + 1e-6) + logits
    return torch.softmax(logits, dim=-1).unsqueeze(-1) * phasor(turns)
