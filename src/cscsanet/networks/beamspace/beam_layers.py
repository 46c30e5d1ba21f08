"""Layers over beams: circular convolutions, with pooled features of all beams added to each.

Axes: I beams, 2 = I/Q.
"""

import torch
from torch import Tensor, nn

_KERNEL = 5


class BeamTrunk(nn.Module):
    """Residual circular convolutions with context features and pooled features."""

    def __init__(self, channels: int, context: int, features: int, layers: int) -> None:
        super().__init__()
        self.embed = nn.Conv1d(channels, features, _KERNEL, padding=_KERNEL // 2, padding_mode="circular")
        self.context = nn.Linear(context, features)
        self.layers = nn.ModuleList(_BeamLayer(features) for _ in range(layers))

    def forward(self, beams: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """Return the features (batch, features, I) and their pool (batch, 2 features).

        beams: (batch, channels, I); context: (batch, context), features that all beams share.
        """
        hidden = nn.functional.gelu(self.embed(beams) + self.context(context).unsqueeze(-1))
        for layer in self.layers:
            hidden = layer(hidden)
        return hidden, pool_beams(hidden)


class _BeamLayer(nn.Module):
    def __init__(self, features: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, features)
        self.near = nn.Conv1d(features, features, _KERNEL, padding=_KERNEL // 2, padding_mode="circular")
        self.far = nn.Linear(2 * features, features)
        self.out = nn.Conv1d(features, features, 1)

    def forward(self, hidden: Tensor) -> Tensor:
        normalised = self.norm(hidden)
        mixed = self.near(normalised) + self.far(pool_beams(normalised)).unsqueeze(-1)
        output: Tensor = hidden + self.out(nn.functional.gelu(mixed))
        return output


def pool_beams(hidden: Tensor) -> Tensor:
    """Return mean and maximum over beams, (batch, 2 features), of (batch, features, I)."""
    return torch.cat((hidden.mean(dim=-1), hidden.amax(dim=-1)), dim=-1)


def scaled_init(layer: nn.Linear | nn.Conv1d, scale: float = 0.01) -> nn.Linear | nn.Conv1d:
    """Scale a layer's weights down and zero its bias, so that its output starts near zero."""
    with torch.no_grad():
        layer.weight.mul_(scale)
        assert layer.bias is not None
        layer.bias.zero_()
    return layer


class Mlp(nn.Module):
    """A multilayer perceptron whose outputs start near zero."""

    def __init__(self, inputs: int, features: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs, features),
            nn.GELU(),
            nn.Linear(features, features),
            nn.GELU(),
            scaled_init(nn.Linear(features, outputs), 0.01),
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the outputs (batch, outputs) of inputs (batch, inputs)."""
        outputs: Tensor = self.layers(inputs)
        return outputs
