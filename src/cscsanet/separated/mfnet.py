"""MFNet itself (Ha et al., IROS 2017): two encoders on raw RGB-thermal images, one decoder, skip connections between.

    RGB     -> encoder, 5 stages between 2x2 max-pools \\
                                                        side by side -> four steps up, each to twice the size = logits
    thermal -> encoder, 5 narrower stages              /

Each of the first three steps up adds what the two encoders had at its size. It shares no weights with the semantic layer of
`networks`, which borrows its blocks and cannot have its skip connections: those would have to cross the air too.

Widths, kernels, slopes and the order of everything are the published network's, which is what makes weights published elsewhere
fit (`mfnet_weights`). So are two things that look like mistakes and are not ours to mend: convolutions keep a bias that batch
normalisation makes idle, and the logits pass both batch normalisation and the leaky rectifier. Whatever the
scenes' size, the widths stay: this is a reference, not a part of the system to be scaled with it.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool2d

from cscsanet.errors import CscsanetError
from cscsanet.networks.convolutions import Convolution

CLASSES = 9
RGB_WIDTHS = (16, 48, 48, 96, 96)
THERMAL_WIDTHS = (16, 16, 16, 36, 36)
# Four max-pools, each of which the decoder undoes.
MULTIPLE = 16


class NearAndWide(nn.Module):
    """A plain and a dilated convolution of half the width each, side by side."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.near = Convolution(inputs, outputs // 2, bias=True)
        self.wide = Convolution(inputs, outputs // 2, dilation=2, bias=True)

    def forward(self, features: Tensor) -> Tensor:
        """features: (batch, inputs, height, width) -> (batch, outputs, height, width)."""
        return torch.cat((self.near(features), self.wide(features)), dim=1)


class CrossedInception(nn.Sequential):
    """MFNet's mini-inception: three rounds, and each sees both halves of the round before.

    `networks/convolutions.MiniInception` lets its two branches pass each other by, at half the cost.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            NearAndWide(inputs, outputs), NearAndWide(outputs, outputs), NearAndWide(outputs, outputs)
        )


class Encoder(nn.Module):
    """One modality (batch, channels, H, W) in [0, 1] -> the features of all five stages, at H x W / 1, 2, 4, 8, 16."""

    def __init__(self, channels: int, widths: tuple[int, int, int, int, int]) -> None:
        super().__init__()
        first, second, third, fourth, fifth = widths
        self.stages = nn.ModuleList(
            (
                nn.Sequential(Convolution(channels, first, bias=True)),
                nn.Sequential(Convolution(first, second, bias=True), Convolution(second, second, bias=True)),
                nn.Sequential(Convolution(second, third, bias=True), Convolution(third, third, bias=True)),
                CrossedInception(third, fourth),
                CrossedInception(fourth, fifth),
            )
        )

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return the features of each stage, the finest first."""
        features: list[Tensor] = []
        for stage in self.stages:
            features.append(stage(max_pool2d(features[-1], 2) if features else image))
        return features


class Mfnet(nn.Module):
    """RGB-thermal images -> class logits; 736 275 parameters, 8.3 G multiply-accumulates for 480 x 640 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.rgb = Encoder(3, RGB_WIDTHS)
        self.thermal = Encoder(1, THERMAL_WIDTHS)
        both = [rgb + thermal for rgb, thermal in zip(RGB_WIDTHS, THERMAL_WIDTHS, strict=True)]
        self.decoder = nn.ModuleList(
            (
                Convolution(both[3], both[2], bias=True),
                Convolution(both[2], both[1], bias=True),
                Convolution(both[1], both[0], bias=True),
                Convolution(both[0], CLASSES, bias=True),
            )
        )

    def forward(self, images: Tensor) -> Tensor:
        """images: (batch, 4, H, W) in [0, 1] -> logits (batch, 9, H, W).

        Raises:
            CscsanetError: H or W is no multiple of 16.
        """
        height, width = images.shape[-2:]
        if height % MULTIPLE or width % MULTIPLE:
            raise CscsanetError(
                f"images of {height} x {width}: MFNet needs multiples of {MULTIPLE}; change scenes.height and scenes.width"
            )
        stages = zip(self.rgb(images[:, :3]), self.thermal(images[:, 3:]), strict=True)
        _, *skips, features = [torch.cat(pair, dim=1) for pair in stages]
        for step, up in enumerate(self.decoder):
            features = interpolate(features, scale_factor=2.0, mode="nearest")
            if step < len(skips):
                features = features + skips[-1 - step]
            features = up(features)
        return features
