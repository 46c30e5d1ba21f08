"""Which beams a chain or stream carries: two hand-made answers, a switch by SNR between them, and what is learned.

At low SNR all energy belongs on the strongest paths, at high SNR every path carries a stream (`channel/strategies`).
The gate starts at these, with the switch at an SNR of its own; learned logits and phases for each drop are added.

Axes: C chains or streams, S candidate beams, 2 = I/Q.
"""

import torch
from torch import Tensor, nn

from cscsanet.networks.complex_pairs import phasor

SNR_SCALE = 20.0  # [dB], of SNRs as inputs of networks
SWITCH_DB = -5.0  # below it the strategy for low SNR is the better one
_FLOOR = 0.003  # the weight of a beam that a strategy leaves out, so that learning can bring it back


class StrategyGate(nn.Module):
    """Weights of the candidate beams of each chain."""

    low: Tensor
    high: Tensor

    def __init__(self, low: Tensor, high: Tensor, switch_db: float) -> None:
        """low, high: (C, S) weights of the two strategies, each row summing to 1."""
        super().__init__()
        self.register_buffer("low", low, persistent=False)
        self.register_buffer("high", high, persistent=False)
        self.switch = nn.Parameter(torch.tensor(switch_db / SNR_SCALE))
        self.steepness = nn.Parameter(torch.tensor(20.0))

    @property
    def outputs(self) -> int:
        """Learned numbers that the gate asks for: a logit and a phase for each chain and beam."""
        return 2 * self.low.numel()

    def forward(self, snr: Tensor, learned: Tensor, heard: Tensor) -> Tensor:
        """Return weights c (batch, C, S, 2).

        snr: (batch, 1), in units of SNR_SCALE; learned: (batch, 2 C S); heard: (batch, S), 0 for candidates of
        which nothing is known.
        """
        share = torch.sigmoid(self.steepness * (snr - self.switch)).unsqueeze(-1)
        prior = (1 - share) * self.low + share * self.high
        logits, turns = learned.reshape(-1, 2, *self.low.shape).unbind(dim=1)
        logits = torch.log(prior + _FLOOR) + logits + torch.log(heard + 1e-4).unsqueeze(1)
        return torch.softmax(logits, dim=-1).unsqueeze(-1) * phasor(turns)
