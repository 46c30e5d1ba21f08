"""The convolutional blocks of the source encoder and decoder, after MFNet (IROS 2017)."""

import torch
from torch import Tensor, nn


class Convolution(nn.Sequential):
    """3x3 convolution, batch normalisation, leaky rectifier.

    bias: of the convolution; the normalisation subtracts it again, so it only serves weights that come with one.
    """

    def __init__(self, inputs: int, outputs: int, *, dilation: int = 1, bias: bool = False) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation, bias=bias),
            nn.BatchNorm2d(outputs),
            nn.LeakyReLU(0.2),
        )


class MiniInception(nn.Module):
    """Two branches of half the width side by side, one of them dilated: near and wider context at one cost."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        half = outputs // 2
        self.near = nn.Sequential(Convolution(inputs, half), Convolution(half, half))
        self.wide = nn.Sequential(Convolution(inputs, half), Convolution(half, outputs - half, dilation=2))

    def forward(self, features: Tensor) -> Tensor:
        """features: (batch, inputs, height, width) -> (batch, outputs, height, width)."""
        return torch.cat((self.near(features), self.wide(features)), dim=1)


def widths(multiplier: float) -> tuple[int, ...]:
    """Return the five convolution widths 16-48-96-192 and the tail's 96, scaled and even."""
    return tuple(max(2, 2 * round(width * multiplier / 2)) for width in (16, 48, 96, 192, 96))
