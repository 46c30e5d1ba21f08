"""BS-MSFNet (Sec. III-F, Fig. 6): superposed baseband signal, channel semantics -> class logits.

    Y_BB     -> AGC -> linear, per position -> RMS norm = received semantics (d_s, H_s, W_s)  \\
    S_CSI,BS -> linear, per position                                                           > SFA
    SFA -> decoder = R, C x H x W                                                               (22)

The decoder mirrors the encoder (`semantic_codec`). Automatic gain control (AGC) comes
first, since the gain of the channel is unknown. The output of the linear layer is normalised too: a
sum over more data symbols is larger, and one decoder serves every Q.

Axes: N_c = H_s x W_s subcarriers, Q data symbols, N_RF chains, 2 = I/Q, d_s features, H x W pixels;
N latent positions and d features of the received semantics: N_c and d_s here, N_c / K and K d_s in
`bs_msf_oma_net`; C classes.
"""

import math

from torch import Tensor, nn

from cscsanet.config.scenes.section import Head
from cscsanet.config.system import MsfParams
from cscsanet.networks.iq import normalize_power
from cscsanet.networks.semantic_codec import LAST_POOL, decoder_for, latent_shape
from cscsanet.networks.sfa import Sfa


class BlockReader(nn.Linear):
    """AGC over a received block, and a linear layer to d_s features of each of its positions."""

    def __init__(self, data_symbols: int, rf_chains: int, features: int) -> None:
        super().__init__(data_symbols * rf_chains * 2, features)

    def forward(self, received: Tensor) -> Tensor:
        """Return the features (batch, N, d_s) of received pairs (batch, N, Q, N_RF, 2)."""
        return super().forward(normalize_power(received, symbol_axis=2).flatten(2))


class BsFusion(nn.Module):
    """The part of a BS network that follows its reader: normalisation, SFA and the decoder."""

    def __init__(
        self,
        reader: nn.Module,
        features: int,
        halvings: int,
        params: MsfParams,
        csi_features: int,
        head: Head,
        last_pool: tuple[int, int] = LAST_POOL,
    ) -> None:
        """reader: maps Y_BB as pairs (batch, N_c, Q, N_RF, 2) to features (batch, N, d)."""
        super().__init__()
        subcarriers = math.prod(latent_shape(params))
        self.latent_shape = latent_shape(params, last_pool)
        self.from_baseband = reader
        self.from_csi = nn.Linear(csi_features, params.semantic_features)
        self.fuse = Sfa(features, params.context_features, subcarriers * params.semantic_features)
        self.decoder = decoder_for(head, features, halvings, params, last_pool)

    def forward(self, received: Tensor, csi_features: Tensor) -> Tensor:
        """Return class logits (batch, C, H, W).

        received: Y_BB as pairs (batch, N_c, Q, N_RF, 2), zero from the first unused data symbol on;
        csi_features: S_CSI,BS (batch, N_c, d_CSI).
        """
        positions = self.from_baseband(received)
        positions = nn.functional.rms_norm(positions, positions.shape[1:])
        semantics = positions.transpose(1, 2).reshape(positions.shape[0], -1, *self.latent_shape)
        logits: Tensor = self.decoder(self.fuse(semantics, self.from_csi(csi_features)))
        return logits


class BsMsfNet(BsFusion):
    """The base station's semantic fusion network, for one block of superposed UE signals."""

    def __init__(
        self,
        halvings: int,
        params: MsfParams,
        csi_features: int,
        rf_chains: int,
        data_symbols: int,
        head: Head,
    ) -> None:
        features = params.semantic_features
        reader = BlockReader(data_symbols, rf_chains, features)
        super().__init__(reader, features, halvings, params, csi_features, head)
