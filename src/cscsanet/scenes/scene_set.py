"""Frames in memory. This module needs nothing that reads pictures."""

from dataclasses import dataclass

import torch
from torch import Tensor

from cscsanet.scenes.layout import is_night


@dataclass(frozen=True)
class SceneSet:
    """The frames of one part (training, validation or test), or any others.

    images: uint8 [N, 4, H, W]: red, green, blue, thermal.
    labels: uint8 [N, H, W], class ids 0..8.
    names: the N frame names, in the order of the part.
    """

    images: Tensor
    labels: Tensor
    names: list[str]

    def __len__(self) -> int:
        return len(self.names)

    def to(self, device: torch.device | str) -> "SceneSet":
        """Return the same frames with images and labels on a device."""
        return SceneSet(self.images.to(device), self.labels.to(device), self.names)

    @property
    def night(self) -> Tensor:
        """Mask of the frames taken by night, bool [N]."""
        return torch.tensor([is_night(name) for name in self.names], dtype=torch.bool)
