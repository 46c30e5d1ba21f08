"""The standard pre-norm Transformer encoder and the sine position embedding of Sec. III-C."""

import math

import torch
from torch import Tensor, nn

from cscsanet.params import CsaParams


def transformer(params: CsaParams, layers: int) -> nn.TransformerEncoder:
    """Return an encoder of pre-norm layers over tokens (batch, tokens, model_features)."""
    layer = nn.TransformerEncoderLayer(
        params.model_features,
        params.heads,
        params.mlp_features,
        dropout=0.0,
        activation="gelu",
        batch_first=True,
        norm_first=True,
    )
    return nn.TransformerEncoder(
        layer, layers, norm=nn.LayerNorm(params.model_features), enable_nested_tensor=False
    )


def sine_positions(tokens: int, features: int) -> Tensor:
    """Return the fixed sine and cosine position embedding (tokens, features)."""
    position = torch.arange(tokens, dtype=torch.float32).unsqueeze(1)
    rate = torch.exp(torch.arange(0, features, 2, dtype=torch.float32) * (-math.log(10_000.0) / features))
    return torch.stack((torch.sin(position * rate), torch.cos(position * rate)), dim=-1).flatten(1)
