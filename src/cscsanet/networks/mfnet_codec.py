"""The layers of the source encoder and decoder after MFNet, the paper's: `msf.blocks: mfnet`.

The encoder halves the image by max-pools and ends in a wider one, which leaves the latent positions.
The decoder mirrors it with nearest-neighbour unpooling.
"""

from torch import nn

from cscsanet.networks.convolutions import Convolution, MiniInception

LATENT_LAYERS = 2  # of the encoder, from the last max-pool on


def widths(multiplier: float) -> tuple[int, ...]:
    """Return the five convolution widths 16-48-96-192 and the tail's 96, scaled and even."""
    return tuple(max(2, 2 * round(width * multiplier / 2)) for width in (16, 48, 96, 192, 96))


def encoder_layers(
    channels: int, features: int, halvings: int, multiplier: float, last_pool: tuple[int, int]
) -> list[nn.Module]:
    """Return the layers from images (batch, channels, H, W) to features at the latent positions.

    features: d_s. multiplier: of all other widths. last_pool: factors of the last max-pool.
    """
    first, second, third, fourth, tail = widths(multiplier)
    stages: list[list[nn.Module]] = [
        [Convolution(channels, first)],
        [Convolution(first, second), Convolution(second, second)],
        [MiniInception(second, third)],
        [MiniInception(third, fourth)],
    ]
    layers: list[nn.Module] = []
    for index, stage in enumerate(stages):
        layers += stage
        if index < halvings:
            layers.append(nn.MaxPool2d(2))
    return [
        *layers,
        Convolution(fourth, tail),
        Convolution(tail, tail),
        nn.MaxPool2d(last_pool),
        nn.Conv2d(tail, features, 1),
    ]


def decoder_layers(
    features: int, halvings: int, multiplier: float, last_pool: tuple[int, int], classes: int
) -> list[nn.Module]:
    """Return the layers from features at the latent positions to class logits; see `encoder_layers`."""
    first, second, third, fourth, tail = widths(multiplier)
    layers: list[nn.Module] = [
        Convolution(features, tail),
        nn.Upsample(scale_factor=last_pool),
        Convolution(tail, tail),
        Convolution(tail, fourth),
    ]
    stages: list[list[nn.Module]] = [
        [MiniInception(fourth, third)],
        [MiniInception(third, second)],
        [Convolution(second, second), Convolution(second, first)],
        [Convolution(first, first)],
    ]
    for index, stage in enumerate(stages):
        if len(stages) - index <= halvings:
            layers.append(nn.Upsample(scale_factor=2))
        layers += stage
    return [*layers, nn.Conv2d(first, classes, 1)]
