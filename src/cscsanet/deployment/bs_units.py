"""What the base station runs, as modules over real tensors whose every length is that of the largest point.

    bs_csi   feedback bits of all UEs -> phases of W_RF, S_CSI,BS
    bs_rx    received Y_BB, S_CSI,BS -> class logits

Axes: K users, B feedback bits, N_c subcarriers, R chains, Q data symbols, N_r antennas, d = d_CSI, 2 = I/Q.
"""

import torch
from torch import Tensor, nn

from cscsanet.deployment.ue_units import prefix
from cscsanet.links.noma import NomaLink
from cscsanet.networks.quantiser import BITS_PER_FEATURE


class BsCsi(nn.Module):
    """Beams of the base station, from the feedback alone."""

    def __init__(self, link: NomaLink) -> None:
        super().__init__()
        self.net = link.physical.bs
        self.capacity = link.physical.capacity

    def forward(self, bits: Tensor, snr_db: Tensor, feedback_bits: Tensor) -> tuple[Tensor, Tensor]:
        """Return phases of W (batch, R, N_r) [rad] and S_CSI (batch, N_c, d).

        bits: (batch, K, B) uint8, 0 or 1; those beyond feedback_bits are not looked at. snr_db: (1,) float32;
        feedback_bits: (1,) int64.
        """
        features = self.capacity.feedback_bits // BITS_PER_FEATURE
        active = prefix(feedback_bits // BITS_PER_FEATURE, features)
        snr = snr_db.expand(bits.shape[0]).unsqueeze(1)
        view = self.net(bits.to(torch.float32), active, snr)
        return view.combiner_phases, view.csi_features


class BsReceiver(nn.Module):
    """What arrives to the segmentation."""

    def __init__(self, link: NomaLink) -> None:
        super().__init__()
        self.net = link.semantic.bs

    def forward(self, received: Tensor, csi: Tensor) -> Tensor:
        """Return logits (batch, 9, H, W) of Y_BB as pairs (batch, Q, N_c, R, 2), zero from the first unused symbol on."""
        logits: Tensor = self.net(received.transpose(1, 2), csi)
        return logits
