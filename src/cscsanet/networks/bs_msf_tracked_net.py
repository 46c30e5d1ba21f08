"""BS-MSFNet for tracked access (ours): the UEs' estimated symbols are read separately and concatenated.

    x_hat of all UEs -> one AGC -> linear of UE k, per position = d_s features  \\
    concatenated: received semantics (K d_s, N_c positions)                      > SFA -> R
    S_CSI,BS and the confidence of every UE -> linear, per position             /

The AGC is common: an MMSE estimate is the smaller the less certain it is, and the decoder should see that.

Axes: N_c subcarriers, K UEs, Q data symbols, 2 = I/Q, d_s features.
"""

import torch
from torch import Tensor, nn

from cscsanet.config.scenes.section import Head
from cscsanet.config.system import MsfParams
from cscsanet.networks.bs_msf_net import BsFusion
from cscsanet.networks.iq import normalize_power


class UserReader(nn.Module):
    """A common AGC, and a linear layer for each UE's estimated symbols."""

    def __init__(self, users: int, data_symbols: int, features: int) -> None:
        super().__init__()
        self.ue = nn.ModuleList(nn.Linear(2 * data_symbols, features) for _ in range(users))

    def forward(self, estimated: Tensor) -> Tensor:
        """Return features (batch, N_c, K d_s), UE by UE, of pairs (batch, N_c, Q, K, 2)."""
        levelled = normalize_power(estimated, symbol_axis=2)
        features = [reader(levelled[..., user, :].flatten(2)) for user, reader in enumerate(self.ue)]
        return torch.cat(features, dim=2)


class BsTrackedNet(BsFusion):
    """The base station's fusion network for UEs whose symbols it has estimated separately."""

    def __init__(
        self,
        halvings: int,
        params: MsfParams,
        csi_features: int,
        users: int,
        data_symbols: int,
        head: Head,
    ) -> None:
        """csi_features: d_CSI, without the K confidences that `forward` takes beside them."""
        features = params.semantic_features
        reader = UserReader(users, data_symbols, features)
        super().__init__(reader, users * features, halvings, params, csi_features + users, head)
