"""UE-CSANet (Sec. III-C, Fig. 3): received CSI-RS -> analog precoder, feedback bits, channel semantics.

    Y_p[k] -> embed + positions -> U layers -> linear = S_CSI,UE[k]
                  S_CSI,UE -> layers -> linear = phases of F_RF[k] = exp(j Theta)          (16)
                  S_CSI,UE -> layers -> linear -> sigmoid -> 2-bit quantiser = q[k], B bits

Subcarriers are the tokens. The received signal is levelled first, since a UE's receiver has gain control.

Axes: N_c subcarriers (tokens), N_RF chains, L CSI-RS symbols, 2 = I/Q, B feedback bits, N_t antennas.
"""

from typing import NamedTuple

from torch import Tensor, nn

from cscsanet.networks.complex_pairs import level
from cscsanet.networks.phase_alignment import Aims
from cscsanet.networks.quantiser import BITS_PER_FEATURE, quantise
from cscsanet.networks.transformer import sine_positions, transformer
from cscsanet.params import ChannelParams, CsaParams
from cscsanet.points import Capacity


class UeChannelView(NamedTuple):
    """What one UE draws from its CSI-RS, eq. (17).

    precoder_phases: (batch, N_t, N_RF) [rad]; bits: (batch, B), 0 or 1; csi_features: S_CSI,UE (batch, N_c, d_CSI).
    alignment: the phases (batch, Q, N_c, N_RF) [rad] that the UE expects its streams to arrive with; aims: where they are
    listened for; strongest: u and w (batch,) of the strongest path found. None for a UE that does not look for paths.
    """

    precoder_phases: Tensor
    bits: Tensor
    csi_features: Tensor
    alignment: Tensor | None = None
    aims: Aims | None = None
    strongest: tuple[Tensor, Tensor] | None = None


class UeCsaNet(nn.Module):
    """One UE's channel semantic-aware network."""

    def __init__(self, channel: ChannelParams, params: CsaParams, capacity: Capacity) -> None:
        super().__init__()
        self.precoder_shape = (channel.ue_antennas, channel.rf_chains)
        tokens, features = channel.subcarriers, params.model_features
        self.embed = nn.Linear(2 * channel.rf_chains * capacity.csirs_symbols, features)
        self.register_buffer("positions", sine_positions(tokens, features), persistent=False)
        self.trunk = transformer(params, params.trunk_layers)
        self.to_csi = nn.Linear(features, params.csi_features)
        self.precoder_embed = nn.Linear(params.csi_features, features)
        self.precoder_branch = transformer(params, params.branch_layers)
        self.precoder_head = nn.Linear(tokens * features, channel.ue_antennas * channel.rf_chains)
        self.codeword_embed = nn.Linear(params.csi_features, features)
        self.codeword_branch = transformer(params, params.branch_layers)
        self.codeword_head = nn.Linear(tokens * features, capacity.feedback_bits // BITS_PER_FEATURE)

    def forward(self, received: Tensor) -> UeChannelView:
        """received: Y_p[k] as pairs (batch, N_c, N_RF, L, 2), zero from the first unused CSI-RS symbol on."""
        tokens = level(received, symbol_axis=3).flatten(2)
        csi_features = self.to_csi(self.trunk(self.embed(tokens) + self.positions))
        precoder = self.precoder_head(self.precoder_branch(self.precoder_embed(csi_features)).flatten(1))
        codeword = self.codeword_head(self.codeword_branch(self.codeword_embed(csi_features)).flatten(1))
        return UeChannelView(
            precoder.unflatten(1, self.precoder_shape), quantise(codeword.sigmoid()), csi_features
        )
