"""An ONNX file in 8-bit integers: dynamic, where only weights are stored so, or static, where activations are, too.

Static quantisation inserts pairs of QuantizeLinear and DequantizeLinear (QDQ) whose ranges come from inputs that are shown to
it: validation inputs, never those that are reported on. Weights keep to 7 of the 8 bits, since processors without
instructions for neural networks (VNNI) add two products in 16 bits, which full range would saturate. What int8 costs is for
the caller to measure, on the model's own task: `pipeline/latency` does, over the whole chain.
"""

import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from cscsanet.deployment.session import Feeds

WAYS = ("dynamic", "static")


def quantised_scheme(
    source: Path, target: Path, units: Collection[str], way: str, calibration: Mapping[str, Sequence[Feeds]]
) -> None:
    """Write all units of a scheme's folder into another, some of them in int8.

    units: names of these. way: one of WAYS; calibration: inputs of each of them, by its name, for static.
    """
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.glob("*.onnx")):
        own = target / path.name
        if path.stem not in units:
            shutil.copy(path, own)
            continue
        if way == "dynamic":
            quantised_dynamic(path, own)
        else:
            quantised_static(path, own, calibration[path.stem])
        # A quantised graph is a new one, and says nothing of itself.
        model, told = onnx.load(own), onnx.load(path).metadata_props
        onnx.helper.set_model_props(model, {entry.key: entry.value for entry in told})
        onnx.save(model, own)


def quantised_dynamic(source: Path, target: Path) -> Path:
    """Write a file whose products of matrices have int8 weights and take their activations' range anew at every call."""
    with tempfile.TemporaryDirectory() as folder:
        quantize_dynamic(
            _prepared(source, Path(folder)),
            target,
            weight_type=QuantType.QInt8,
            reduce_range=True,
            # Convolutions of integers have no fast kernel with ranges of the moment.
            op_types_to_quantize=["MatMul", "Gemm"],
            extra_options={"MatMulConstBOnly": True},
        )
    return target


def quantised_static(source: Path, target: Path, calibration: Iterable[Feeds]) -> Path:
    """Write a QDQ file: int8 weights for each output channel, uint8 activations; calibration: inputs by name."""
    with tempfile.TemporaryDirectory() as folder:
        quantize_static(
            _prepared(source, Path(folder)),
            target,
            _Calibration(calibration),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "MatMul", "Gemm"],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            reduce_range=True,
        )
    return target


class _Calibration(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, feeds: Iterable[Feeds]) -> None:
        self.feeds: Iterator[Feeds] = iter(feeds)

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        """Return the next inputs, or None at the end."""
        found = next(self.feeds, None)
        return None if found is None else dict(found)


def _prepared(source: Path, folder: Path) -> Path:
    """Write the file with its shapes inferred and constants folded, as quantisation wants it."""
    whole, prepared = folder / "whole.onnx", folder / source.name
    # Saved whole, since weights may lie in a file beside it.
    onnx.save(onnx.load(source), whole)
    quant_pre_process(whole, prepared, skip_symbolic_shape=True)
    return prepared
