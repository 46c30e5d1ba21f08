"""Drops from ray-traced paths: two positions of a file for the K = 2 UEs of a drop.

The ray tracing is of the downlink, from the BS to a UE; by reciprocity the same paths carry the
uplink. Both arrays lie along the y axis of the file's coordinates, first antenna at the smallest y,
so an angle is the arcsin of sin(zenith) sin(azimuth).

Each part of the dataset has positions of its own. Which ones depends on the number of positions
alone, so that parts stay disjoint under every seed.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from cscsanet.channel.path_files import Array, fields_of, path_digest
from cscsanet.channel.paths import PathDrops, draw_motion
from cscsanet.config.channel_notes import SPEED_OF_LIGHT, sample_duration_ns
from cscsanet.config.system import ChannelParams
from cscsanet.errors import CscsanetError

Part = Literal["train", "val", "test"]
# The positions of a part, of each ten shuffled ones.
SHARES: dict[Part, range] = {"train": range(6), "val": range(6, 8), "test": range(8, 10)}
_SAME_CARRIER = 1e-3  # largest relative difference
# Beyond these a value is in another unit, as a delay in nanoseconds is.
_LARGEST = {"power": 200.0, "phase": 1e6, "delay": 1.0, "tau": 1.0, "doppler": 1e7, "a": 1e10}
_UNITS = {"power": "dBW", "phase": "degrees", "delay": "s", "tau": "s", "doppler": "Hz", "a": "1"}


@dataclass(frozen=True)
class Positions:
    """Ray-traced paths of P positions of a UE, L paths each; absent ones have zero gain.

    gain: complex128 (P, L). delay: after the first arrival [s]. at_bs: direction cosine along the BS's
    array. at_ue: unit vectors from the UE (P, L, 3). doppler: [Hz], or None if the file has none.
    empty: positions without a path, which are left out.
    """

    gain: Tensor
    delay: Tensor
    at_bs: Tensor
    at_ue: Tensor
    doppler: Tensor | None
    empty: int
    owner: str
    digest: str

    def __len__(self) -> int:
        return self.gain.shape[0]


def read_positions(path: Path, carrier_ghz: float) -> Positions:
    """Read a file or a folder of paths.

    Raises:
        CscsanetError: it cannot be read (see `path_files`), a value is impossible in its unit, the rays were
            traced at another carrier, or no position has a path.
    """
    owner, fields = fields_of(path)
    frequency = float(fields.get("frequency", np.array(carrier_ghz * 1e9)))
    if abs(frequency / (carrier_ghz * 1e9) - 1) > _SAME_CARRIER:
        raise CscsanetError(
            f"{path}: traced at {frequency / 1e9:g} GHz, but params.yaml says channel.carrier_ghz = {carrier_ghz:g}; set "
            f"it to that"
        )
    _check_sizes(path, fields)
    gain, delay, angles = (_of_deepmimo if owner == "DeepMIMO" else _of_sionna)(path, fields, frequency)
    doppler = fields.get("doppler")
    there = np.isfinite(gain) & (gain != 0) & np.isfinite(delay)
    for values in (*angles.values(), *([] if doppler is None else [doppler])):
        there &= np.isfinite(values)
    if owner == "Sionna RT":
        there &= fields.get("valid", np.True_) & (delay >= 0)
    elif bool((delay[there] < 0).any()):
        raise CscsanetError(
            f"{path}: delay: holds a negative value; it must be in seconds after the transmission"
        )
    # Of a position only the ratios of gains matter; this keeps the smallest ones from underflowing.
    gain = np.where(there, gain, 0)
    gain /= np.maximum(np.abs(gain).max(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    used = there.any(axis=1)
    if not used.any():
        raise CscsanetError(f"{path}: no position has a path; trace the rays again, or name another file")
    order = np.argsort(-np.abs(gain), axis=1, kind="stable")[used]
    order = order[:, : int(there.sum(axis=1).max())]

    def sort(values: Array, absent: float = 0.0) -> Tensor:
        return torch.from_numpy(np.take_along_axis(np.where(there, values, absent)[used], order, axis=1))

    arrival = sort(delay, np.inf)
    delays = arrival - arrival.amin(dim=1, keepdim=True)
    zenith_bs, azimuth_bs, zenith_ue, azimuth_ue = (sort(angles[name]) for name in angles)
    level = zenith_ue.sin()
    return Positions(
        gain=sort(gain),
        delay=delays.where(delays.isfinite(), torch.zeros_like(delays)),
        at_bs=zenith_bs.sin() * azimuth_bs.sin(),
        at_ue=torch.stack([level * azimuth_ue.cos(), level * azimuth_ue.sin(), zenith_ue.cos()], dim=-1),
        doppler=None if doppler is None else sort(doppler),
        empty=int((~used).sum()),
        owner=owner,
        digest=path_digest(path),
    )


def part_of(positions: Positions, part: Part | None) -> Tensor:
    """Return the indices of the positions of a part, or of all; two parts share none.

    >>> still = torch.zeros(20, 1)
    >>> file = Positions(still + 0j, still, still, torch.zeros(20, 1, 3), None, 0, "DeepMIMO", "")
    >>> [len(part_of(file, part)) for part in SHARES]
    [12, 4, 4]

    Raises:
        CscsanetError: the part has fewer than two positions.
    """
    order = torch.randperm(len(positions), generator=torch.Generator().manual_seed(0))
    if part is not None:
        order = order[torch.tensor([index % 10 in SHARES[part] for index in range(len(order))])]
    if len(order) < 2:
        raise CscsanetError(
            f"channel.file: {len(positions)} positions with paths leave {len(order)} for the part {part or 'all'}: it needs two "
            f"at least, one for each UE; trace rays to more positions"
        )
    return order


def position_drops(
    positions: Positions,
    among: Tensor,
    count: int,
    params: ChannelParams,
    generator: torch.Generator,
    *,
    speed_kmh: float | None = None,
) -> PathDrops:
    """Draw two different positions for the UEs of each drop, (count, 2, L), in float64.

    among: indices to draw from. Without Doppler shifts in the file, or for one `speed_kmh`, speeds and headings
    are drawn as `draw_paths` does, and a path's shift is v^T r f_c / c.
    """
    first = torch.randint(len(among), (count,), generator=generator)
    other = torch.randint(len(among) - 1, (count,), generator=generator)
    pair = among[torch.stack([first, other + (other >= first)], dim=1)]
    velocity = draw_motion(count, params, generator, speed_kmh=speed_kmh).double()
    at_ue = positions.at_ue[pair]
    if positions.doppler is None or speed_kmh is not None:
        doppler = (at_ue * velocity.unsqueeze(2)).sum(dim=-1) * params.carrier_ghz * 1e9 / SPEED_OF_LIGHT
    else:
        doppler = positions.doppler[pair]
    # H of the uplink is the transpose of the downlink's, with no conjugate at either end.
    return PathDrops(
        gain=positions.gain[pair],
        aod=torch.arcsin(-at_ue[..., 1]),
        aoa=torch.arcsin(positions.at_bs[pair]),
        delay=positions.delay[pair] / (sample_duration_ns(params) * 1e-9),
        doppler=doppler,
    )


def _check_sizes(path: Path, fields: Mapping[str, Array]) -> None:
    for name, largest in _LARGEST.items():
        values = fields.get(name, np.zeros(1))
        for part in (values.real, values.imag):
            wrong = part[(np.abs(part) > largest) & ~((name == "power") & (part < 0))]
            if wrong.size:
                raise CscsanetError(
                    f"{path}: {name} = {wrong[0]:g}: must be at most {largest:g} {_UNITS[name]}; convert it to that unit"
                )


def _of_deepmimo(
    path: Path, fields: Mapping[str, Array], frequency: float
) -> tuple[Array, Array, dict[str, Array]]:
    names = ("aod_el", "aod_az", "aoa_el", "aoa_az")
    _check_angles(path, fields, names, 180.0, "degrees, as DeepMIMO's")
    zeniths = np.concatenate([fields["aod_el"].ravel(), fields["aoa_el"].ravel()])
    if bool(np.isfinite(zeniths).any()) and float(np.nanmax(zeniths)) <= math.pi:
        raise CscsanetError(
            f"{path}: aod_el, aoa_el: no value above {math.pi:.4f}, as if in radians; DeepMIMO's angles are in degrees, so "
            f"convert them"
        )
    gain = 10 ** (fields["power"] / 20) * np.exp(1j * np.deg2rad(fields["phase"]))
    return gain, fields["delay"], {name: np.deg2rad(fields[name]) for name in names}


def _of_sionna(
    path: Path, fields: Mapping[str, Array], frequency: float
) -> tuple[Array, Array, dict[str, Array]]:
    names = ("theta_t", "phi_t", "theta_r", "phi_r")
    _check_angles(path, fields, names, math.pi, "radians, as Sionna's")
    turns = np.modf(frequency * fields["tau"])[0]
    return fields["a"] * np.exp(-2j * math.pi * turns), fields["tau"], {name: fields[name] for name in names}


def _check_angles(
    path: Path, fields: Mapping[str, Array], names: tuple[str, ...], half_turn: float, unit: str
) -> None:
    """Check that zeniths lie in half a turn and azimuths within a turn to either side."""
    slack = 1e-4 * half_turn
    for index, name in enumerate(names):
        low, high = (0.0, half_turn) if index % 2 == 0 else (-2 * half_turn, 2 * half_turn)
        values = fields[name]
        wrong = values[(values < low - slack) | (values > high + slack)]
        if wrong.size:
            from_z = ", from the +z axis" if index % 2 == 0 else ""
            raise CscsanetError(
                f"{path}: {name} = {wrong[0]:g}: must be {low:.4g} to {high:.4g} ({unit}{from_z}); convert the angles"
            )
