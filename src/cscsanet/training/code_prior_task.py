"""The training of the probabilities of a source codec's bits: the mean length of a message, in bits of a bit."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import softplus

from cscsanet.baselines.digital.bit_codec import BitCodec
from cscsanet.baselines.digital.bit_prior import BitPrior
from cscsanet.config.training import DigitalPriorParams
from cscsanet.scenes.augmentation import augment, to_float
from cscsanet.scenes.scene_set import SceneSet
from cscsanet.training.task import Task


class CodePriorTask(Task):
    """Minimise the length of the messages of a trained codec; the codec remains unchanged."""

    monitor = "val_saved"

    def __init__(
        self,
        prior: BitPrior,
        codec: BitCodec,
        scenes: tuple[SceneSet, SceneSet],
        fit: DigitalPriorParams,
        *,
        crop: float,
        seed: int,
    ) -> None:
        """scenes: the training and the validation part. crop: smallest share of each side that a random crop keeps."""
        super().__init__(fit, seed)
        self.prior = prior
        self.codec = codec.requires_grad_(False)
        self.crop = crop
        self.train_scenes, self.val_scenes = scenes
        self.train_items, self.val_items = len(self.train_scenes.names), len(self.val_scenes.names)

    def on_fit_start(self) -> None:
        """Move the scenes to the device, where every step reads some of them."""
        super().on_fit_start()
        self.train_scenes = self.train_scenes.to(self.device)
        self.val_scenes = self.val_scenes.to(self.device)

    def on_train_epoch_start(self) -> None:
        """Keep the codec as it will be used, with its statistics of batch normalisation."""
        self.codec.eval()

    def loss(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        """Return the bits that an arithmetic coder spends on a bit, mean over augmented images."""
        images, labels = to_float(self.train_scenes.images[batch]), self.train_scenes.labels[batch].long()
        images, _ = augment(images, labels, smallest_crop=self.crop, generator=generator)
        return self._length(images)

    def validate(self, batch: Tensor, generator: torch.Generator) -> tuple[float, int]:
        """Return the spent bits of a bit, summed over a batch of validation images, and the number of these."""
        return len(batch) * float(self._length(to_float(self.val_scenes.images[batch]))), len(batch)

    def validation_metrics(self, parts: Sequence[tuple[float, int]]) -> Mapping[str, float]:
        """Return the share of a message that the probabilities save."""
        return {"val_saved": 1 - sum(spent for spent, _ in parts) / sum(images for _, images in parts)}

    def _length(self, images: Tensor) -> Tensor:
        with torch.no_grad():
            signs = self.codec.signs(images)
        return softplus(-signs * self.prior.logits(signs)).mean() / math.log(2)
