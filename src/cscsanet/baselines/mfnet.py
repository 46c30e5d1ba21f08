"""MFNet (Ha et al., IROS 2017): two encoders on raw images, one decoder, and skip connections.

    RGB     -> encoder, 5 stages between 2x2 max-pools \
                                                        concatenated -> four steps up = logits
    thermal -> encoder, 5 narrower stages              /

Each step up doubles the size. Each of the first three adds the features of both encoders at its
size. The network shares no weights with the semantic layer, which uses the same blocks but no skip
connections: a radio link would have to carry these too.

Widths, kernels, slopes and the order of all layers are those of the published network, so published
weights fit (`training/mfnet_checkpoint`). Two peculiarities of it are kept for the same reason:
convolutions have a bias that batch normalisation makes redundant, and the logits pass batch
normalisation and the leaky rectifier. The widths are the same for every scene size, since this
network is a reference.

`MfnetLink` is the scheme `mfnet`: MFNet on the raw images of both UEs, as if both cameras were at
the BS. It has no channel and no bottleneck.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool2d

from cscsanet.channel.paths import PathDrops
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.scenes.section import Head
from cscsanet.config.system import ChannelParams
from cscsanet.errors import CscsanetError
from cscsanet.links.link import Link, Transmission
from cscsanet.networks.convolutions import Convolution
from cscsanet.scenes.classes import NUM_CLASSES

RGB_WIDTHS = (16, 48, 48, 96, 96)
THERMAL_WIDTHS = (16, 16, 16, 36, 36)
# Of height and width: the decoder reverts four max-pools.
MULTIPLE = 16
_PUBLISHED_HEAD = Head(NUM_CLASSES)
PUBLISHED_SIZE = (480, 640)  # of the pictures that the published weights were trained on


class NearAndWide(nn.Module):
    """A plain and a dilated convolution of half the width each, side by side."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.near = Convolution(inputs, outputs // 2, bias=True)
        self.wide = Convolution(inputs, outputs // 2, dilation=2, bias=True)

    def forward(self, features: Tensor) -> Tensor:
        """Return (batch, outputs, height, width) from features (batch, inputs, height, width)."""
        return torch.cat((self.near(features), self.wide(features)), dim=1)


class CrossedInception(nn.Sequential):
    """MFNet's mini-inception: three rounds, each with both halves of the previous round as input.

    The two branches of `networks/convolutions.MiniInception` are independent, at half the cost.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            NearAndWide(inputs, outputs), NearAndWide(outputs, outputs), NearAndWide(outputs, outputs)
        )


class Encoder(nn.Module):
    """One modality (batch, channels, H, W) -> features at H x W / 1, 2, 4, 8, 16."""

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
    """RGB-thermal images -> class logits.

    With nine classes it has 736 275 parameters and takes 8.3 G multiply-accumulates for 480 x 640 pixels.
    """

    def __init__(self, classes: int = NUM_CLASSES) -> None:
        super().__init__()
        self.rgb = Encoder(3, RGB_WIDTHS)
        self.thermal = Encoder(1, THERMAL_WIDTHS)
        both = [rgb + thermal for rgb, thermal in zip(RGB_WIDTHS, THERMAL_WIDTHS, strict=True)]
        self.decoder = nn.ModuleList(
            (
                Convolution(both[3], both[2], bias=True),
                Convolution(both[2], both[1], bias=True),
                Convolution(both[1], both[0], bias=True),
                Convolution(both[0], classes, bias=True),
            )
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (batch, classes, H, W) from images (batch, 4, H, W) in [0, 1].

        Raises:
            CscsanetError: H or W is not a multiple of 16.
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


class MfnetLink(Link):
    """Segmentation without transmission: the upper bound of this network."""

    def __init__(self, head: Head = _PUBLISHED_HEAD) -> None:
        """head: of whole pictures, the mean of the logits of all pixels."""
        super().__init__()
        self.network = Mfnet(head.classes)
        self.whole = head.whole

    def forward(
        self, images: Tensor, paths: PathDrops | None, point: OperatingPoint, generator: torch.Generator
    ) -> Transmission:
        """Segment without a channel: paths, point and generator are unused."""
        return Transmission(self._logits(images))

    def mixed(
        self,
        images: Tensor,
        paths: PathDrops | None,
        points: Sequence[OperatingPoint],
        generator: torch.Generator,
        channels: Sequence[ChannelParams] | None = None,
    ) -> Tensor:
        """Segment without a channel: paths, points and generator are unused."""
        return self._logits(images)

    def _logits(self, images: Tensor) -> Tensor:
        logits: Tensor = self.network(images)
        return logits.mean(dim=(-2, -1), keepdim=True).expand_as(logits) if self.whole else logits
