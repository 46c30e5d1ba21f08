"""One unit in ONNX Runtime: loaded, checked against what it says of itself, and run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from cscsanet.deployment.contract import BATCH, Port, UnitInfo, read_info
from cscsanet.errors import CscsanetError

Array = NDArray[Any]
Feeds = Mapping[str, Array]  # inputs by name


class Unit:
    """A loaded unit; made by `load_unit`.

    info: what it says of itself; path: where it came from.
    """

    def __init__(self, session: onnxruntime.InferenceSession, info: UnitInfo, path: Path) -> None:
        self.session = session
        self.info = info
        self.path = path

    def __call__(self, **feeds: Array) -> dict[str, Array]:
        """Run the unit; feeds and result by the names of its inputs and outputs.

        Raises:
            CscsanetError: an input is missing, unknown, of another shape or type, or holds NaN or infinity.
        """
        self._check(feeds)
        names = list(self.info.outputs)
        return dict(zip(names, self.session.run(names, feeds), strict=True))

    def _check(self, feeds: Feeds) -> None:
        for name in sorted(set(feeds) ^ set(self.info.inputs)):
            fault = "is not an input" if name in feeds else "is missing"
            raise CscsanetError(f"{self.path}: '{name}' {fault}; it takes {', '.join(self.info.inputs)}")
        batches = set()
        for name, port in self.info.inputs.items():
            value = feeds[name]
            if not _fits(value, port):
                raise CscsanetError(
                    f"{self.path}: '{name}' is {value.dtype} {_size(value.shape)}, and must be {port.dtype} "
                    f"{_size(port.shape)} ({port.unit})"
                )
            if value.dtype.kind == "f" and not np.isfinite(value).all():
                raise CscsanetError(
                    f"{self.path}: '{name}' holds NaN or infinite samples; check what was received"
                )
            if BATCH in port.shape:
                batches.add(len(value))
        if len(batches) > 1:
            raise CscsanetError(
                f"{self.path}: inputs have {' and '.join(map(str, sorted(batches)))} drops; give all the same"
            )


def load_unit(path: Path, unit: str, scheme: str | None = None, threads: int = 1) -> Unit:
    """Load a unit and check that it is the one that is wanted.

    unit, scheme: as what it must have been exported; None: any scheme. threads: CPU threads of its own.

    Raises:
        CscsanetError: the file is missing, is no ONNX, is not of this project, or is another unit.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    if not path.is_file():
        raise CscsanetError(f"{path}: no such unit; export the scheme to make it")
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    # The runtime's errors have no common ancestor of their own.
    except Exception as error:
        raise CscsanetError(
            f"{path}: cannot be loaded as ONNX ({_reason(error)}); export the scheme to make it anew"
        ) from None
    info = read_info(session.get_modelmeta().custom_metadata_map, str(path))
    if info.unit != unit or scheme not in (None, info.scheme):
        wanted = f"{unit} of {scheme}" if scheme else unit
        raise CscsanetError(f"{path}: is {info.unit} of {info.scheme}, and {wanted} is wanted; name its file")
    return Unit(session, info, path)


def _fits(value: Array, port: Port) -> bool:
    if value.dtype != np.dtype(port.dtype) or value.ndim != len(port.shape):
        return False
    return all(
        length == wanted or (wanted == BATCH and length > 0)
        for length, wanted in zip(value.shape, port.shape, strict=True)
    )


def _size(shape: tuple[int | str, ...]) -> str:
    return "(" + ", ".join(map(str, shape)) + ")"


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
