"""The source encoder of a UE and the decoder of the BS, with the layers that `msf.blocks` names.

Between them lie the latent positions, one for each subcarrier: an image of H = 3 H_s 2^p by W = 4 W_s 2^p
pixels is halved p times, and patches of 3 x 4 of what remains are the H_s x W_s positions. Coarser patches
leave fewer positions, for a UE with fewer subcarriers (`bs_msf_oma_net`).

Axes: H x W pixels, d_s features.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from cscsanet.config.scenes.section import Head
from cscsanet.config.system import MsfParams
from cscsanet.networks import mfnet_codec, residual_codec
from cscsanet.networks.convolutions import Convolution

LAST_POOL = (3, 4)


def latent_shape(params: MsfParams, last_pool: tuple[int, int] = LAST_POOL) -> tuple[int, int]:
    """Return the latent height and width, H_s x W_s, or less after coarser patches."""
    return (
        params.latent_height * LAST_POOL[0] // last_pool[0],
        params.latent_width * LAST_POOL[1] // last_pool[1],
    )


class ConvolutionalNet(nn.Sequential):
    """A network of convolutions, which a training may run in reduced precision (`training/precision`).

    autocast_to: the type that convolutions compute with; None: that of their inputs.
    """

    autocast_to: torch.dtype | None = None

    def forward(self, features: Tensor) -> Tensor:
        """Return the output of the last layer, in the precision of the input."""
        if self.autocast_to is None:
            return self._layers(features)
        with torch.autocast(features.device.type, dtype=self.autocast_to):
            return self._layers(features).to(features.dtype)

    def _layers(self, features: Tensor) -> Tensor:
        for layer in self:
            features = layer(features)
        return features


class SourceEncoder(ConvolutionalNet):
    """Encoder from images (batch, channels, H, W) in [0, 1] to F_s (batch, d_s, *latent shape).

    keep_map: whether a call keeps its last features that are finer than the latent positions. map: these
    features, (batch, map_width, H / 2^p, W / 2^p); None before the first such call.
    """

    keep_map: bool = False
    map: Tensor | None = None

    def __init__(
        self, channels: int, halvings: int, params: MsfParams, last_pool: tuple[int, int] = LAST_POOL
    ) -> None:
        layers = residual_codec.encoder_layers if params.blocks == "residual" else mfnet_codec.encoder_layers
        built = layers(channels, params.semantic_features, halvings, params.width_multiplier, last_pool)
        super().__init__(_named(built))
        if params.blocks == "residual":
            self.finer = list(built).index("patches")
        else:
            self.finer = len(built) - mfnet_codec.LATENT_LAYERS
        norms = [layer for layer in list(self)[self.finer - 1].modules() if isinstance(layer, nn.BatchNorm2d)]
        self.map_width = norms[-1].num_features

    def _layers(self, features: Tensor) -> Tensor:
        for index, layer in enumerate(self):
            if self.keep_map and index == self.finer:
                self.map = features
            features = layer(features)
        return features


def decoder_for(
    head: Head, features: int, halvings: int, params: MsfParams, last_pool: tuple[int, int] = LAST_POOL
) -> ConvolutionalNet:
    """Return the decoder of a task, from fused semantics (batch, d, *latent shape) to logits (batch, classes, H, W)."""
    if head.whole:
        return SceneDecoder(features, halvings, params, head.classes, last_pool)
    return SemanticDecoder(features, halvings, params, head.classes, last_pool)


class SceneDecoder(ConvolutionalNet):
    """Decoder from fused semantics (batch, d, *latent shape) to one decision for the picture.

    Two convolutions, the mean over all positions, and a linear layer. The logits of the classes are the same at all
    pixels (batch, classes, H, W), so that losses, measures and units are those of a segmentation into one region.
    """

    def __init__(
        self,
        features: int,
        halvings: int,
        params: MsfParams,
        classes: int,
        last_pool: tuple[int, int] = LAST_POOL,
    ) -> None:
        width = 2 * params.semantic_features
        super().__init__(
            OrderedDict(
                first=Convolution(features, width),
                second=Convolution(width, width),
                mean=nn.AdaptiveAvgPool2d(1),
                decision=nn.Conv2d(width, classes, 1),
            )
        )
        rows, columns = latent_shape(params, last_pool)
        self.pixels = (rows * last_pool[0] << halvings, columns * last_pool[1] << halvings)

    def _layers(self, features: Tensor) -> Tensor:
        return super()._layers(features).expand(-1, -1, *self.pixels)


class SemanticDecoder(ConvolutionalNet):
    """Decoder from fused semantics (batch, d, *latent shape) to class logits (batch, classes, H, W)."""

    def __init__(
        self,
        features: int,
        halvings: int,
        params: MsfParams,
        classes: int,
        last_pool: tuple[int, int] = LAST_POOL,
    ) -> None:
        layers = residual_codec.decoder_layers if params.blocks == "residual" else mfnet_codec.decoder_layers
        super().__init__(_named(layers(features, halvings, params.width_multiplier, last_pool, classes)))


def _named(layers: Mapping[str, nn.Module] | Sequence[nn.Module]) -> OrderedDict[str, nn.Module]:
    """Return layers by their names, or by their numbers where they have none."""
    if isinstance(layers, Mapping):
        return OrderedDict(layers)
    return OrderedDict((str(index), layer) for index, layer in enumerate(layers))
