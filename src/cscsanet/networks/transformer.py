"""The standard pre-norm Transformer encoder and the sine position embedding of Sec. III-C.

`PathTransformer` is the same encoder over paths instead of subcarriers, one token for each path.
The baselines' CSI acquisition, feedback and precoding use it.
"""

import math

import torch
from torch import Tensor, nn

from cscsanet.config.system import CsaParams


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


class PathTransformer(nn.Module):
    """Transformer from tokens (batch, P, inputs) to (batch, P, outputs), of the sizes of CSANet.

    Its output is zero before training. Callers add it to a model-based result, from which a
    training then starts.
    """

    def __init__(self, inputs: int, params: CsaParams, layers: int, outputs: int) -> None:
        super().__init__()
        self.embed = nn.Linear(inputs, params.model_features)
        self.trunk = transformer(params, layers)
        self.head = nn.Linear(params.model_features, outputs)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the outputs (batch, P, outputs) of tokens (batch, P, inputs)."""
        outputs: Tensor = self.head(self.trunk(self.embed(tokens)))
        return outputs
