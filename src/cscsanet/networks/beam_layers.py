"""Layers over beams: local, shared along the beam axis, circular, with what is common to all beams added to each.

Axes: I beams, 2 = I/Q.
"""

import torch
from torch import Tensor, nn

_KERNEL = 5


class BeamTrunk(nn.Module):
    """Residual circular convolutions with pooled context."""

    def __init__(self, channels: int, context: int, features: int, layers: int) -> None:
        super().__init__()
        self.embed = nn.Conv1d(channels, features, _KERNEL, padding=_KERNEL // 2, padding_mode="circular")
        self.context = nn.Linear(context, features)
        self.layers = nn.ModuleList(_BeamLayer(features) for _ in range(layers))

    def forward(self, beams: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """beams: (batch, channels, I); context: (batch, context). Return (batch, features, I) and its pool."""
        hidden = nn.functional.gelu(self.embed(beams) + self.context(context).unsqueeze(-1))
        for layer in self.layers:
            hidden = layer(hidden)
        return hidden, pooled(hidden)


class _BeamLayer(nn.Module):
    def __init__(self, features: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, features)
        self.near = nn.Conv1d(features, features, _KERNEL, padding=_KERNEL // 2, padding_mode="circular")
        self.far = nn.Linear(2 * features, features)
        self.out = nn.Conv1d(features, features, 1)

    def forward(self, hidden: Tensor) -> Tensor:
        normal = self.norm(hidden)
        mixed = self.near(normal) + self.far(pooled(normal)).unsqueeze(-1)
        added: Tensor = hidden + self.out(nn.functional.gelu(mixed))
        return added


def pooled(hidden: Tensor) -> Tensor:
    """Return mean and maximum over beams, (batch, 2 features), of (batch, features, I)."""
    return torch.cat((hidden.mean(dim=-1), hidden.amax(dim=-1)), dim=-1)


def small(layer: nn.Linear | nn.Conv1d, scale: float = 0.01) -> nn.Linear | nn.Conv1d:
    """Scale a layer's weights down and drop its bias, so that what it adds starts near zero."""
    with torch.no_grad():
        layer.weight.mul_(scale)
        assert layer.bias is not None
        layer.bias.zero_()
    return layer


class Mixer(nn.Module):
    """A perceptron over what is known of the whole: its outputs start near zero."""

    def __init__(self, inputs: int, features: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs, features),
            nn.GELU(),
            nn.Linear(features, features),
            nn.GELU(),
            small(nn.Linear(features, outputs), 0.01),
        )

    def forward(self, known: Tensor) -> Tensor:
        """known: (batch, inputs). Return (batch, outputs)."""
        mixed: Tensor = self.layers(known)
        return mixed
