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
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cscsanet.config.operating_point import Capacity, OperatingPoint
from cscsanet.config.system import ChannelParams
from cscsanet.errors import CscsanetError

FORMAT = 2
PREFIX = "cscsanet."
BATCH = "batch"
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
        return ChannelParams.model_validate(self.params["channel"])

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
        content = {key: json.loads(metadata[PREFIX + key]) for key in ("format", *UnitInfo.__annotations__)}
        if content.pop("format") != FORMAT:
            raise CscsanetError(
                f"{source}: written as format {metadata[PREFIX + 'format']}, and this is {FORMAT}; "
                f"export the scheme to write it again"
            )
        return UnitInfo(
            **{
                **content,
                "capacity": Capacity(**content["capacity"]),
                "snr_db": tuple(content["snr_db"]),
                "inputs": _specs(content["inputs"]),
                "outputs": _specs(content["outputs"]),
            }
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CscsanetError(
            f"{source}: its metadata are damaged ({error}); export the scheme to write it again"
        ) from None


def _specs(content: Mapping[str, Mapping[str, Any]]) -> dict[str, TensorSpec]:
    return {
        name: TensorSpec(tuple(spec["shape"]), spec["dtype"], spec["unit"]) for name, spec in content.items()
    }
