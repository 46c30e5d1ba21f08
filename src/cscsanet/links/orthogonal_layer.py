"""The semantic half of orthogonal access (Sec. IV): every UE has subcarriers of its own, and the BS tells the UEs apart."""

from typing import ClassVar

import torch
from torch import Tensor

from cscsanet.links.semantic_layer import SemanticLayer
from cscsanet.networks.bs_msf_net import BsFusion
from cscsanet.networks.bs_separate_net import BsSeparateNet
from cscsanet.networks.subcarrier_shares import SHARED_POOL, SHARES
from cscsanet.params import Params


class OrthogonalLayer(SemanticLayer):
    """The semantic layer with one latent position for each own subcarrier of a UE.

    used: which resource elements each UE may use, (K, 1, N_c), bool.
    """

    last_pool: ClassVar[tuple[int, int]] = SHARED_POOL
    used: Tensor

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        used = torch.zeros(len(SHARES), 1, self.positions, dtype=torch.bool)
        for user, share in enumerate(SHARES):
            used[user, :, share] = True
        self.register_buffer("used", used, persistent=False)

    def bs_net(self, params: Params, sizes: tuple[int, int, int]) -> BsFusion:
        """Build what reads each UE from its own subcarriers."""
        return BsSeparateNet(params.halvings, params.msf, *sizes)

    def encode(self, images: Tensor, ue_csi: Tensor, data_symbols: int) -> Tensor:
        """Return the unscaled streams (batch, K, Q, N_c, N_RF), complex; zero on the other UEs' subcarriers.

        images: (batch, 4, H, W); ue_csi: (batch, K, N_c, d_CSI), of which each UE looks at its own subcarriers.
        """
        own = torch.stack([ue_csi[:, user, share] for user, share in enumerate(SHARES)], dim=1)
        sent = super().encode(images, own, data_symbols)
        streams = sent.new_zeros(*sent.shape[:3], self.positions, sent.shape[-1])
        for user, share in enumerate(SHARES):
            streams[:, user, :, share] = sent[:, user]
        return streams
