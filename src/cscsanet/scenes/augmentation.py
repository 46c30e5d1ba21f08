"""Random mirroring and cropping, the same for both modalities and the labels of a frame.

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
    """Mirror each frame with probability 1/2; crop it at random and resize the crop to its size.

    A crop has a share of the height and a share of the width, each uniform in [smallest_crop, 1].
    Its position is uniform. Images are interpolated bilinearly, labels take the nearest pixel. With
    smallest_crop = 1 nothing is interpolated.

    images: float [B, C, H, W]. labels: int64 [B, H, W]. smallest_crop: in (0, 1].
    generator: the only source of randomness, so equal arguments and state give an equal result.

    Returns:
        images and labels of the same shapes and dtypes.
    """
    assert 0.0 < smallest_crop <= 1.0
    assert images.shape[0] == labels.shape[0]
    assert images.shape[-2:] == labels.shape[-2:]
    random = torch.rand((images.shape[0], 5), generator=generator, device=generator.device).to(images.device)
    mirrored = random[:, 0] < 0.5
    if smallest_crop == 1.0:
        return (
            torch.where(mirrored[:, None, None, None], images.flip(-1), images),
            torch.where(mirrored[:, None, None], labels.flip(-1), labels),
        )
    share = smallest_crop + (1.0 - smallest_crop) * random[:, 1:3]
    centre = (1.0 - share) * (2.0 * random[:, 3:5] - 1.0)
    grid = _sampling_grid(share, centre, mirrored, images)
    sampled = functional.grid_sample(
        images, grid, mode="bilinear", padding_mode="border", align_corners=False
    )
    # grid_sample takes floats only: they represent class ids exactly, and nearest never mixes them.
    ids = functional.grid_sample(
        labels[:, None].to(images.dtype), grid, mode="nearest", padding_mode="border", align_corners=False
    )
    return sampled, ids[:, 0].to(labels.dtype)


def _sampling_grid(share: Tensor, centre: Tensor, mirrored: Tensor, images: Tensor) -> Tensor:
    """Return where output pixels are sampled, [B, H, W, (x, y)] in frame coordinates [-1, 1].

    share, centre: of the crop, [B, (x, y)]. mirrored: bool [B].
    """
    theta = images.new_zeros((images.shape[0], 2, 3))
    theta[:, 0, 0] = torch.where(mirrored, -share[:, 0], share[:, 0])
    theta[:, 1, 1] = share[:, 1]
    theta[:, :, 2] = centre
    return functional.affine_grid(theta, list(images.shape), align_corners=False)
