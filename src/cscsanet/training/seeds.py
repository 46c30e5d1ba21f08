"""The one seed policy: every random draw comes from a generator keyed by what it is for.

A step's generator depends on the seed, the purpose, the epoch and the batch alone, so a training that was killed and
resumed at an epoch's start draws what it would have drawn.
"""

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Sampler

_PURPOSES = ("initialise", "order", "step", "validate", "evaluate", "bound")


def generator(seed: int, purpose: str, *where: int, device: str | torch.device = "cpu") -> torch.Generator:
    """Return a fresh generator for one purpose at one place (epoch, batch, ...)."""
    # A seed sequence ignores zeros at its end, so the length is part of the key.
    key = (seed, _PURPOSES.index(purpose), len(where), *where)
    entropy = np.random.SeedSequence(key).generate_state(1, np.uint64)[0]
    return torch.Generator(device=device).manual_seed(int(entropy >> 1))


class EpochSampler(Sampler[int]):
    """Endless shuffling cut into epochs: `per_epoch` indices of `items`, each pass over the items a permutation.

    Lightning tells it the epoch, so the order after a resume is the order of an unbroken run.
    """

    def __init__(self, items: int, per_epoch: int, seed: int) -> None:
        self.items = items
        self.per_epoch = per_epoch
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Move to an epoch; called by the trainer."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.per_epoch

    def __iter__(self):  # type: ignore[no-untyped-def]
        start = self.epoch * self.per_epoch
        passes = range(start // self.items, (start + self.per_epoch - 1) // self.items + 1)
        order = torch.cat([self._permutation(index) for index in passes])
        offset = start - passes.start * self.items
        return iter(order[offset : offset + self.per_epoch].tolist())

    def _permutation(self, index: int) -> Tensor:
        return torch.randperm(self.items, generator=generator(self.seed, "order", index))
