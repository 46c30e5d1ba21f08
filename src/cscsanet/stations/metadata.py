"""The metadata of a unit: what its ONNX file states, and how it is checked.

A unit is one ONNX graph: one network of one station of one scheme. Its `metadata_props` hold, each as JSON:

    format        version of these metadata
    scheme, unit  the scheme, and the name of the network
    params        the sections of params.yaml that determine its shapes and its channel
    weights       SHA-256 of the trained weights; origin: the run that trained them
    capacity      the largest L, B and Q
    snr_db        [lowest, highest] SNR of the training [dB]
    inputs, outputs   name -> {shape, dtype, unit}; the axis "batch" may have any length
    opset, parameters

This module imports no PyTorch.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cscsanet.config.operating_point import Capacity, OperatingPoint
from cscsanet.config.scenes.classes import ClassList
from cscsanet.config.scenes.section import classes_of
from cscsanet.config.system import ChannelParams
from cscsanet.errors import CscsanetError
from cscsanet.parsing import parse_json

FORMAT = 2
PREFIX = "cscsanet."
BATCH = "batch"
DTYPES = ("float32", "int64", "uint8")  # of inputs and outputs
CSIRS = "csirs"  # the unit that holds the CSI-RS, which both ends use


@dataclass(frozen=True)
class TensorSpec:
    """One input or output of a unit. shape: lengths, or names of free axes; unit: meaning and physical unit."""

    shape: tuple[int | str, ...]
    dtype: str
    unit: str


@dataclass(frozen=True)
class UnitInfo:
    """The metadata of a unit."""

    scheme: str
    unit: str
    params: Mapping[str, Any]
    weights: str
    origin: Mapping[str, Any]
    capacity: Capacity
    snr_db: tuple[float, float]
    inputs: Mapping[str, TensorSpec]
    outputs: Mapping[str, TensorSpec]
    opset: int
    parameters: int

    @property
    def channel(self) -> ChannelParams:
        """The channel that the unit was trained for."""
        return ChannelParams.model_validate(self.params["channel"], strict=True)

    @property
    def classes(self) -> ClassList:
        """The classes that the unit was trained for; MFNet's in units of earlier versions."""
        return classes_of(self.params["scenes"].get("classes", "mfnet"))

    def serves(self, point: OperatingPoint) -> OperatingPoint:
        """Return the point if it is within the capacity of the unit.

        Raises:
            CscsanetError: L, B or Q is beyond the capacity.
        """
        return point.within(self.capacity)

    def metadata(self) -> dict[str, str]:
        """Return the entries of `metadata_props`."""
        content = {"format": FORMAT, **asdict(self)}
        return {PREFIX + key: json.dumps(value, sort_keys=True) for key, value in content.items()}


def read_info(metadata: Mapping[str, str], source: str) -> UnitInfo:
    """Read the metadata of a unit; source: its name in messages.

    Raises:
        CscsanetError: the file is no unit of this project, or of another version of the metadata.
    """
    if PREFIX + "format" not in metadata:
        raise CscsanetError(f"{source}: not a unit of this project; export the scheme to make one")
    try:
        # The BS power offset in `params` may be infinite.
        content = {
            key: parse_json(metadata[PREFIX + key], infinite=key == "params")
            for key in ("format", *UnitInfo.__annotations__)
        }
        written = content.pop("format")
        if type(written) is not int or written != FORMAT:
            raise CscsanetError(
                f"{source}: written as format {metadata[PREFIX + 'format']}, and this is {FORMAT}; "
                f"export the scheme to write it again"
            )
        info = UnitInfo(
            **{
                **content,
                "capacity": Capacity(**content["capacity"]),
                "snr_db": tuple(content["snr_db"]),
                "inputs": _specs(content["inputs"]),
                "outputs": _specs(content["outputs"]),
            }
        )
        _check(info)
        return info
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise CscsanetError(
            f"{source}: its metadata are damaged ({reason}); export the scheme to write it again"
        ) from None


def _specs(content: Mapping[str, Mapping[str, Any]]) -> dict[str, TensorSpec]:
    specs = {name: TensorSpec(**{**spec, "shape": tuple(spec["shape"])}) for name, spec in content.items()}
    for name, spec in specs.items():
        lengths = [length for length in spec.shape if length != BATCH]
        if not _are_counts(lengths) or spec.dtype not in DTYPES or not isinstance(spec.unit, str):
            raise ValueError(f"{name} is of no shape, type or unit")
    return specs


def _check(info: UnitInfo) -> None:
    """Raise if a value is of another type or range than `export` writes."""
    texts = (info.scheme, info.unit, info.weights, *(info.origin.get(key, "") for key in ("stage", "commit")))
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("scheme, unit, weights, stage and commit are texts")
    counts = (
        *vars(info.capacity).values(),
        info.opset,
        *(info.params["scenes"][side] for side in ("height", "width")),
    )
    if not _are_counts(counts) or type(info.parameters) is not int or info.parameters < 0:
        raise TypeError("capacity, opset, parameters, height and width are counts")
    low, high = info.snr_db
    numbers = all(type(bound) in (int, float) and math.isfinite(bound) for bound in (low, high))
    if not numbers or low > high:
        raise ValueError("snr_db is no range")
    # Raises if these are no parameters of a channel.
    info.channel  # noqa: B018
    logits = info.outputs.get("logits")
    if logits and (len(logits.shape) < 2 or logits.shape[1] != len(info.classes)):
        raise ValueError("its logits are of another number of classes than it names")


def _are_counts(values: Iterable[Any]) -> bool:
    # A bool is an int, too.
    return all(type(value) is int and value > 0 for value in values)
