"""Drops on disk: a folder of memory-mapped .npy files, one for each path parameter, and a manifest.

    <folder>/{gain_re, gain_im, aod, aoa, delay, doppler}.npy    float32 (drops, K, L_p)
    <folder>/manifest.json    schema, units, seed, count, channel parameters, SHA-256 of each file,
                              and `source` if the drops are not of eq. (6) with drawn parameters

Drops are drawn in blocks, each from a separate seed. The content therefore depends only on the seed
and the channel parameters, not on who draws them, and a longer dataset begins with the drops of a
shorter one. Blocks are written one after the other, so the memory does not grow with their number.
"""

import hashlib
import json
import math
import uuid
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import torch
from pydantic import ValidationError
from torch import Tensor

from cscsanet.channel.blocks import BLOCK, UNITS, Blocks, MapBlocks, draw_block
from cscsanet.channel.paths import RAYS, PathDrops
from cscsanet.channel.positions import Part as Part
from cscsanet.channel.sources import SELECTORS, drawn_from
from cscsanet.config.system import ChannelParams
from cscsanet.errors import CscsanetError
from cscsanet.files import folder_by_rename, reserve
from cscsanet.parsing import parse_json

SCHEMA = "cscsanet-drops-1"
# Not in the manifest: part sizes, the frame, BS power and impairments are no properties of the drawn channel.
_NEUTRAL: Mapping[str, Any] = {
    "train_drops": 1,
    "val_drops": 1,
    "test_drops": 1,
    "bs_power_offset_db": 0.0,
    "oscillator_rad": 0.0,
}
NOT_OF_THE_CHANNEL = (
    *_NEUTRAL,
    "feedback_delay_symbols",
    "phase_noise_rad",
    "carrier_offset_hz",
    "bs_phase_error_rad",
    "near_far_db",
    "interferer_db",
    "element_power",
)

PARTS: tuple[Part, ...] = ("train", "val", "test")


def part_seed(seed: int, part: Part) -> int:
    """Return the seed of one part of the dataset; different parts and seeds share no drop.

    >>> part_seed(1, "train")
    5888507485274647164
    """
    return int.from_bytes(hashlib.sha256(f"{seed} {part}".encode()).digest()[:8], "big") >> 1


def write_drops(
    folder: Path,
    count: int,
    seed: int,
    params: ChannelParams,
    *,
    root: Path = Path(),
    part: Part | None = None,
    mapped: MapBlocks = map,
) -> None:
    """Draw `count` drops of `params.source` and write them as a drop folder.

    The folder appears by rename and replaces an older one. root, part: see `open_source`. mapped: maps the
    drawing of a block over the blocks, in their order; it may do so in other processes.

    Raises:
        CscsanetError: a number is out of range, `folder` exists and is not a drop folder, or the source
            cannot be used.
    """
    if count < 1 or seed < 0:
        raise CscsanetError(f"{folder}: count = {count}, seed = {seed}: must be at least 1 and 0")
    blocks = Blocks(params, root.absolute(), part, seed, count, uuid.uuid4().hex)
    blocks = replace(blocks, size=blocks.source.block or BLOCK)
    with folder_by_rename(folder, "manifest.json") as written:
        facts = _write_fields(written, blocks, mapped)
        manifest = _manifest(written, count, seed, params, facts)
        (written / "manifest.json").write_text(json.dumps(manifest, indent=1, allow_nan=False) + "\n")


def open_drops(folder: Path, *, verify: bool = False) -> "DropStore":
    """Open a drop folder as memory maps and check it against its manifest.

    verify: whether to check the SHA-256 of the files too.

    Raises:
        CscsanetError: the manifest or a file is missing, damaged, or of another shape or schema.
    """
    path = folder / "manifest.json"
    try:
        manifest = parse_json(path.read_text(encoding="utf-8"))
    except OSError:
        raise CscsanetError(
            f"{folder}: no drop folder, manifest.json is missing; draw the drops first"
        ) from None
    except ValueError as error:
        raise CscsanetError(f"{path}: not valid JSON ({error}); draw the drops again") from None
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        raise CscsanetError(f"{path}: not of schema {SCHEMA}; draw the drops again with this version")
    missing = [key for key in ("count", "channel", "seed", "shape", "sha256") if key not in manifest]
    if missing:
        raise CscsanetError(f"{path}: {missing[0]}: missing; draw the drops again")
    _check_manifest(path, manifest)
    return DropStore(folder, manifest, {name: _open_field(folder, name, manifest, verify) for name in UNITS})


@dataclass(frozen=True)
class DropStore:
    """An open drop folder, its `fields` as read-only memory maps (drops, K, L_p), float32."""

    folder: Path
    manifest: dict[str, Any]
    fields: dict[str, npt.NDArray[np.float32]]

    def __len__(self) -> int:
        return int(self.manifest["count"])

    @property
    def num_paths(self) -> int:
        """L_p, with the paths of zero gain where UEs have different numbers."""
        return int(self.manifest["shape"][2])

    def batch(self, indices: Sequence[int] | npt.NDArray[np.integer[Any]] | Tensor | slice) -> PathDrops:
        """Return the drops of these indices as tensors on the CPU."""
        if isinstance(indices, Tensor):
            indices = indices.cpu().numpy()
        tensors = {name: torch.from_numpy(np.array(field[indices])) for name, field in self.fields.items()}
        gain = torch.complex(tensors.pop("gain_re"), tensors.pop("gain_im"))
        return PathDrops(gain, **tensors)

    def all(self) -> PathDrops:
        """Return all drops."""
        return self.batch(slice(None))

    def check_matches(self, params: ChannelParams) -> None:
        """Raise an error if drops drawn with these parameters would follow another distribution.

        Raises:
            CscsanetError: a channel parameter that drops are drawn from differs.
        """
        for key in drawn_from(params):
            drawn_with, wanted = getattr(self.channel, key), getattr(params, key)
            if drawn_with != wanted:
                raise CscsanetError(
                    f"{self.folder}: drawn with channel.{key} = {drawn_with}, but params.yaml says {wanted}; "
                    "run 'dvc repro channels' to draw it again, or set it back"
                )

    @cached_property
    def channel(self) -> ChannelParams:
        """The channel parameters of the manifest, with neutral values for others."""
        return _channel(self.manifest)


def open_train_and_val(folder: Callable[[Part], Path], params: ChannelParams) -> tuple[DropStore, DropStore]:
    """Open the training and validation drops and check that they were drawn with these parameters.

    folder: maps a part to its drop folder.

    Raises:
        CscsanetError: a part is missing, damaged, or drawn with other parameters.
    """
    train, val = open_drops(folder("train")), open_drops(folder("val"))
    train.check_matches(params)
    val.check_matches(params)
    return train, val


def _write_fields(folder: Path, blocks: Blocks, mapped: MapBlocks) -> dict[str, Any]:
    """Write the arrays; return what the manifest says of their blocks and of the source."""
    shares = []
    with ExitStack() as stack:
        files: dict[str, BinaryIO] = {}
        for fields, share in mapped(partial(draw_block, blocks), range(-(-blocks.count // blocks.size))):
            for name, values in fields.items():
                if name not in files:
                    path, shape = folder / f"{name}.npy", (blocks.count, *values.shape[1:])
                    np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
                    reserve(path)
                    files[name] = stack.enter_context(path.open("r+b"))
                    files[name].seek(path.stat().st_size - math.prod(shape) * values.itemsize)
                # Not through the memory map, whose pages would count as memory of this process.
                files[name].write(values.data)
            shares.append(share)
    facts: dict[str, Any] = {"block": blocks.size}
    if blocks.params.source != "drawn":
        names = ("kept_power", "power_beyond_prefix", "power_beyond_max_delay", "power_aliased")
        mean = torch.stack(shares).sum(dim=0) / blocks.count
        facts["source"] = {**blocks.source.facts, **dict(zip(names, mean.tolist(), strict=True))}
    return facts


def _without_effect(params: ChannelParams) -> tuple[str, ...]:
    """Return the parameters that say nothing about the drops, and are left out as in earlier versions."""
    spread = () if params.spread_deg else ("spread_deg",)
    doppler = ("doppler",) if params.doppler == "angle" else ()
    return (*spread, *doppler, *(SELECTORS if params.source == "drawn" else ()))


def _columns(params: ChannelParams) -> int:
    """Return the number of paths of a drop, each ray counted."""
    return params.paths * (RAYS if params.spread_deg else 1)


def _manifest(
    folder: Path, count: int, seed: int, params: ChannelParams, facts: Mapping[str, Any]
) -> dict[str, Any]:
    left_out = {*NOT_OF_THE_CHANNEL, *_without_effect(params)}
    return {
        "schema": SCHEMA,
        "count": count,
        "seed": seed,
        **facts,
        "channel": params.model_dump(mode="json", exclude=left_out),
        "dtype": "float32",
        "shape": list(np.load(folder / "aod.npy", mmap_mode="r").shape),
        "axes": ["drop", "user", "path"],
        "units": UNITS,
        "sha256": {name: _digest(folder / f"{name}.npy") for name in UNITS},
    }


def _channel(manifest: Mapping[str, Any]) -> ChannelParams:
    return ChannelParams.model_validate({**_NEUTRAL, **manifest["channel"]}, strict=True)


def _check_manifest(path: Path, manifest: Mapping[str, Any]) -> None:
    count, shape, digests = manifest["count"], manifest["shape"], manifest["sha256"]
    # A bool is an int, too.
    if type(count) is not int or count < 1:
        raise CscsanetError(f"{path}: count = {count!r}: must be a number of drops; draw the drops again")
    try:
        channel = _channel(manifest)
    except (ValidationError, TypeError):
        raise CscsanetError(
            f"{path}: channel: not the parameters of a channel; draw the drops again"
        ) from None
    # The other sources have as many paths as they find.
    found = (
        shape[-1] if channel.source != "drawn" and isinstance(shape, list) and shape else _columns(channel)
    )
    wanted = [count, channel.users, found]
    if shape != wanted or any(type(length) is not int or length < 1 for length in shape):
        raise CscsanetError(f"{path}: shape = {shape!r}: must be {wanted}; draw the drops again")
    if not isinstance(digests, dict) or not all(isinstance(digests.get(name), str) for name in UNITS):
        raise CscsanetError(f"{path}: sha256: not a digest for each file; draw the drops again")


def _open_field(folder: Path, name: str, manifest: dict[str, Any], verify: bool) -> npt.NDArray[np.float32]:
    path = folder / f"{name}.npy"
    try:
        # What numpy warns of, this project did not write.
        with warnings.catch_warnings(action="error"):
            field: npt.NDArray[np.float32] = np.lib.format.open_memmap(path, mode="r")
    except FileNotFoundError:
        raise CscsanetError(f"{path}: missing; draw the drops again") from None
    except Exception:  # numpy raises whatever its parser does for a damaged header
        raise CscsanetError(f"{path}: truncated or not a .npy file; draw the drops again") from None
    if list(field.shape) != manifest["shape"] or field.dtype != np.float32:
        raise CscsanetError(
            f"{path}: {field.dtype} {list(field.shape)}, but the manifest says float32 {manifest['shape']}; "
            "draw the drops again"
        )
    if verify and _digest(path) != manifest["sha256"][name]:
        raise CscsanetError(f"{path}: its SHA-256 is not the manifest's; draw the drops again")
    return field


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
