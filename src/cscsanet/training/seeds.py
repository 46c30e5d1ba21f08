"""The seeds of all random draws: every draw uses a generator that is keyed by its purpose.

The generator of a step depends on the seed, the purpose, the epoch and the batch alone. So a
training that was killed and resumed at the start of an epoch draws the same numbers as an unbroken
one.
"""

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Sampler

_PURPOSES = ("initialise", "order", "step", "validate", "evaluate", "bound", "host", "settle")


def generator(seed: int, purpose: str, *where: int, device: str | torch.device = "cpu") -> torch.Generator:
    """Return a new generator for a purpose; where: position in the run (epoch, batch, ...)."""
    # A seed sequence ignores trailing zeros, so the length is part of the key.
    key = (seed, _PURPOSES.index(purpose), len(where), *where)
    entropy = np.random.SeedSequence(key).generate_state(1, np.uint64)[0]
    return torch.Generator(device=device).manual_seed(int(entropy >> 1))


def host_generator(generator: torch.Generator, use: int = 0) -> torch.Generator:
    """Return a generator on the CPU for the numbers that decide what is computed, keyed by another's seed.

    A GPU is thus never waited for. use: tells apart several that are made of one.
    """
    entropy = np.random.SeedSequence((generator.initial_seed(), _PURPOSES.index("host"), use))
    return torch.Generator().manual_seed(int(entropy.generate_state(1, np.uint64)[0] >> 1))


class EpochSampler(Sampler[int]):
    """An endless shuffle of `items` indices, split into epochs of `per_epoch` indices.

    Each pass over the items is a permutation. Lightning sets the epoch, so the order after a resume
    is that of an unbroken run.
    """

    def __init__(self, items: int, per_epoch: int, seed: int) -> None:
        self.items = items
        self.per_epoch = per_epoch
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch; called by the trainer."""
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
