"""The blocks that a drop folder is drawn in, each from a seed of its own, by any process."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from cscsanet.channel.positions import Part
from cscsanet.channel.sources import DropSource, late_power, open_source
from cscsanet.config.system import ChannelParams

BLOCK = 4096  # drops
UNITS = {
    "gain_re": "1, real part of alpha",
    "gain_im": "1, imaginary part of alpha",
    "aod": "rad",
    "aoa": "rad",
    "delay": "samples of T_s",
    "doppler": "Hz",
}


@dataclass(frozen=True)
class Blocks:
    """The blocks of a drop folder. root, part: see `open_source`. count: the number of drops. size: that of a block.

    run: tells apart what is written, since a file of paths may change in between.
    """

    params: ChannelParams
    root: Path
    part: Part | None
    seed: int
    count: int
    run: str
    size: int = 0

    @property
    def source(self) -> DropSource:
        """The source of the drops, opened once in a process."""
        return _opened(self.params, self.root, self.part, self.run)


@lru_cache(maxsize=1)
def _opened(params: ChannelParams, root: Path, part: Part | None, run: str) -> DropSource:
    return open_source(params, root, part)


Drawn = tuple[dict[str, npt.NDArray[np.float32]], Tensor]  # what `draw_block` returns
MapBlocks = Callable[[Callable[[int], Drawn], Iterable[int]], Iterable[Drawn]]


def draw_block(blocks: Blocks, block: int) -> Drawn:
    """Draw one block: its arrays (drops, K, L_p), and sums over it for the manifest."""
    # Always draw a whole block, so that its drops do not depend on the length of the dataset.
    drops, share = blocks.source.draw_with_share(blocks.size, block_generator(blocks.seed, block))
    length = min(blocks.size, blocks.count - block * blocks.size)
    drops, share = drops[:length], share[:length]
    parts = {"gain_re": drops.gain.real, "gain_im": drops.gain.imag}
    fields = {
        name: np.ascontiguousarray(
            (parts[name] if name in parts else getattr(drops, name)).numpy(), np.float32
        )
        for name in UNITS
    }
    late = late_power(drops, blocks.params) if blocks.source.physical else torch.zeros(3)
    return fields, torch.cat([share.mean().reshape(1), late]) * length


def block_generator(seed: int, block: int) -> torch.Generator:
    """Return the generator of a block; different seeds and blocks share no number.

    >>> block_generator(1, 0).initial_seed() == block_generator(1, 1).initial_seed()
    False
    """
    (state,) = np.random.SeedSequence((seed, block)).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state))
