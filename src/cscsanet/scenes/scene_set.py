"""Frames in memory, or mapped from files. This module needs nothing that reads pictures."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast

import torch
from torch import Tensor

from cscsanet.scenes.annotation import OF_MFNET, Annotation
from cscsanet.scenes.layout import is_night

_SHARE = 0.5  # of the free memory of a GPU that frames may take


class HostFrames:
    """Frames that stay on the host, and of which batches go to a device."""

    def __init__(self, frames: Tensor, device: torch.device) -> None:
        self.frames = frames
        self.device = device

    def __getitem__(self, index: Tensor) -> Tensor:
        return self.frames[index.cpu()].to(self.device)


@dataclass(frozen=True)
class SceneSet:
    """The frames of one part (training, validation or test), or any others.

    images: uint8 [N, 4, H, W]: red, green, blue, thermal.
    labels: uint8 [N, H, W], class ids, or IGNORED where a pixel counts nowhere.
    names: the N frame names, in the order of the part.
    annotation: the meaning of labels and names.
    originals: frame name -> its name in the dataset; empty if they are the same.
    """

    images: Tensor
    labels: Tensor
    names: list[str]
    annotation: Annotation = OF_MFNET
    originals: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.names)

    def to(self, device: torch.device | str) -> "SceneSet":
        """Return the same frames with images and labels on a device.

        Frames that do not fit into half of a GPU's free memory stay on the host: of these, images and labels
        can only be indexed by a tensor, which gives a batch on the device.
        """
        device = torch.device(device)
        if isinstance(self.images, HostFrames) or self.images.device == device:
            return self
        if self.images.nbytes + self.labels.nbytes <= _room(device):
            return replace(self, images=self.images.to(device), labels=self.labels.to(device))
        images, labels = HostFrames(self.images, device), HostFrames(self.labels, device)
        return replace(self, images=cast(Tensor, images), labels=cast(Tensor, labels))

    @property
    def titles(self) -> list[str]:
        """The names of the frames in the dataset, for a reader."""
        return [self.originals.get(name, name) for name in self.names]

    @property
    def night(self) -> Tensor | None:
        """Mask of the frames taken by night, bool [N]; None if that is unknown."""
        if not self.annotation.light:
            return None
        return torch.tensor([is_night(name) for name in self.names], dtype=torch.bool)


def _room(device: torch.device) -> float:
    """Return the bytes that frames may take on a device."""
    return _SHARE * torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else float("inf")
