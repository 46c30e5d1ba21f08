"""Reader of ray-traced paths: .npz and .mat files with the field names of DeepMIMO or Sionna RT.

A file holds one transmitter, the BS, and many receivers, the positions of a UE. Every field has the
shape (positions, paths); axes of length one between the two are dropped. Which names a file uses
settles the units:

    DeepMIMO 4     power [dBW], phase [deg], delay [s], aod_az, aod_el, aoa_az, aoa_el [deg];
                   optional doppler [Hz]. The gain is sqrt(10^(power / 10)) exp(j phase). `el` is the
                   angle from the +z axis, as DeepMIMO's array response takes it.
    Sionna RT 1-2  a (complex, passband), tau [s], theta_t, phi_t, theta_r, phi_r [rad]; optional
                   doppler [Hz] and valid. The gain is a exp(-j 2 pi f_c tau), as in `Paths.cir`.

Optional in both: frequency [Hz], the carrier of the ray tracing. A folder of a DeepMIMO scenario has
one file a field, such as power_t001_tx000_r000.npz, and its carrier in params.json.

A path is absent where one of its values is NaN, `valid` is false, its gain is zero, or Sionna's tau
is negative.
"""

import hashlib
import io
import math
import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cscsanet.archives import read_arrays
from cscsanet.channel.mat_files import read_mat
from cscsanet.errors import CscsanetError
from cscsanet.files import check_regular
from cscsanet.parsing import parse_json

Array = npt.NDArray[Any]

DEEPMIMO = ("power", "phase", "delay", "aod_az", "aod_el", "aoa_az", "aoa_el")
SIONNA = ("a", "tau", "theta_t", "phi_t", "theta_r", "phi_r")
_OPTIONAL = {"DeepMIMO": ("doppler", "frequency"), "Sionna RT": ("doppler", "valid", "frequency")}
_FIELDS = frozenset((*DEEPMIMO, *SIONNA, "doppler", "valid", "frequency"))
_PART = re.compile(r"(?P<field>[a-z_]+?)_(?P<link>t\d+_tx\d+_r\d+)")
# Of a file, unpacked, and of its fields in double precision: those of 100 000 positions with 25 paths have 0.15 GB.
_MOST_BYTES = 2**30
_MATLAB_7_3 = (b"MATLAB 7.3", b"\x89HDF")


def fields_of(path: Path) -> tuple[str, dict[str, Array]]:
    """Return whose names a file or folder uses, DeepMIMO or Sionna RT, and its fields (positions, paths).

    The fields are float64, `a` complex128, `valid` bool; frequency has no axes. Values are as they
    stand in the file.

    Raises:
        CscsanetError: nothing is there, it is damaged, of another format, or a field is missing or has
            another kind or shape.
    """
    found = _folder(path) if path.is_dir() else _file(path)
    names = {"DeepMIMO": DEEPMIMO, "Sionna RT": SIONNA}
    present = {
        owner: [name for name in needed if name in found and name != "a"] for owner, needed in names.items()
    }
    if all(present.values()):
        raise CscsanetError(
            f"{path}: holds {present['DeepMIMO'][0]} of DeepMIMO and {present['Sionna RT'][0]} of Sionna RT, whose "
            f"units differ; keep the fields of one"
        )
    owner = "DeepMIMO" if present["DeepMIMO"] else "Sionna RT"
    missing = [name for name in names[owner] if name not in found]
    if missing:
        both = f"{', '.join(DEEPMIMO)} of DeepMIMO, or {', '.join(SIONNA)} of Sionna RT"
        known = f"must hold {both}" if not any(present.values()) else f"add it to the other fields of {owner}"
        raise CscsanetError(f"{path}: {missing[0]}: missing; {known}")
    fields = {
        name: _checked(path, name, found[name])
        for name in (*names[owner], *_OPTIONAL[owner])
        if name in found
    }
    shape = fields[names[owner][0]].shape
    for name, field in fields.items():
        if field.shape != shape and name != "frequency":
            raise CscsanetError(
                f"{path}: {name}: of shape {_shown(field.shape)}, but {names[owner][0]} is {_shown(shape)} (positions, "
                f"paths); save them from one ray tracing"
            )
    return owner, fields


def path_digest(path: Path) -> str:
    """Return the SHA-256 of a file, or of the names and contents of the files that are read of a folder.

    Raises:
        CscsanetError: it cannot be read.
    """
    total = hashlib.sha256()
    try:
        files = sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
        for file in files:
            with file.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
            total.update(f"{file.name} {digest}\n".encode(errors="surrogateescape"))
    except OSError:
        raise CscsanetError(f"{path}: no such file, or it cannot be read; {_REMEDY}") from None
    return total.hexdigest()


_REMEDY = "set channel.file to a .npz or .mat file of paths, or to a folder of a DeepMIMO scenario"


def _folder(folder: Path) -> dict[str, Array]:
    """Return the fields of a DeepMIMO scenario of one transmitter and one set of receivers."""
    parts: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.iterdir()):
        match = _PART.fullmatch(path.stem)
        if match and path.suffix in (".npz", ".mat") and match["field"] in _FIELDS:
            if match["field"] in parts.setdefault(match["link"], {}):
                raise CscsanetError(
                    f"{folder}: {match['field']}: there as .npz and as .mat; remove one of them"
                )
            parts[match["link"]][match["field"]] = path
    if not parts:
        raise CscsanetError(f"{folder}: holds no files like power_t001_tx000_r000.npz; {_REMEDY}")
    if len(parts) > 1:
        raise CscsanetError(
            f"{folder}: holds {len(parts)} pairs of transmitter and receivers, {', '.join(list(parts)[:3])}; put the files of "
            f"one pair, and params.json, in a folder of their own"
        )
    (files,) = parts.values()
    fields = {}
    for name, path in files.items():
        content = _file(path)
        if name not in content:
            raise CscsanetError(f"{path}: {name}: missing; copy the file from the scenario again")
        fields[name] = content[name]
    if (folder / "params.json").is_file():
        fields["frequency"] = _scenario_frequency(folder / "params.json")
    return fields


def _scenario_frequency(path: Path) -> Array:
    try:
        frequency = parse_json(path.read_text(encoding="utf-8"))["rt_params"]["frequency"]
        if isinstance(frequency, bool) or not isinstance(frequency, (int, float)):
            raise TypeError
        return np.array(float(frequency))
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        raise CscsanetError(
            f"{path}: rt_params.frequency: missing, or the file is damaged; copy it from the scenario again"
        ) from None


def _file(path: Path) -> dict[str, Array]:
    """Return the fields of a file that the formats know, as they stand there."""
    try:
        check_regular(path)
        content = path.read_bytes()
    except OSError:
        raise CscsanetError(f"{path}: no such file, or it cannot be read; {_REMEDY}") from None
    if content[:10] in _MATLAB_7_3 or content[:4] in _MATLAB_7_3:
        raise CscsanetError(
            f"{path}: a .mat file of version 7.3 (HDF5), which is not read; save it again in MATLAB by save(..., '-v7')"
        )
    try:
        # What numpy warns of, it did not write itself.
        with warnings.catch_warnings(action="error"):
            fields = (
                read_arrays(io.BytesIO(content), _MOST_BYTES, _FIELDS)
                if content[:2] == b"PK"
                else read_mat(content, _FIELDS, _MOST_BYTES)
            )
    except Exception:  # numpy raises whatever its parser does for a damaged header
        raise CscsanetError(
            f"{path}: damaged, over {_MOST_BYTES} bytes unpacked, or neither .npz nor .mat; {_REMEDY}"
        ) from None
    if 8 * sum(field.size for field in fields.values()) > _MOST_BYTES:
        raise CscsanetError(f"{path}: its fields have over {_MOST_BYTES} bytes; save fewer positions")
    return fields


def _checked(path: Path, name: str, field: Array) -> Array:
    """Return a field of two axes, of the right kind, or one frequency."""
    if name == "frequency":
        if field.size != 1 or field.dtype.kind not in "iuf" or not 0 < float(field.reshape(())) < math.inf:
            raise CscsanetError(f"{path}: frequency: must be one number, the carrier of the ray tracing [Hz]")
        return field.reshape(()).astype(np.float64)
    kinds, says = {
        "a": ("c", "complex; with Sionna RT save a[0].numpy() + 1j * a[1].numpy()"),
        "valid": ("biu", "true and false"),
    }.get(name, ("iuf", "real numbers"))
    if field.dtype.kind not in kinds:
        raise CscsanetError(f"{path}: {name}: of type {field.dtype.name}: must be {says}")
    if field.ndim < 2 or 0 in field.shape or any(length != 1 for length in field.shape[1:-1]):
        raise CscsanetError(
            f"{path}: {name}: of shape {_shown(field.shape)}: must be (positions, paths), of one transmitter with one antenna; "
            f"select one before saving"
        )
    wanted = {"a": np.complex128, "valid": np.bool_}.get(name, np.float64)
    values: Array = field.reshape(field.shape[0], field.shape[-1]).astype(wanted)
    if name != "valid" and bool(np.isinf(values).any()) and not _minus_infinity_is_none(name, values):
        raise CscsanetError(f"{path}: {name}: holds an infinite value; NaN stands for an absent path")
    return values


def _minus_infinity_is_none(name: str, values: Array) -> bool:
    """Return whether the infinite values are powers of zero in dBW."""
    return name == "power" and not bool(np.isposinf(values).any())


def _shown(shape: Iterable[int]) -> str:
    """Return a shape as text.

    >>> _shown((3, 2))
    '(3, 2)'
    """
    return f"({', '.join(str(length) for length in shape)})"
