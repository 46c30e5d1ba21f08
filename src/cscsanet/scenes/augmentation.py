"""Random mirroring and cropping that move both modalities and the labels alike.

Axes: B frames of the batch, C channels (red, green, blue, thermal), H height, W width.
"""

import torch
from torch import Tensor
from torch.nn import functional


def to_float(images: Tensor) -> Tensor:
    """Map 8-bit pixels to [0, 1], float32, of the same shape."""
    return images.to(torch.float32) / 255.0


def augment(
    images: Tensor, labels: Tensor, *, smallest_crop: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Mirror each frame with probability 1/2, and crop it at random, resized back to its size.

    A crop keeps a share of height and a share of width, each uniform in [smallest_crop, 1], at a uniform
    place. Images are interpolated bilinearly, labels take the nearest pixel. Where smallest_crop is 1,
    pixels are moved, never interpolated.

    Args:
        images: float [B, C, H, W].
        labels: int64 [B, H, W].
        smallest_crop: in (0, 1].
        generator: the only source of chance; the result is a function of it and the arguments.

    Returns:
        images and labels of the same shapes and dtypes.
    """
    assert 0.0 < smallest_crop <= 1.0
    assert images.shape[0] == labels.shape[0]
    assert images.shape[-2:] == labels.shape[-2:]
    chance = torch.rand((images.shape[0], 5), generator=generator, device=generator.device).to(images.device)
    mirrored = chance[:, 0] < 0.5
    if smallest_crop == 1.0:
        return (
            torch.where(mirrored[:, None, None, None], images.flip(-1), images),
            torch.where(mirrored[:, None, None], labels.flip(-1), labels),
        )
    share = smallest_crop + (1.0 - smallest_crop) * chance[:, 1:3]
    centre = (1.0 - share) * (2.0 * chance[:, 3:5] - 1.0)
    grid = _sampling_grid(share, centre, mirrored, images)
    moved = functional.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)
    # Ids are exact in floating point, and the nearest pixel is never a mixture.
    ids = functional.grid_sample(
        labels[:, None].to(images.dtype), grid, mode="nearest", padding_mode="border", align_corners=False
    )
    return moved, ids[:, 0].to(labels.dtype)


def _sampling_grid(share: Tensor, centre: Tensor, mirrored: Tensor, images: Tensor) -> Tensor:
    """Where each output pixel is read from, [B, H, W, (x, y)] in the frame's own [-1, 1] coordinates."""
    theta = images.new_zeros((images.shape[0], 2, 3))
    theta[:, 0, 0] = torch.where(mirrored, -share[:, 0], share[:, 0])
    theta[:, 1, 1] = share[:, 1]
    theta[:, :, 2] = centre
    return functional.affine_grid(theta, list(images.shape), align_corners=False)
