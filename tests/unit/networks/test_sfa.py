"""Semantic fusion attention against its equations."""

import torch

from cscsanet.networks.sfa import Sfa


def test_sfa_is_equations_23_to_27():
    torch.manual_seed(1)
    sfa = Sfa(semantic_features=5, context_features=3, csi_size=8)
    features, csi = torch.randn(2, 5, 3, 4), torch.randn(2, 4, 2)
    source = features.flatten(2).mean(dim=2)
    context = csi.reshape(2, 8) @ sfa.context.weight.T + sfa.context.bias
    fused = torch.cat([source, context], dim=1)
    first, _, second, _ = sfa.gates
    hidden = torch.clamp(fused @ first.weight.T + first.bias, min=0)
    gates = 1 / (1 + torch.exp(-(hidden @ second.weight.T + second.bias)))
    expected = torch.stack([features[:, i] * gates[:, i, None, None] for i in range(5)], dim=1)
    torch.testing.assert_close(sfa(features, csi), expected)
