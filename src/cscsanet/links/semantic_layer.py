"""The semantic half of CSC-SA-Net: images to baseband signals and back to a segmentation. What Stage I trains."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from cscsanet.networks.bs_msf_net import BsFusion, BsMsfNet
from cscsanet.networks.complex_pairs import to_complex, to_pairs
from cscsanet.networks.ue_msf_net import LAST_POOL, UeMsfNet
from cscsanet.params import Params

# Which channels of an RGB-thermal image each UE sees.
MODALITIES = {"rgb": slice(0, 3), "thermal": slice(3, 4)}


# What of an image's channels the UEs are shown, by `semantic.modalities`; the rest is zero.
SHOWN = {"both": (1.0, 1.0, 1.0, 1.0), "rgb": (1.0, 1.0, 1.0, 0.0), "thermal": (0.0, 0.0, 0.0, 1.0)}


class SemanticLayer(nn.Module):
    """One UE-MSFNet for each modality, and BS-MSFNet."""

    last_pool: ClassVar[tuple[int, int]] = LAST_POOL

    def __init__(self, params: Params) -> None:
        super().__init__()
        self.capacity = params.points.capacity
        self.positions = params.channel.subcarriers
        self.csi_features = params.csa.csi_features
        shown = torch.tensor(SHOWN[params.semantic.modalities]).reshape(1, 4, 1, 1)
        self.register_buffer("shown", shown, persistent=False)
        sizes = (self.csi_features, params.channel.rf_chains, self.capacity.data_symbols)
        self.ue = nn.ModuleList(
            UeMsfNet(seen.stop - seen.start, params.halvings, params.msf, *sizes, self.last_pool)
            for seen in MODALITIES.values()
        )
        self.bs = self.bs_net(params, sizes)

    def bs_net(self, params: Params, sizes: tuple[int, int, int]) -> BsFusion:
        """Build what reads the received grid; sizes: d_CSI, N_RF and the largest Q."""
        return BsMsfNet(params.halvings, params.msf, *sizes)

    def encode(self, images: Tensor, ue_csi: Tensor, data_symbols: int) -> Tensor:
        """Return the unscaled streams (batch, K, Q, N_c, N_RF), complex, of the first Q = data_symbols.

        images: (batch, 4, H, W); ue_csi: (batch, K, N_c, d_CSI).
        """
        images = images * self.get_buffer("shown")
        signals = [
            net(images[:, seen], ue_csi[:, user])
            for user, (net, seen) in enumerate(zip(self.ue, MODALITIES.values(), strict=True))
        ]
        return to_complex(torch.stack(signals, dim=1)).transpose(2, 3)[:, :, :data_symbols]

    def decode(self, received: Tensor, bs_csi: Tensor) -> Tensor:
        """Return class logits (batch, 9, H, W) of Y_BB (batch, Q, N_c, N_RF), complex."""
        missing = self.capacity.data_symbols - received.shape[1]
        pairs = to_pairs(received.transpose(1, 2))
        logits: Tensor = self.bs(nn.functional.pad(pairs, (0, 0, 0, 0, 0, missing)), bs_csi)
        return logits

    def no_csi(self, batch: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return the channel semantics of a link that has none: zeros for the UEs and for the BS."""
        bs = torch.zeros(batch, self.positions, self.csi_features, device=device)
        return bs.unsqueeze(1).expand(-1, len(MODALITIES), -1, -1), bs
