"""Channel drops for users of the package: path parameters with the channel that they are drawn of.

Axes: N drops, K UEs, L_p paths, T OFDM symbols, N_c subcarriers, N_r / N_t antennas at BS / UE.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from cscsanet.api.parameters import changed_channel, shipped_params
from cscsanet.channel.blocks import BLOCK, block_generator
from cscsanet.channel.bounds import fully_digital
from cscsanet.channel.dataset import part_seed
from cscsanet.channel.paths import PathDrops, joined
from cscsanet.channel.response import effective_channel, materialise
from cscsanet.channel.sources import DropSource, open_source
from cscsanet.config.system import ChannelParams
from cscsanet.errors import CscsanetError


@dataclass(frozen=True)
class Channels:
    """N drops of the channels of all UEs.

    paths: their path parameters, each (N, K, L_p). params: sizes, units and mobility of the channel.
    """

    paths: PathDrops
    params: ChannelParams

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int | slice) -> "Channels":
        """Return some of the drops. An index gives one drop, as channels of one."""
        count = len(self)
        if isinstance(index, int):
            if not -count <= index < count:
                raise IndexError(f"drop {index} of {count}")
            index = slice(index % count, index % count + 1)
        return Channels(self.paths[index], self.params)

    def __iter__(self) -> Iterator["Channels"]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        shape = tuple(self.paths.gain.shape)
        return (
            f"Channels({shape[0]} drops, {shape[1]} UEs, {shape[2]} paths, "
            f"{self.params.bs_antennas} x {self.params.ue_antennas} antennas, {self.params.subcarriers} subcarriers)"
        )

    def matrix(self, symbols: int = 1) -> Tensor:
        """Return H of eq. (6) in the first OFDM symbols, complex (N, K, T, N_c, N_r, N_t).

        Entries have unit mean power. symbols: T.

        >>> import cscsanet
        >>> cscsanet.draw_channels(2, seed=1).matrix().shape
        torch.Size([2, 2, 1, 64, 64, 8])
        """
        return materialise(self.paths, torch.arange(symbols), self.params)

    def effective(self, precoder: Tensor, combiner: Tensor, symbols: int = 1) -> Tensor:
        """Return W H F between beams, complex (N, K, T, N_c, R, S), without computing H.

        precoder: F (N, K, N_t, S). combiner: W (N, R, N_r), applied as W y. symbols: T.
        """
        return effective_channel(self.paths, precoder, combiner, torch.arange(symbols), self.params)

    def bound(self, snr_db: float) -> Tensor:
        """Return the spectral efficiency of fully digital beams with perfect CSI, (N, K) [bit/s/Hz].

        It is of each UE without the others, so it bounds every scheme. snr_db: P_t / sigma^2 [dB].
        """
        return fully_digital(self.paths, 10 ** (snr_db / 10), torch.arange(1), self.params)


def draw_channels(count: int, *, seed: int = 0, **channel: Any) -> Channels:
    """Draw drops of the channel that the models of the package were trained for.

    seed: equal seeds give equal drops. channel: keys of the section `channel` of params.yaml that differ, such as
    `paths=4`, `max_speed_kmh=30.0` or `source="tr38901"`.

    >>> import cscsanet
    >>> cscsanet.draw_channels(3, paths=4)
    Channels(3 drops, 2 UEs, 4 paths, 64 x 8 antennas, 64 subcarriers)

    Raises:
        CscsanetError: there is no such key, a value is out of range, or a source of channels is not installed.
    """
    params = changed_channel(shipped_params().channel, channel)
    return Channels(first_drops(open_source(params), count, part_seed(seed, "test")), params)


def first_drops(source: DropSource, count: int, seed: int) -> PathDrops:
    """Return the first drops of a dataset of this seed, as `write_drops` writes them.

    Raises:
        CscsanetError: the count is not positive.
    """
    if count < 1:
        raise CscsanetError(f"count = {count}: must be at least 1")
    size = source.block or BLOCK
    blocks = [source.draw(size, block_generator(seed, block)) for block in range(-(-count // size))]
    return joined(blocks)[:count]
