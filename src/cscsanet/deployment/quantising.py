"""An ONNX file in 8-bit integers: dynamic, where only weights are stored so, or static, where activations are, too.

Static quantisation inserts pairs of QuantizeLinear and DequantizeLinear (QDQ) whose ranges come from inputs that are shown to
it: validation inputs, never those that are reported on. Weights keep to 7 of the 8 bits, since processors without
instructions for neural networks (VNNI) add two products in 16 bits, which full range would saturate. What int8 costs is for
the caller to measure, on the model's own task: see `loss_of_quality`.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
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

Feeds = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class QualityLoss:
    """What a figure of merit was with the file in float, and with the file in int8; loss: their difference."""

    full: float
    quantised: float

    @property
    def loss(self) -> float:
        """How much is lost; negative where int8 happens to be better."""
        return self.full - self.quantised


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


def loss_of_quality(full: Path, quantised: Path, quality: Callable[[Path], float]) -> QualityLoss:
    """Measure both files by the caller's figure of merit, such as the mIoU of a scheme with this file as one of its units.

    quality: from a file; it is to draw the same images, channels and noise at every call.
    """
    return QualityLoss(quality(full), quality(quantised))


class _Calibration(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, feeds: Iterable[Feeds]) -> None:
        self.feeds: Iterator[Feeds] = iter(feeds)

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        """Return the next inputs, or None at the end."""
        found = next(self.feeds, None)
        return None if found is None else dict(found)


def _prepared(source: Path, folder: Path) -> Path:
    """Write the file with its shapes inferred and constants folded, as quantisation wants it."""
    prepared = folder / source.name
    # Loaded whole, since weights may lie in a file beside it.
    quant_pre_process(onnx.load(source), prepared, skip_symbolic_shape=True)
    return prepared
