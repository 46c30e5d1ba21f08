"""Semantic fusion attention, SFA (Sec. III-G, Fig. 7): channel semantics gate the source semantics.

    I_source = mean over positions of F_s            (23)
    v_CSI    = FC(F_CSI)                             (24)
    G        = sigmoid(W_2 relu(W_1 [I_source, v_CSI] + b_1) + b_2)      (25), (26)
    F_s^     = G . F_s, feature by feature           (27)

Axes: d_s source features, H_s x W_s latent positions, N_c subcarriers, d_c context features.
"""

import torch
from torch import Tensor, nn


class Sfa(nn.Module):
    """Gates of d_s source features, from their means and the channel semantics."""

    def __init__(self, semantic_features: int, context_features: int, csi_size: int) -> None:
        super().__init__()
        self.context = nn.Linear(csi_size, context_features)
        self.gates = nn.Sequential(
            nn.Linear(semantic_features + context_features, semantic_features),
            nn.ReLU(),
            nn.Linear(semantic_features, semantic_features),
            nn.Sigmoid(),
        )

    def forward(self, features: Tensor, csi_features: Tensor) -> Tensor:
        """Return F_s^ of F_s, both (batch, d_s, H_s, W_s), and F_CSI (batch, N_c, any)."""
        source = features.mean(dim=(2, 3))
        gates: Tensor = self.gates(torch.cat((source, self.context(csi_features.flatten(1))), dim=1))
        return features * gates[:, :, None, None]
