"""What was measured at one point, with the counts of every image, as one file.

The counts let any two measurements be compared image by image, long after the models are gone.
"""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from cscsanet.errors import CscsanetError
from cscsanet.evaluation.measure import Outcome
from cscsanet.files import write_by_rename
from cscsanet.points import OperatingPoint

SUFFIX = ".npz"
_NO_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Measurement:
    """One scheme at one operating point.

    repeat: None for the pipeline's own training. model: digest of the weights. key: digest of all that the outcome depends on.
    names: of the images, in the order of the counts; sequences: which of them stand together, a name for each image.
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
    outcome: Outcome


def point_name(point: OperatingPoint) -> str:
    """Return the name of a point, as files and repeats carry it."""
    return f"snr{point.snr_db:g}-L{point.csirs_symbols}-B{point.feedback_bits}-Q{point.data_symbols}"


def measurement_path(folder: Path, scheme: str, repeat: str | None, point: OperatingPoint) -> Path:
    """Where a measurement lies in a folder of them."""
    own = folder / (scheme if repeat is None else f"{scheme}@{repeat}")
    return own / f"{point_name(point)}{SUFFIX}"


def write_measurement(path: Path, measurement: Measurement) -> None:
    """Write one measurement; the file appears by rename."""
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
        "se_per_ue": outcome.se_per_ue,
    }

    arrays = {
        "about": np.array(json.dumps(about)),
        "confusions": outcome.confusions.numpy().astype(np.int32),
    }

    def write(partial: Path) -> None:
        # As numpy.savez_compressed, which would put the time of day into the file: equal content gives equal bytes.
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
        CscsanetError: it is missing, or is none.
    """
    try:
        with np.load(path, allow_pickle=False) as content:
            about = json.loads(str(content["about"]))
            confusions = torch.from_numpy(content["confusions"].astype(np.int64))
        efficiency = about["se_per_ue"]
        return Measurement(
            scheme=about["scheme"],
            repeat=about["repeat"],
            model=about["model"],
            split=about["split"],
            point=OperatingPoint(**about["point"]),
            seed=about["seed"],
            key=about["key"],
            names=tuple(about["names"]),
            sequences=tuple(about["sequences"]),
            outcome=Outcome(confusions, None if efficiency is None else tuple(efficiency)),
        )
    except FileNotFoundError:
        raise CscsanetError(f"{path}: no such measurement; run 'dvc repro' to make it") from None
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        raise CscsanetError(
            f"{path}: not a measurement, or damaged; remove it and run 'dvc repro' to make it again"
        ) from None
