"""UE-MSFNet (Sec. III-E, Fig. 5): one modality and channel semantics -> uplink baseband signal.

    D[k] -> convolutional encoder = F_s -> SFA with S_CSI,UE[k] -> per position linear = S_BB[k]

The encoder (`semantic_codec`) leaves H_s x W_s latent positions, one for each subcarrier of this UE. The
Link applies the power constraint, eq. (20).

Axes: H x W pixels, d_s features, N positions = subcarriers of this UE, Q data symbols, N_RF
streams, 2 = I/Q.
"""

import math

from torch import Tensor, nn

from cscsanet.config.system import MsfParams
from cscsanet.networks.semantic_codec import LAST_POOL, SourceEncoder, latent_shape
from cscsanet.networks.sfa import Sfa


class UeMsfNet(nn.Module):
    """One UE's multimodal semantic fusion network, eq. (21) without the power constraint."""

    def __init__(
        self,
        channels: int,
        halvings: int,
        params: MsfParams,
        csi_features: int,
        rf_chains: int,
        data_symbols: int,
        last_pool: tuple[int, int] = LAST_POOL,
    ) -> None:
        super().__init__()
        positions = math.prod(latent_shape(params, last_pool))
        self.encoder = SourceEncoder(channels, halvings, params, last_pool)
        self.fuse = Sfa(params.semantic_features, params.context_features, positions * csi_features)
        self.to_baseband = nn.Linear(params.semantic_features, data_symbols * rf_chains * 2)
        self.signal_shape = (data_symbols, rf_chains, 2)

    def forward(self, image: Tensor, csi_features: Tensor) -> Tensor:
        """Return the unscaled baseband signal as pairs (batch, N, Q, N_RF, 2).

        image: (batch, channels, H, W) in [0, 1]; csi_features: S_CSI,UE (batch, N, d_CSI).
        """
        fused = self.fuse(self.encoder(image), csi_features)
        signal: Tensor = self.to_baseband(fused.flatten(2).transpose(1, 2))
        return signal.reshape(*signal.shape[:2], *self.signal_shape)
