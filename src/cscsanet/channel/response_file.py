"""The response H of the drops of a folder, as one .npy file."""

import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from cscsanet.channel.dataset import open_drops
from cscsanet.channel.response import materialise
from cscsanet.config.system import ChannelParams
from cscsanet.errors import CscsanetError
from cscsanet.files import size_text, write_by_rename

EXPORT_CHUNK_BYTES = 64 * 2**20
_BYTES = 8  # of an entry, complex64


def response_shape(params: ChannelParams, symbols: int) -> tuple[int, ...]:
    """Return the shape (K, T, N_c, N_r, N_t) of H of one drop over T OFDM symbols.

    >>> response_shape(params, 4)
    (2, 4, 16, 64, 8)
    """
    return (params.users, symbols, params.subcarriers, params.bs_antennas, params.ue_antennas)


def response_bytes(folder: Path, symbols: range) -> int:
    """Return the size of the file that `export_response` writes.

    Raises:
        CscsanetError: a file is damaged.
    """
    store = open_drops(folder)
    return _BYTES * len(store) * math.prod(response_shape(store.channel, len(symbols)))


def export_response(
    folder: Path, symbols: range, out: Path, *, progress: Callable[[int], None] | None = None
) -> None:
    """Write H of eq. (6) for every drop of a folder as one .npy file.

    H: complex64 (drops, K, T, N_c, N_r, N_t). symbols: the T OFDM symbol indices. progress: called
    with the number of drops done since the last call. The file appears by rename. It has eight
    bytes for each entry: 2000 drops of 2 x 4 x 16 x 64 x 8 are 1.0 GB.

    Raises:
        CscsanetError: the range is empty or negative, the disk is full, or a file is damaged.
    """
    if not symbols or min(symbols) < 0:
        raise CscsanetError(
            f"symbols = {symbols.start}:{symbols.stop}: must be a range of at least one symbol from 0 up"
        )
    store = open_drops(folder)
    params = store.channel
    grid = response_shape(params, len(symbols))
    bytes_per_drop = _BYTES * math.prod(grid)
    check_space(out, len(store) * bytes_per_drop)
    chunk = max(1, EXPORT_CHUNK_BYTES // bytes_per_drop)

    def write(part: Path) -> None:
        target = np.lib.format.open_memmap(part, mode="w+", dtype=np.complex64, shape=(len(store), *grid))
        for first in range(0, len(store), chunk):
            drops = store.batch(slice(first, first + chunk))
            target[first : first + chunk] = materialise(drops, torch.tensor(symbols), params).numpy()
            if progress is not None:
                progress(len(drops))
        target.flush()

    write_by_rename(out, write)


def check_space(out: Path, needed: int) -> None:
    """Make the folder of a file, and raise an error if the disk has no room for it. needed: bytes.

    Raises:
        CscsanetError: as said.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(out.parent).free
    if needed > free:
        raise CscsanetError(
            f"{out}: needs {size_text(needed)}, but only {size_text(free)} are free; "
            "export fewer symbols or drops, or name another disk"
        )
