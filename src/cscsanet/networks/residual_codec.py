"""The layers of the residual source encoder and decoder, ours: `msf.blocks: residual`.

    encoder: strided convolution, H/4 x W/4 -> residual blocks -> ... -> patches of 3 x 4
             = latent positions -> residual blocks -> per position linear = F_s
    decoder: the same in the opposite order, with transposed convolutions

Most of the work is done at a quarter of the image's resolution: there, convolutions of the same cost are
wider, and wide convolutions run faster. An image with more halvings has further levels, with a strided
convolution before each. For UEs on separate subcarriers, pairs of latent positions are merged by a
further convolution, so that all other layers have the same shapes for both kinds of access.
"""

import torch
from torch import Tensor, nn

_PATCH = (3, 4)  # pixels of the coarsest level at one latent position
_STEM_HALVINGS = 2  # by the first convolution
# Times the multiplier: of the finest level, whose width doubles with each halving, and at the latent positions.
_FINEST_WIDTH, _LATENT_WIDTH = 96, 288
_BLOCKS, _LATENT_BLOCKS = 2, 1  # at each level, and at the latent positions


class Residual(nn.Module):
    """Two 3x3 convolutions with batch normalisation, added to their input.

    The scale of the second normalisation starts at zero, so that an untrained block passes its input on.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(width)
        nn.init.zeros_(self.second_norm.weight)

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the same shape, (batch, width, height, width)."""
        inner = torch.relu(self.first_norm(self.first(features)))
        return torch.relu(features + self.second_norm(self.second(inner)))


def level_widths(halvings: int, multiplier: float) -> list[int]:
    """Return the widths of the levels, finest first, and that of the latent positions."""
    finest, latent = (max(8, 8 * round(width * multiplier / 8)) for width in (_FINEST_WIDTH, _LATENT_WIDTH))
    levels = max(1, halvings - _STEM_HALVINGS + 1)
    return [*(min(finest * 2**level, latent) for level in range(levels)), latent]


def encoder_layers(
    channels: int, features: int, halvings: int, multiplier: float, last_pool: tuple[int, int]
) -> dict[str, nn.Module]:
    """Return the layers, by name, from images (batch, channels, H, W) to features at the latent positions.

    features: d_s. multiplier: of all other widths. last_pool: pixels of the coarsest level at one latent
    position, a multiple of 3 x 4.
    """
    *levels, latent = level_widths(halvings, multiplier)
    layers: dict[str, nn.Module] = {}
    inputs, stride = channels, 2 ** min(halvings, _STEM_HALVINGS)
    for level, width in enumerate(levels):
        # A kernel of twice the stride: neighbouring windows overlap by half.
        layers[f"down{level}"] = _normalised(
            nn.Conv2d(inputs, width, 2 * stride, stride, stride // 2, bias=False)
        )
        layers[f"level{level}"] = _blocks(width, _BLOCKS)
        inputs, stride = width, 2
    layers["patches"] = _normalised(nn.Conv2d(inputs, latent, _PATCH, _PATCH, bias=False))
    layers["latent"] = _blocks(latent, _LATENT_BLOCKS)
    merged = _merged(last_pool)
    if merged != (1, 1):
        layers["merge"] = _normalised(nn.Conv2d(latent, latent, merged, merged, bias=False))
    layers["features"] = nn.Conv2d(latent, features, 1)
    return layers


def decoder_layers(
    features: int, halvings: int, multiplier: float, last_pool: tuple[int, int], classes: int
) -> dict[str, nn.Module]:
    """Return the layers, by name, from features at the latent positions to class logits; see `encoder_layers`."""
    *levels, latent = level_widths(halvings, multiplier)
    layers: dict[str, nn.Module] = {"features": _normalised(nn.Conv2d(features, latent, 1, bias=False))}
    merged = _merged(last_pool)
    if merged != (1, 1):
        layers["split"] = _normalised(nn.ConvTranspose2d(latent, latent, merged, merged, bias=False))
    layers["latent"] = _blocks(latent, _LATENT_BLOCKS)
    inputs, scale = latent, _PATCH
    for level, width in reversed(list(enumerate(levels))):
        layers[f"up{level}"] = _normalised(nn.ConvTranspose2d(inputs, width, scale, scale, bias=False))
        layers[f"level{level}"] = _blocks(width, _BLOCKS)
        inputs, scale = width, (2, 2)
    stride = 2 ** min(halvings, _STEM_HALVINGS)
    layers["pixels"] = nn.ConvTranspose2d(inputs, classes, stride, stride)
    return layers


def _merged(last_pool: tuple[int, int]) -> tuple[int, int]:
    """Return how many patches, down and across, one latent position takes."""
    return last_pool[0] // _PATCH[0], last_pool[1] // _PATCH[1]


def _blocks(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(Residual(width) for _ in range(count)))


def _normalised(convolution: nn.Conv2d | nn.ConvTranspose2d) -> nn.Sequential:
    return nn.Sequential(convolution, nn.BatchNorm2d(convolution.out_channels), nn.ReLU())
