"""UE-CSANet (Sec. III-C, Fig. 3): CSI-RS -> precoder, feedback bits, channel semantics.

    Y_p[k] -> embed + positions -> U layers -> linear = S_CSI,UE[k]
                  S_CSI,UE -> layers -> linear = phases of F_RF[k] = exp(j Theta)          (16)
                  S_CSI,UE -> layers -> linear -> sigmoid -> 2-bit quantiser = q[k], B bits

Subcarriers are the tokens. The received signal passes automatic gain control first, as in any
receiver.

Axes: N_c subcarriers (tokens), N_RF chains, L CSI-RS symbols, 2 = I/Q, B feedback bits, N_t
antennas.
"""

from torch import Tensor, nn

from cscsanet.config.operating_point import Capacity
from cscsanet.config.system import ChannelParams, CsaParams
from cscsanet.networks.interfaces import UeChannelView
from cscsanet.networks.iq import normalize_power
from cscsanet.networks.quantiser import BITS_PER_FEATURE, quantise
from cscsanet.networks.transformer import sine_positions, transformer


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
        """Return precoder phases, feedback bits and channel semantics of the received CSI-RS.

        received: Y_p[k] as pairs (batch, N_c, N_RF, L, 2), zero from the first unused CSI-RS symbol
        on.
        """
        tokens = normalize_power(received, symbol_axis=3).flatten(2)
        csi_features = self.to_csi(self.trunk(self.embed(tokens) + self.positions))
        precoder = self.precoder_head(self.precoder_branch(self.precoder_embed(csi_features)).flatten(1))
        codeword = self.codeword_head(self.codeword_branch(self.codeword_embed(csi_features)).flatten(1))
        return UeChannelView(
            precoder.unflatten(1, self.precoder_shape), quantise(codeword.sigmoid()), csi_features
        )
