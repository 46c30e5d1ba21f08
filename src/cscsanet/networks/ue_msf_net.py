"""UE-MSFNet (Sec. III-E, Fig. 5): one modality and channel semantics -> uplink baseband signal.

    D[k] -> convolutional encoder = F_s -> SFA with S_CSI,UE[k] -> per position linear = S_BB[k]

The encoder halves the image `halvings` times and ends in a 3x4 max-pool, which leaves H_s x W_s
latent positions, one for each subcarrier. A coarser last pool leaves fewer positions, for a UE with
fewer subcarriers (`bs_msf_oma_net`). The Link applies the power constraint, eq. (20).

Axes: H x W pixels, d_s features, N positions = subcarriers of this UE, Q data symbols, N_RF
streams, 2 = I/Q.
"""

import math

from torch import Tensor, nn

from cscsanet.config.system import MsfParams
from cscsanet.networks.convolutions import Convolution, MiniInception, widths
from cscsanet.networks.sfa import Sfa

LAST_POOL = (3, 4)


def latent_shape(params: MsfParams, last_pool: tuple[int, int] = LAST_POOL) -> tuple[int, int]:
    """Return the latent height and width, H_s x W_s, or less after a coarser last pool."""
    return (
        params.latent_height * LAST_POOL[0] // last_pool[0],
        params.latent_width * LAST_POOL[1] // last_pool[1],
    )


class SourceEncoder(nn.Sequential):
    """Encoder from images (batch, channels, H, W) in [0, 1] to F_s (batch, d_s, *latent shape)."""

    def __init__(
        self, channels: int, halvings: int, params: MsfParams, last_pool: tuple[int, int] = LAST_POOL
    ) -> None:
        first, second, third, fourth, tail = widths(params.width_multiplier)
        stages: list[list[nn.Module]] = [
            [Convolution(channels, first)],
            [Convolution(first, second), Convolution(second, second)],
            [MiniInception(second, third)],
            [MiniInception(third, fourth)],
        ]
        layers: list[nn.Module] = []
        for index, stage in enumerate(stages):
            layers += stage
            if index < halvings:
                layers.append(nn.MaxPool2d(2))
        layers += [
            Convolution(fourth, tail),
            Convolution(tail, tail),
            nn.MaxPool2d(last_pool),
            nn.Conv2d(tail, params.semantic_features, 1),
        ]
        super().__init__(*layers)


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
