"""One measurement as one file: a scheme at one operating point, with the counts of every image.

With the counts, any two measurements can be compared image by image, without the models.
"""

import json
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from cscsanet.archives import read_arrays
from cscsanet.channel.dataset import PARTS
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params, digest
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.measure import Outcome
from cscsanet.files import write_by_rename
from cscsanet.parsing import parse_json
from cscsanet.scenes.layout import Part
from cscsanet.workflow.workspace import Workspace

SUFFIX = ".npz"
_MOST_BYTES = 2**32  # of a file, unpacked: the masks of 14 000 frames of 480 x 640
_NO_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP file can hold


class DataDigests(NamedTuple):
    """Digests (SHA-256) of what a scheme was measured on; results of other data are not comparable.

    scenes, split: of the frames and their split. drops, channel: of the channel drops and of the
    section `channel`; None for a scheme without a channel.
    """

    scenes: str
    split: str
    drops: str | None
    channel: str | None

    def differing(self, other: "DataDigests") -> list[str]:
        """Return the names of what differs; without a channel on one side, drops do not count."""
        pairs = zip(self._fields, self, other, strict=True)
        return [name for name, mine, theirs in pairs if None not in (mine, theirs) and mine != theirs]


@dataclass(frozen=True)
class Measurement:
    """One scheme at one operating point.

    repeat: None for the pipeline's training, else the name of a repeated training.
    model: digest of the weights. key: digest of everything that the outcome depends on.
    names: of the images, in the order of the counts.
    sequences: the driving sequence of each image.
    data: digests of what was measured on.
    """

    scheme: str
    repeat: str | None
    model: str
    split: str
    point: OperatingPoint
    seed: int
    key: str
    names: tuple[str, ...]
    sequences: tuple[str, ...]
    data: "DataDigests"
    outcome: Outcome


def data_digests(workspace: Workspace, params: Params, part: Part, *, over_air: bool) -> DataDigests:
    """Return the digests of what a scheme is measured on. over_air: whether it has a channel."""
    scenes = workspace.scene_digests()
    channel = params.channel.model_dump(mode="json", exclude={f"{each}_drops" for each in PARTS})
    return DataDigests(
        scenes["scenes"],
        scenes["split"],
        workspace.drop_digests(part)[f"channels_{part}"] if over_air else None,
        digest(channel) if over_air else None,
    )


def measurement_path(folder: Path, scheme: str, repeat: str | None, point: OperatingPoint) -> Path:
    """Return the file of a measurement in a folder of measurements."""
    subfolder = scheme if repeat is None else f"{scheme}@{repeat}"
    return folder / subfolder / f"{point.slug}{SUFFIX}"


def write_measurement(path: Path, measurement: Measurement) -> None:
    """Write one measurement by rename; equal content gives equal bytes."""
    outcome = measurement.outcome
    about = {
        "scheme": measurement.scheme,
        "repeat": measurement.repeat,
        "model": measurement.model,
        "split": measurement.split,
        "point": vars(measurement.point),
        "seed": measurement.seed,
        "key": measurement.key,
        "names": measurement.names,
        "sequences": measurement.sequences,
        "data": measurement.data._asdict(),
        "se_per_ue": outcome.se_per_ue,
        "budget": outcome.budget,
    }
    arrays = {
        "about": np.array(json.dumps(about)),
        "confusions": outcome.confusions.numpy().astype(np.int32),
    }
    if outcome.masks is not None:
        arrays["masks"] = outcome.masks.numpy()

    def write(partial: Path) -> None:
        # Not numpy.savez_compressed, which writes the time of day into the file.
        with zipfile.ZipFile(partial, "w") as archive:
            for name, array in arrays.items():
                entry = zipfile.ZipInfo(f"{name}.npy", _NO_DATE)
                entry.compress_type = zipfile.ZIP_DEFLATED
                with archive.open(entry, "w") as file:
                    np.lib.format.write_array(file, array, allow_pickle=False)

    write_by_rename(path, write)


def read_measurement(path: Path) -> Measurement:
    """Read one measurement.

    Raises:
        CscsanetError: the file is missing, or is not a measurement.
    """
    try:
        # What numpy warns of, this project did not write.
        with (
            warnings.catch_warnings(action="error"),
            path.open("rb") as file,
        ):
            content = read_arrays(file, _MOST_BYTES)
            # numpy takes any four bytes for a letter, Python does not.
            about = parse_json(str(content["about"]).encode("utf-8").decode("utf-8"))
            if not isinstance(about["names"], list) or not isinstance(about["sequences"], list):
                raise TypeError
            _check_arrays(content, about["names"])
            confusions = torch.from_numpy(content["confusions"].astype(np.int64))
            masks = torch.from_numpy(content["masks"]) if "masks" in content else None
        se_per_ue = about["se_per_ue"]
        measurement = Measurement(
            scheme=about["scheme"],
            repeat=about["repeat"],
            model=about["model"],
            split=about["split"],
            point=OperatingPoint(**about["point"]),
            seed=about["seed"],
            key=about["key"],
            names=tuple(about["names"]),
            sequences=tuple(about["sequences"]),
            data=DataDigests(**about["data"]),
            outcome=Outcome(
                confusions, None if se_per_ue is None else tuple(se_per_ue), masks, about["budget"]
            ),
        )
        _check(measurement)
        return measurement
    except FileNotFoundError:
        raise CscsanetError(f"{path}: no such measurement; run 'dvc repro' to make it") from None
    except Exception:  # zipfile, zlib and numpy raise a dozen types for damaged files.
        raise CscsanetError(
            f"{path}: not a measurement, damaged, or of an earlier version; remove it and run 'dvc repro' to make it again"
        ) from None


def _check_arrays(arrays: Mapping[str, NDArray[Any]], names: Sequence[str]) -> None:
    """Raise if an array is of another type or shape than `write_measurement` writes."""
    counts, masks = arrays["confusions"], arrays.get("masks")
    classes = max(1, counts.shape[-1])
    wanted = (len(names), max(1, counts.shape[1]), classes, classes)
    if counts.dtype.kind != "i" or counts.shape != wanted or (counts < 0).any():
        raise ValueError
    if masks is not None and (masks.dtype != np.uint8 or masks.ndim != 3 or len(masks) != len(names)):
        raise ValueError


def _check(measurement: Measurement) -> None:
    """Raise if a value is of another type than `write_measurement` writes."""
    point, outcome = measurement.point, measurement.outcome
    texts = (measurement.scheme, measurement.model, measurement.split, measurement.key)
    frames = (*measurement.names, *measurement.sequences)
    digests = (measurement.data.scenes, measurement.data.split)
    of_channel = (measurement.data.drops or "", measurement.data.channel or "")
    counts = (measurement.seed, point.csirs_symbols, point.feedback_bits, point.data_symbols)
    numbers = (point.snr_db, *(outcome.se_per_ue or ()))
    # By `type`, as a bool is an int, too.
    if (
        not all(
            isinstance(text, str)
            for text in (*texts, *frames, *digests, *of_channel, measurement.repeat or "")
        )
        or not all(type(count) is int for count in counts)
        or not all(type(number) in (int, float) for number in numbers)
        or not isinstance(outcome.budget, dict | None)
        or len(measurement.names) != len(measurement.sequences)
    ):
        raise TypeError
