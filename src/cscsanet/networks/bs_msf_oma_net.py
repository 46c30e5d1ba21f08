"""BS-MSFNet for orthogonal access (Sec. IV): the UEs' received semantics are concatenated.

    Y_BB on UE k's subcarriers -> AGC -> linear of UE k, per position = d_s features  \\
    concatenated: received semantics (K d_s, N positions)                             > SFA -> R
    S_CSI,BS, all subcarriers -> linear, per position                                 /

UE k uses every K-th subcarrier, starting at k, so each UE spans the whole band. One subcarrier of a
UE carries one latent position. A UE therefore has N_c / K positions, and a last max-pool that is K
times as coarse.

Axes: N_c subcarriers, N = N_c / K positions, K UEs, Q data symbols, N_RF chains, 2 = I/Q, d_s
features.
"""

import torch
from torch import Tensor, nn

from cscsanet.config.scenes.section import Head
from cscsanet.config.system import MsfParams
from cscsanet.networks.bs_msf_net import BlockReader, BsFusion
from cscsanet.networks.semantic_codec import LAST_POOL

USERS = 2
# The subcarriers of each UE.
SHARES = tuple(slice(user, None, USERS) for user in range(USERS))
SHARED_POOL = (USERS * LAST_POOL[0], LAST_POOL[1])


class ShareReader(nn.Module):
    """A separate AGC and linear layer for each UE's subcarriers.

    A strong UE therefore does not set the gain of a weak one.
    """

    def __init__(self, data_symbols: int, rf_chains: int, features: int) -> None:
        super().__init__()
        self.ue = nn.ModuleList(BlockReader(data_symbols, rf_chains, features) for _ in SHARES)

    def forward(self, received: Tensor) -> Tensor:
        """Return features (batch, N, K d_s), UE by UE, of pairs (batch, N_c, Q, N_RF, 2)."""
        features = [reader(received[:, share]) for reader, share in zip(self.ue, SHARES, strict=True)]
        return torch.cat(features, dim=2)


class BsSeparateNet(BsFusion):
    """The base station's fusion network for UEs on separate subcarriers."""

    def __init__(
        self,
        halvings: int,
        params: MsfParams,
        csi_features: int,
        rf_chains: int,
        data_symbols: int,
        head: Head,
    ) -> None:
        reader = ShareReader(data_symbols, rf_chains, params.semantic_features)
        features = len(SHARES) * params.semantic_features
        super().__init__(reader, features, halvings, params, csi_features, head, SHARED_POOL)
