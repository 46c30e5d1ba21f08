"""A small MAXIM: gated MLPs inside the windows of an image and across them (Tu et al., CVPR 2022).

The channels of a block are split in two. One half is mixed by an MLP over the places inside each window (block), the other
over the same place of all windows (grid); each gates itself. The image is what SRS show over beams and delays.

Axes: items; C channels, H x W places, windows of S x S places.
"""

import torch
from torch import Tensor, nn

WINDOW = 8


class Maxim(nn.Module):
    """Image (items, inputs, H, W) to features (items, C, H, W). H and W are multiples of the window."""

    def __init__(self, inputs: int, channels: int, blocks: int, height: int, width: int) -> None:
        super().__init__()
        self.embed = nn.Conv2d(inputs, channels, 3, padding=1)
        self.blocks = nn.ModuleList(MultiAxisBlock(channels, height, width) for _ in range(blocks))

    def forward(self, image: Tensor) -> Tensor:
        """Return the features."""
        features: Tensor = self.embed(image)
        for block in self.blocks:
            features = block(features)
        return features


class MultiAxisBlock(nn.Module):
    """Block and grid gated MLPs on half of the channels each, then a dense layer over channels, all residual."""

    def __init__(self, channels: int, height: int, width: int) -> None:
        super().__init__()
        assert height % WINDOW == width % WINDOW == 0, "windows must fill the image"
        self.windows = (height // WINDOW, width // WINDOW)
        self.norm = nn.LayerNorm(channels)
        self.spread = nn.Linear(channels, 2 * channels)
        self.block = GatedMlp(channels, WINDOW * WINDOW)
        self.grid = GatedMlp(channels, self.windows[0] * self.windows[1])
        self.join = nn.Linear(2 * channels, channels)
        self.mix = nn.Sequential(
            nn.LayerNorm(channels),
            nn.Linear(channels, 2 * channels),
            nn.GELU(),
            nn.Linear(2 * channels, channels),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return features (items, C, H, W)."""
        rows, columns = self.windows
        # (items, windows, places, C)
        windows = features.reshape(*features.shape[:2], rows, WINDOW, columns, WINDOW)
        tokens = windows.permute(0, 2, 4, 3, 5, 1).flatten(3, 4).flatten(1, 2)
        inside, across = nn.functional.gelu(self.spread(self.norm(tokens))).chunk(2, dim=-1)
        inside = self.block(inside)
        across = self.grid(across.transpose(1, 2)).transpose(1, 2)
        tokens = tokens + self.join(torch.cat((inside, across), dim=-1))
        tokens = tokens + self.mix(tokens)
        windows = tokens.reshape(tokens.shape[0], rows, columns, WINDOW, WINDOW, tokens.shape[-1])
        image: Tensor = windows.permute(0, 5, 1, 3, 2, 4).flatten(4, 5).flatten(2, 3)
        return image


class GatedMlp(nn.Module):
    """Tokens (..., places, C): one half of the channels gates the other, after an MLP over places."""

    def __init__(self, channels: int, places: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels // 2)
        self.places = nn.Linear(places, places)
        self.out = nn.Linear(channels // 2, channels)
        nn.init.normal_(self.places.weight, std=1e-3)
        nn.init.ones_(self.places.bias)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return tokens of the same shape."""
        kept, gate = tokens.chunk(2, dim=-1)
        gate = self.places(self.norm(gate).transpose(-1, -2)).transpose(-1, -2)
        out: Tensor = self.out(kept * gate)
        return out
