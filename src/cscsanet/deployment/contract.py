"""What a unit says of itself: the metadata of an ONNX file, and what is checked against it.

A unit is one ONNX graph: a network of one station of one scheme. Its `metadata_props` hold, each as JSON:

    format        version of this contract
    scheme, unit  which network of which scheme
    params        the sections of params.yaml that shape it
    weights       SHA-256 of the trained weights; origin: what they came from
    capacity      the largest L, B and Q
    snr_db        [lowest, highest] of the training [dB]
    inputs, outputs   name -> {shape, dtype, unit}; the axis "batch" may have any length
    opset, parameters

Nothing here imports PyTorch.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cscsanet.errors import CscsanetError
from cscsanet.params import ChannelParams
from cscsanet.points import Capacity, OperatingPoint

FORMAT = 1
PREFIX = "cscsanet."
BATCH = "batch"
MODALITIES = ("rgb", "thermal")
CSIRS = "csirs"  # the unit of what both ends know


@dataclass(frozen=True)
class Port:
    """One input or output of a unit. shape: lengths, or names of free axes; unit: what it is and in which unit."""

    shape: tuple[int | str, ...]
    dtype: str
    unit: str


@dataclass(frozen=True)
class UnitInfo:
    """All that a unit says of itself."""

    scheme: str
    unit: str
    params: Mapping[str, Any]
    weights: str
    origin: Mapping[str, Any]
    capacity: Capacity
    snr_db: tuple[float, float]
    inputs: Mapping[str, Port]
    outputs: Mapping[str, Port]
    opset: int
    parameters: int

    @property
    def channel(self) -> ChannelParams:
        """The air that the unit was trained for."""
        return ChannelParams.model_validate(self.params["channel"])

    def serves(self, point: OperatingPoint) -> OperatingPoint:
        """Return the point, if the unit was built for one as large.

        Raises:
            CscsanetError: L, B or Q is beyond the capacity.
        """
        return point.within(self.capacity)

    def metadata(self) -> dict[str, str]:
        """Return the entries of `metadata_props`."""
        content = {"format": FORMAT, **asdict(self)}
        return {PREFIX + key: json.dumps(value, sort_keys=True) for key, value in content.items()}


def read_info(metadata: Mapping[str, str], source: str) -> UnitInfo:
    """Read what a unit says of itself; source: how a message names it.

    Raises:
        CscsanetError: it is no unit of this project, or of another version of this contract.
    """
    if PREFIX + "format" not in metadata:
        raise CscsanetError(f"{source}: not a unit of this project; export the scheme to make one")
    try:
        content = {key: json.loads(metadata[PREFIX + key]) for key in ("format", *UnitInfo.__annotations__)}
        if content.pop("format") != FORMAT:
            raise CscsanetError(
                f"{source}: written as format {metadata[PREFIX + 'format']}, and this is {FORMAT}; "
                f"export the scheme to make it anew"
            )
        return UnitInfo(
            **{
                **content,
                "capacity": Capacity(**content["capacity"]),
                "snr_db": tuple(content["snr_db"]),
                "inputs": _ports(content["inputs"]),
                "outputs": _ports(content["outputs"]),
            }
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CscsanetError(
            f"{source}: its metadata are damaged ({error}); export the scheme to make it anew"
        ) from None


def _ports(content: Mapping[str, Mapping[str, Any]]) -> dict[str, Port]:
    return {name: Port(tuple(port["shape"]), port["dtype"], port["unit"]) for name, port in content.items()}
