"""One unit in ONNX Runtime: loading, checking against its metadata, and running."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from cscsanet.errors import CscsanetError
from cscsanet.stations.metadata import BATCH, TensorSpec, UnitInfo, read_info

Array = NDArray[Any]
Feeds = Mapping[str, Array]  # inputs by name
Shape = Sequence[int | str | None]  # of a graph: lengths, names of free axes, or nothing
Tensors = Mapping[str, tuple[str | None, Shape]]  # types and shapes by name
_DTYPES = {"tensor(float)": "float32", "tensor(int64)": "int64", "tensor(uint8)": "uint8"}


class Unit:
    """A loaded unit; see `load_unit`. info: its metadata; path: its file, for messages."""

    def __init__(self, session: onnxruntime.InferenceSession, info: UnitInfo, path: Path) -> None:
        self.session = session
        self.info = info
        self.path = path

    def __call__(self, **feeds: Array) -> dict[str, Array]:
        """Run the unit on inputs by name, and return its outputs by name.

        Raises:
            CscsanetError: an input is missing, unknown, of another shape or type, or holds NaN or infinity;
                or the graph is damaged.
        """
        self._check(feeds)
        names = list(self.info.outputs)
        try:
            outputs = dict(zip(names, self.session.run(names, feeds), strict=True))
        # The errors of ONNX Runtime have no common base class but Exception.
        except Exception as error:
            raise CscsanetError(
                f"{self.path}: cannot be run ({_reason(error)}); export the scheme to write it again"
            ) from None
        for name, spec in self.info.outputs.items():
            if not _fits(outputs[name], spec):
                raise CscsanetError(
                    f"{self.path}: '{name}' became {outputs[name].dtype} {_format(outputs[name].shape)} instead of "
                    f"{spec.dtype} {_format(spec.shape)}; export the scheme to write it again"
                )
        return outputs

    def _check(self, feeds: Feeds) -> None:
        for name in sorted(set(feeds) ^ set(self.info.inputs)):
            fault = "is not an input" if name in feeds else "is missing"
            raise CscsanetError(f"{self.path}: '{name}' {fault}; it takes {', '.join(self.info.inputs)}")
        batches = set()
        for name, spec in self.info.inputs.items():
            value = feeds[name]
            if not _fits(value, spec):
                raise CscsanetError(
                    f"{self.path}: '{name}' is {value.dtype} {_format(value.shape)}, and must be {spec.dtype} "
                    f"{_format(spec.shape)} ({spec.unit})"
                )
            if value.dtype.kind == "f" and not np.isfinite(value).all():
                raise CscsanetError(
                    f"{self.path}: '{name}' holds NaN or infinite samples; check what was received"
                )
            if BATCH in spec.shape:
                batches.add(len(value))
        if len(batches) > 1:
            raise CscsanetError(
                f"{self.path}: inputs have {' and '.join(map(str, sorted(batches)))} drops; give all the same number"
            )


def load_unit(path: Path, unit: str, scheme: str | None = None, threads: int = 1) -> Unit:
    """Load a unit, and check that the file holds the requested one.

    unit, scheme: the names that it was exported under; None: any scheme. threads: CPU threads of its session.

    Raises:
        CscsanetError: the file is missing, is not ONNX, is not of this project, holds another unit, or a graph
            that does not fit its metadata.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Errors are raised; ONNX Runtime would also print them.
    options.log_severity_level = 4
    if not path.is_file():
        raise CscsanetError(f"{path}: no such unit; export the scheme to make it")
    try:
        # The fallback would try the same again, and print why.
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"], enable_fallback=0
        )
        metadata = session.get_modelmeta().custom_metadata_map
        graph = {"inputs": _tensors(session.get_inputs()), "outputs": _tensors(session.get_outputs())}
    # The errors of ONNX Runtime have no common base class but Exception.
    except Exception as error:
        raise CscsanetError(
            f"{path}: cannot be loaded as ONNX ({_reason(error)}); export the scheme to write it again"
        ) from None
    info = read_info(metadata, str(path))
    if info.unit != unit or scheme not in (None, info.scheme):
        expected = f"{unit} of {scheme}" if scheme else unit
        raise CscsanetError(
            f"{path}: holds {info.unit} of {info.scheme} instead of {expected}; give the file of {expected}, or "
            "export the scheme to write all units again"
        )
    _check_graph(graph, info, path)
    return Unit(session, info, path)


def _tensors(values: Sequence[Any]) -> Tensors:
    """Return type and shape of each input or output of a graph."""
    return {value.name: (_DTYPES.get(value.type), value.shape) for value in values}


def _check_graph(graph: Mapping[str, Tensors], info: UnitInfo, path: Path) -> None:
    """Check that inputs and outputs of the graph are those that the metadata state."""
    for kind, specs in (("inputs", info.inputs), ("outputs", info.outputs)):
        shapes = graph[kind]
        if shapes.keys() != specs.keys():
            raise CscsanetError(
                f"{path}: its graph has the {kind} {', '.join(shapes) or 'none'}, and its metadata "
                f"{', '.join(specs) or 'none'}; export the scheme to write it again"
            )
        for name, spec in specs.items():
            dtype, shape = shapes[name]
            if dtype != spec.dtype or not _agree(shape, spec.shape):
                raise CscsanetError(
                    f"{path}: '{name}' is {dtype} {_format(shape)} in its graph, and {spec.dtype} "
                    f"{_format(spec.shape)} in its metadata; export the scheme to write it again"
                )


def _agree(graph: Shape, stated: Sequence[int | str]) -> bool:
    """Whether every length that the graph fixes is the stated one; the batch is free."""
    return len(graph) == len(stated) and all(
        length == other for length, other in zip(graph, stated, strict=True) if isinstance(length, int)
    )


def _fits(value: Array, spec: TensorSpec) -> bool:
    if value.dtype != np.dtype(spec.dtype) or value.ndim != len(spec.shape):
        return False
    return all(
        actual == length or (length == BATCH and actual > 0)
        for actual, length in zip(value.shape, spec.shape, strict=True)
    )


def _format(shape: Shape) -> str:
    return "(" + ", ".join(map(str, shape)) + ")"


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
