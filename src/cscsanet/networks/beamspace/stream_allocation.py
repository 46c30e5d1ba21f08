"""The beams of each chain or stream: a rule on the strength of each path, and a correction.

At low SNR all of a UE's energy should go to its strongest path; at high SNR every path should carry
a separate stream (the two strategies of `channel/bounds`). Between them the strength of a path
decides. A further path carries a stream with the share

    m_p = sigmoid( steepness (SNR + 10 log10 |g_p|^2 - threshold) )

which the UE feeds back. BS chain r receives the strongest path of UE r, and path p of UE k where
r = k + p modulo the chains, with weight m_p. Each UE chooses for itself between one stream and two,
and the BS follows it. Where the share is not among the bits that are fed back, the SNR alone
decides. A path whose direction is not among them carries nothing. Both ends know which bits are fed
back. Learned logits and phases for each drop are added.

Axes: K UEs, P paths of each, C chains or streams, S candidate beams, 2 = I/Q.
"""

import torch
from torch import Tensor, nn

from cscsanet.networks import iq

SNR_SCALE = 20.0  # [dB], of SNRs as inputs of networks
SWITCH_DB = -5.0  # below it the low-SNR strategy has the higher mean rate over a population of drops
_THRESHOLD_DB = -14.0  # of a path's SNR before any array gain: from here on a second stream pays off
_STEEPNESS = 2.0  # [1/dB]
_NEVER = -30.0  # the logit of a share of zero
_FLOOR = 0.003  # the least weight of a known beam before learning, so that learning can raise it


class StreamAllocation(nn.Module):
    """The share of a separate stream that a UE gives to each path."""

    def __init__(self) -> None:
        super().__init__()
        self.threshold = nn.Parameter(torch.tensor(_THRESHOLD_DB / SNR_SCALE))
        self.steepness = nn.Parameter(torch.tensor(_STEEPNESS * SNR_SCALE))

    def forward(
        self, snr: Tensor, gain: Tensor, share_reported: Tensor, direction_reported: Tensor
    ) -> Tensor:
        """Return the logit of m_p (batch, P).

        snr: (batch, 1), in units of SNR_SCALE; gain: (batch, P, 2); share_reported,
        direction_reported: (batch, P), 1 where the path's share, and its direction, is fed back.
        """
        path_snr = snr + 10 / SNR_SCALE * torch.log10(iq.abs2(gain) + 1e-6)
        logit = self.steepness * (path_snr - self.threshold)
        return effective_logit(logit, snr, share_reported, direction_reported)


def effective_logit(logit: Tensor, snr: Tensor, share_reported: Tensor, direction_reported: Tensor) -> Tensor:
    """Return the logits (..., P) that both ends use, from those of the UE.

    Without a reported share the SNR decides; without a reported direction the path gets no stream.
    """
    from_snr = (SNR_SCALE * snr - SWITCH_DB).expand_as(logit)
    logit = share_reported * logit + (1 - share_reported) * from_snr
    return direction_reported * logit + (1 - direction_reported) * _NEVER


def only_strongest(logit: Tensor) -> Tensor:
    """Return the logits (..., P) of shares with which the strongest path alone carries streams."""
    return torch.cat((logit[..., :1], torch.full_like(logit[..., 1:], _NEVER)), dim=-1)


def beam_weights(prior: Tensor, learned: Tensor, available: Tensor) -> Tensor:
    """Return the weights c (batch, C, S, 2) of candidate beams.

    prior: (batch, C, S), from the shares; learned: (batch, 2 C S), a logit and a phase for each
    chain and beam; available: (batch, S), 0 for candidates without a direction.
    """
    logits, phases = learned.reshape(-1, 2, *prior.shape[1:]).unbind(dim=1)
    prior = prior / (prior.sum(dim=-1, keepdim=True) + 1e-6)
    logits = torch.log(prior + _FLOOR * available.unsqueeze(1) + 1e-6) + logits
    return torch.softmax(logits, dim=-1).unsqueeze(-1) * iq.cis(phases)
