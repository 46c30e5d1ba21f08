"""BS-CSANet (Sec. III-D, Fig. 4): feedback bits of all UEs -> combiner, channel semantics.

    q[1], ..., q[K] -> dequantise -> linear -> positions + layers -> linear = S_CSI,BS
                  S_CSI,BS -> layers -> linear = phases of W_RF = exp(j Phi)               (18)

These bits are the only information that the BS has about the channel.

Axes: K users, B feedback bits of one UE, N_c subcarriers (tokens), N_r antennas, N_RF chains.
"""

from torch import Tensor, nn

from cscsanet.config.operating_point import Capacity
from cscsanet.config.system import ChannelParams, CsaParams
from cscsanet.networks.interfaces import BsChannelView
from cscsanet.networks.quantiser import BITS_PER_FEATURE, dequantise
from cscsanet.networks.transformer import sine_positions, transformer


class BsCsaNet(nn.Module):
    """The base station's channel semantic-aware network."""

    def __init__(self, channel: ChannelParams, params: CsaParams, capacity: Capacity) -> None:
        super().__init__()
        self.combiner_shape = (channel.rf_chains, channel.bs_antennas)
        tokens, features = channel.subcarriers, params.model_features
        codeword = channel.users * capacity.feedback_bits // BITS_PER_FEATURE
        self.token_shape = (tokens, features)
        self.embed = nn.Linear(codeword, tokens * features)
        self.register_buffer("positions", sine_positions(tokens, features), persistent=False)
        self.trunk = transformer(params, params.trunk_layers)
        self.to_csi = nn.Linear(features, params.csi_features)
        self.combiner_embed = nn.Linear(params.csi_features, features)
        self.combiner_branch = transformer(params, params.branch_layers)
        self.combiner_head = nn.Linear(tokens * features, channel.rf_chains * channel.bs_antennas)

    def forward(self, bits: Tensor, active: Tensor) -> BsChannelView:
        """Decode the feedback into the combiner's phases and the channel semantics.

        bits: (batch, K, B), 0 or 1. active: (B / 2,), 1 for the codeword features that were fed
        back and 0 for the rest, whose bits have no effect.
        """
        # Centred, so that a feature that was not fed back enters as zero, the middle of its range.
        codeword = (dequantise(bits) - 0.5) * active
        tokens = self.embed(codeword.flatten(1)).unflatten(1, self.token_shape)
        csi_features = self.to_csi(self.trunk(tokens + self.positions))
        combiner = self.combiner_head(self.combiner_branch(self.combiner_embed(csi_features)).flatten(1))
        return BsChannelView(combiner.unflatten(1, self.combiner_shape), csi_features)
