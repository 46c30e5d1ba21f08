"""Networks over sets: the paths, or the ports, of each user; and the network of a UE.

Axes: batch; K users, T tokens of a set, P ports of a user.
"""

import math

import torch
from torch import Tensor, nn

from cscsanet.networks.beamspace.beam_layers import scaled_init

_MOST_SHIFT = 0.05  # of a position: a quarter of the cell of one digit is 0.0625
_DB_SCALE, _BITS_SCALE = 20.0, 32.0


class SetNetwork(nn.Module):
    """Tokens (batch, K, T, inputs) to outputs (batch, K, T, outputs), near zero before training.

    A token sees itself, mean and maximum of its user's tokens, and the mean over the sets of all users. Neither the order
    of tokens nor that of users matters.
    """

    def __init__(self, inputs: int, outputs: int, hidden: int, layers: int = 2) -> None:
        super().__init__()
        self.embed = nn.Linear(inputs, hidden)
        self.layers = nn.ModuleList(_SetLayer(hidden) for _ in range(layers))
        self.out = scaled_init(nn.Linear(hidden, outputs))

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the outputs."""
        hidden = self.embed(tokens)
        for layer in self.layers:
            hidden = layer(hidden)
        outputs: Tensor = self.out(hidden)
        return outputs


class _SetLayer(nn.Module):
    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(hidden)
        self.token = nn.Linear(hidden, hidden)
        self.of_set = nn.Linear(3 * hidden, hidden)
        self.out = nn.Linear(hidden, hidden)

    def forward(self, hidden: Tensor) -> Tensor:
        seen = self.norm(hidden)
        mean, most = seen.mean(dim=2), seen.amax(dim=2)
        users = mean.mean(dim=1, keepdim=True).expand_as(mean)
        common = self.of_set(torch.cat((mean, most, users), dim=-1)).unsqueeze(2)
        output: Tensor = hidden + self.out(nn.functional.gelu(self.token(seen) + common))
        return output


class UeNetwork(nn.Module):
    """What a UE moves before it quantises: the positions of phases and amplitudes, from all that it received.

    Inputs are zero for ports that are not there, so one network serves every number of them.
    """

    def __init__(self, most_ports: int, hidden: int) -> None:
        super().__init__()
        self.most_ports = most_ports
        self.layers = nn.Sequential(
            nn.Linear(4 * most_ports + 3, 2 * hidden),
            nn.GELU(),
            nn.Linear(2 * hidden, 2 * hidden),
            nn.GELU(),
            scaled_init(nn.Linear(2 * hidden, 2 * most_ports)),
        )

    def forward(
        self, phase: Tensor, amplitude: Tensor, dl_snr_db: Tensor, bits: int
    ) -> tuple[Tensor, Tensor]:
        """Return the moved positions (batch, K, P); see `feedback.positions`. dl_snr_db: (batch,)."""
        ports = phase.shape[-1]
        missing = (0, self.most_ports - ports)
        turn = 2 * math.pi * phase
        seen = [
            nn.functional.pad(each, missing)
            for each in (turn.cos(), turn.sin(), amplitude, torch.ones_like(phase))
        ]
        like = phase[..., :1]
        of_all = (
            (dl_snr_db / _DB_SCALE).reshape(-1, 1, 1).expand_as(like),
            torch.full_like(like, bits / _BITS_SCALE),
            torch.full_like(like, ports / self.most_ports),
        )
        moved = _MOST_SHIFT * self.layers(torch.cat((*seen, *of_all), dim=-1)).tanh()
        return phase + moved[..., :ports], amplitude + moved[..., self.most_ports : self.most_ports + ports]
