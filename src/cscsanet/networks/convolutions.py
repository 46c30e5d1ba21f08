"""The convolutional blocks of the source encoder and decoder, after MFNet (IROS 2017)."""

import torch
from torch import Tensor, nn


class Convolution(nn.Sequential):
    """3x3 convolution, batch normalisation, leaky ReLU.

    bias: whether the convolution has a bias. The normalisation removes it again, so it is only of
    use for loading weights that have one.
    """

    def __init__(self, inputs: int, outputs: int, *, dilation: int = 1, bias: bool = False) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation, bias=bias),
            nn.BatchNorm2d(outputs),
            nn.LeakyReLU(0.2),
        )


class MiniInception(nn.Module):
    """Two parallel branches of half the width, one of them dilated for a wider context."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        half = outputs // 2
        self.near = nn.Sequential(Convolution(inputs, half), Convolution(half, half))
        self.wide = nn.Sequential(Convolution(inputs, half), Convolution(half, outputs - half, dilation=2))

    def forward(self, features: Tensor) -> Tensor:
        """Return (batch, outputs, height, width) of features (batch, inputs, height, width)."""
        return torch.cat((self.near(features), self.wide(features)), dim=1)
