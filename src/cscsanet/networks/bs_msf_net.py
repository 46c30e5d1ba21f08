"""BS-MSFNet (Sec. III-F, Fig. 6): the superposed baseband signal and the channel semantics -> class logits.

    Y_BB     -> per position linear, levelled = received semantics (d_s, H_s, W_s)  \\
    S_CSI,BS -> per position linear                                                  > SFA -> decoder = R, 9 x H x W   (22)

The decoder mirrors the encoder with nearest-neighbour unpooling. Y_BB is levelled first: the gain of the air is
unknown, and a receiver has gain control. So is what the linear layer makes of it: a sum over more symbols is larger, and
one decoder serves every Q.

Axes: N_c = H_s x W_s subcarriers, Q data symbols, N_RF chains, 2 = I/Q, d_s features, H x W pixels.
"""

from torch import Tensor, nn

from cscsanet.networks.complex_pairs import level
from cscsanet.networks.convolutions import Convolution, MiniInception, widths
from cscsanet.networks.sfa import Sfa
from cscsanet.networks.ue_msf_net import LAST_POOL
from cscsanet.params import MsfParams

CLASSES = 9


class SemanticDecoder(nn.Sequential):
    """Fused semantics (batch, d_s, H_s, W_s) -> class logits (batch, 9, H, W)."""

    def __init__(self, halvings: int, params: MsfParams) -> None:
        first, second, third, fourth, tail = widths(params.width_multiplier)
        layers: list[nn.Module] = [
            Convolution(params.semantic_features, tail),
            nn.Upsample(scale_factor=LAST_POOL),
            Convolution(tail, tail),
            Convolution(tail, fourth),
        ]
        stages: list[list[nn.Module]] = [
            [MiniInception(fourth, third)],
            [MiniInception(third, second)],
            [Convolution(second, second), Convolution(second, first)],
            [Convolution(first, first)],
        ]
        for index, stage in enumerate(stages):
            if len(stages) - index <= halvings:
                layers.append(nn.Upsample(scale_factor=2))
            layers += stage
        layers.append(nn.Conv2d(first, CLASSES, 1))
        super().__init__(*layers)


class BsMsfNet(nn.Module):
    """The base station's multimodal semantic fusion network."""

    def __init__(
        self, halvings: int, params: MsfParams, csi_features: int, rf_chains: int, data_symbols: int
    ) -> None:
        super().__init__()
        positions = params.latent_height * params.latent_width
        self.latent_shape = (params.latent_height, params.latent_width)
        self.from_baseband = nn.Linear(data_symbols * rf_chains * 2, params.semantic_features)
        self.from_csi = nn.Linear(csi_features, params.semantic_features)
        self.fuse = Sfa(
            params.semantic_features, params.context_features, positions * params.semantic_features
        )
        self.decoder = SemanticDecoder(halvings, params)

    def forward(self, received: Tensor, csi_features: Tensor) -> Tensor:
        """Return class logits (batch, 9, H, W).

        received: Y_BB as pairs (batch, N_c, Q, N_RF, 2), zero from the first unused data symbol on;
        csi_features: S_CSI,BS (batch, N_c, d_CSI).
        """
        positions = self.from_baseband(level(received, symbol_axis=2).flatten(2))
        positions = nn.functional.rms_norm(positions, positions.shape[1:])
        semantics = positions.transpose(1, 2).reshape(len(positions), -1, *self.latent_shape)
        logits: Tensor = self.decoder(self.fuse(semantics, self.from_csi(csi_features)))
        return logits
