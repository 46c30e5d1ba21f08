"""The semantic half of CSC-SA-Net: images to signals, signals to a segmentation. Stage I trains it.

`SemanticLayer` serves non-orthogonal access, `OrthogonalLayer` orthogonal access (Sec. IV), in
which each UE sends on separate subcarriers and the BS reads each UE separately, and `TrackedLayer`
non-orthogonal access with tracked phases (ours).

Axes: K UEs, Q data symbols, N_c subcarriers, N_RF chains.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from cscsanet.config.params import Params
from cscsanet.links.tracking import StreamMean
from cscsanet.networks.bs_msf_net import BsFusion, BsMsfNet
from cscsanet.networks.bs_msf_oma_net import SHARED_POOL, SHARES, BsSeparateNet
from cscsanet.networks.bs_msf_tracked_net import BsTrackedNet
from cscsanet.networks.iq import to_complex, to_pairs
from cscsanet.networks.semantic_codec import LAST_POOL
from cscsanet.networks.ue_msf_net import UeMsfNet
from cscsanet.scenes.layout import MODALITIES

# Mask of the image channels that the UEs see, by `semantic.modalities`.
CHANNEL_MASKS = {"both": (1.0, 1.0, 1.0, 1.0), "rgb": (1.0, 1.0, 1.0, 0.0), "thermal": (0.0, 0.0, 0.0, 1.0)}


class SemanticLayer(nn.Module):
    """One UE-MSFNet for each modality, and BS-MSFNet."""

    last_pool: ClassVar[tuple[int, int]] = LAST_POOL

    def __init__(self, params: Params) -> None:
        super().__init__()
        self.capacity = params.points.capacity
        self.positions = params.channel.subcarriers
        self.csi_features = params.csa.csi_features
        mask = torch.tensor(CHANNEL_MASKS[params.semantic.modalities]).reshape(1, 4, 1, 1)
        self.register_buffer("channel_mask", mask, persistent=False)
        sizes = (self.csi_features, self.streams(params), self.capacity.data_symbols)
        self.ue = nn.ModuleList(
            UeMsfNet(channels.stop - channels.start, params.halvings, params.msf, *sizes, self.last_pool)
            for channels in MODALITIES.values()
        )
        self.bs = self.build_bs(params, sizes)

    def streams(self, params: Params) -> int:
        """Return the number of streams of each UE."""
        return params.channel.rf_chains

    def build_bs(self, params: Params, sizes: tuple[int, int, int]) -> BsFusion:
        """Build the network that decodes the received grid; sizes: d_CSI, streams, largest Q."""
        return BsMsfNet(params.halvings, params.msf, *sizes, params.scenes.head)

    def encode(self, images: Tensor, ue_csi: Tensor, data_symbols: int) -> Tensor:
        """Return the unscaled streams (batch, K, Q, N_c, N_RF), complex, with Q = data_symbols.

        images: (batch, 4, H, W); ue_csi: (batch, K, N_c, d_CSI).
        """
        images = images * self.get_buffer("channel_mask")
        signals = [
            net(images[:, channels], ue_csi[:, user])
            for user, (net, channels) in enumerate(zip(self.ue, MODALITIES.values(), strict=True))
        ]
        return to_complex(torch.stack(signals, dim=1)).transpose(2, 3)[:, :, :data_symbols]

    def decode(self, received: Tensor, bs_csi: Tensor) -> Tensor:
        """Return class logits (batch, classes, H, W) from Y_BB (batch, Q, N_c, N_RF), complex."""
        missing = self.capacity.data_symbols - received.shape[1]
        pairs = to_pairs(received.transpose(1, 2))
        logits: Tensor = self.bs(nn.functional.pad(pairs, (0, 0, 0, 0, 0, missing)), bs_csi)
        return logits

    def no_csi(self, batch: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return zeros as channel semantics of the UEs and the BS, for a link without a channel."""
        bs = torch.zeros(batch, self.positions, self.csi_features, device=device)
        return bs.unsqueeze(1).expand(-1, len(MODALITIES), -1, -1), bs


class TrackedLayer(SemanticLayer):
    """The semantic layer for tracked access: UEs of one stream, whose symbols the BS estimates separately."""

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.stream_mean = StreamMean(len(MODALITIES), self.capacity.data_symbols, self.positions)

    def streams(self, params: Params) -> int:
        """Return 1."""
        return 1

    def encode(self, images: Tensor, ue_csi: Tensor, data_symbols: int) -> Tensor:
        """Return the unscaled streams as `SemanticLayer`; a training takes them into account in their mean."""
        streams = super().encode(images, ue_csi, self.capacity.data_symbols)
        self.stream_mean.update(streams.squeeze(-1))
        return streams[:, :, :data_symbols]

    def build_bs(self, params: Params, sizes: tuple[int, int, int]) -> BsFusion:
        """Build the network that decodes the estimated symbols of each UE."""
        return BsTrackedNet(
            params.halvings, params.msf, sizes[0], len(MODALITIES), sizes[2], params.scenes.head
        )


class OrthogonalLayer(SemanticLayer):
    """The semantic layer with one latent position for each of a UE's subcarriers.

    used: mask of the resource elements that each UE may use, (K, 1, N_c), bool.
    """

    last_pool: ClassVar[tuple[int, int]] = SHARED_POOL
    used: Tensor

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        used = torch.zeros(len(SHARES), 1, self.positions, dtype=torch.bool)
        for user, share in enumerate(SHARES):
            used[user, :, share] = True
        self.register_buffer("used", used, persistent=False)

    def build_bs(self, params: Params, sizes: tuple[int, int, int]) -> BsFusion:
        """Build the network that decodes each UE from that UE's subcarriers."""
        return BsSeparateNet(params.halvings, params.msf, *sizes, params.scenes.head)

    def encode(self, images: Tensor, ue_csi: Tensor, data_symbols: int) -> Tensor:
        """Return the unscaled streams, complex, (batch, K, Q, N_c, N_RF).

        images: (batch, 4, H, W); ue_csi: (batch, K, N_c, d_CSI), used at each UE's subcarriers
        only. The streams of a UE are zero on the subcarriers of the others.
        """
        csi = torch.stack([ue_csi[:, user, share] for user, share in enumerate(SHARES)], dim=1)
        sent = super().encode(images, csi, data_symbols)
        streams = sent.new_zeros(*sent.shape[:3], self.positions, sent.shape[-1])
        for user, share in enumerate(SHARES):
            streams[:, user, :, share] = sent[:, user]
        return streams
