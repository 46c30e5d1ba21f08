"""The BS-MSFNet of orthogonal access (Sec. IV): the UEs' received semantics lie side by side, they are not added.

    Y_BB, UE k's subcarriers -> levelled, per position linear of UE k = d_s features  \\
    side by side: received semantics (K d_s, N positions)                              > SFA -> decoder = R
    S_CSI,BS, all subcarriers -> per position linear                                  /

Axes: N_c subcarriers, N = N_c / K positions, K UEs, Q data symbols, N_RF chains, 2 = I/Q, d_s features.
"""

import torch
from torch import Tensor, nn

from cscsanet.networks.bs_msf_net import BlockReader, BsFusion
from cscsanet.networks.subcarrier_shares import SHARED_POOL, SHARES
from cscsanet.params import MsfParams


class ShareReader(nn.Module):
    """Each UE's share of the subcarriers, read by itself: a weak UE is not drowned by the gain that a strong one sets."""

    def __init__(self, data_symbols: int, rf_chains: int, features: int) -> None:
        super().__init__()
        self.ue = nn.ModuleList(BlockReader(data_symbols, rf_chains, features) for _ in SHARES)

    def forward(self, received: Tensor) -> Tensor:
        """received: pairs (batch, N_c, Q, N_RF, 2) -> (batch, N, K d_s), UE by UE."""
        read = [reader(received[:, share]) for reader, share in zip(self.ue, SHARES, strict=True)]
        return torch.cat(read, dim=2)


class BsSeparateNet(BsFusion):
    """The base station's fusion network where every UE has subcarriers of its own."""

    def __init__(
        self, halvings: int, params: MsfParams, csi_features: int, rf_chains: int, data_symbols: int
    ) -> None:
        reader = ShareReader(data_symbols, rf_chains, params.semantic_features)
        features = len(SHARES) * params.semantic_features
        super().__init__(reader, features, halvings, params, csi_features, SHARED_POOL)
