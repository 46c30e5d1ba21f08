"""Units in 8-bit integers, and the inputs that static quantisation needs.

Dynamic quantisation stores only weights in int8; static quantisation stores activations, too. Static
quantisation inserts pairs of QuantizeLinear and DequantizeLinear (QDQ), whose ranges come from recorded
inputs (`recorded_feeds`): those of validation images, never of the images that results are reported on.
Weights use 7 of the 8 bits, because processors without instructions for neural networks (VNNI) add two
products in 16 bits, which full range would saturate. The loss of quality is measured on the task, over the
whole chain (`latency.py`).
"""

import math
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import Tensor

from cscsanet.channel.paths import PathDrops
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.system import ChannelParams
from cscsanet.stations.chain import Chain, Noise
from cscsanet.stations.session import Array, Feeds, Unit

Mode = Literal["dynamic", "static"]
MODES: tuple[Mode, ...] = get_args(Mode)
# Last entry of the seed of recorded transmissions; measured transmissions have none, hence other noise.
_RECORDING = 1


def quantise_scheme(
    source: Path, target: Path, units: Collection[str], mode: Mode, calibration: Mapping[str, Sequence[Feeds]]
) -> None:
    """Write all units of a scheme's folder into another folder, some of them in int8.

    units: names of the units to quantise. calibration: inputs of each of them, by its name; used by static.
    """
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.glob("*.onnx")):
        copy = target / path.name
        if path.stem not in units:
            shutil.copy(path, copy)
            continue
        if mode == "dynamic":
            quantise_dynamic(path, copy)
        else:
            quantise_static(path, copy, calibration[path.stem])
        # Quantisation drops the metadata.
        model, metadata = onnx.load(copy), onnx.load(path).metadata_props
        onnx.helper.set_model_props(model, {entry.key: entry.value for entry in metadata})
        onnx.save(model, copy)


def quantise_dynamic(source: Path, target: Path) -> Path:
    """Write a file whose matrix products have int8 weights, and find the activations' ranges at every call."""
    with tempfile.TemporaryDirectory() as folder:
        quantize_dynamic(
            _preprocessed(source, Path(folder)),
            target,
            weight_type=QuantType.QInt8,
            reduce_range=True,
            # There is no fast kernel for integer convolutions with ranges found at every call.
            op_types_to_quantize=["MatMul", "Gemm"],
            extra_options={"MatMulConstBOnly": True},
        )
    return target


def quantise_static(source: Path, target: Path, calibration: Iterable[Feeds]) -> Path:
    """Write a QDQ file: int8 weights per output channel, uint8 activations; calibration: inputs by name."""
    with tempfile.TemporaryDirectory() as folder:
        quantize_static(
            _preprocessed(source, Path(folder)),
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
        feeds = next(self.feeds, None)
        return None if feeds is None else dict(feeds)


def _preprocessed(source: Path, folder: Path) -> Path:
    """Write the file with inferred shapes and folded constants, which quantisation requires."""
    complete, preprocessed = folder / "complete.onnx", folder / source.name
    # Saved as one file, since the source's weights may be stored beside it.
    onnx.save(onnx.load(source), complete)
    quant_pre_process(complete, preprocessed, skip_symbolic_shape=True)
    return preprocessed


def recorded_feeds(
    chain: Chain,
    images: NDArray[np.float32],
    paths: PathDrops,
    points: Sequence[OperatingPoint],
    seed: int,
    batch: int = 8,
) -> dict[str, list[Feeds]]:
    """Transmit images, and return the inputs of each unit by its name: one entry per batch of images.

    chain: of stations in this process; it is unchanged afterwards. images: (N, 4, H, W) in [0, 1].
    paths: N drops. Successive batches are sent at successive points, cyclically.
    """
    stations: list[tuple[Any, str]] = [
        *((ue, attribute) for ue in chain.ues for attribute in ("csi", "transmitter")),
        (chain.bs, "csi"),
        (chain.bs, "receiver"),
    ]
    units: list[Unit] = [getattr(station, attribute) for station, attribute in stations]
    recorders = [_RecordingUnit(unit) for unit in units]
    for (station, attribute), recorder in zip(stations, recorders, strict=True):
        setattr(station, attribute, recorder)
    try:
        for number, start in enumerate(range(0, len(images), batch)):
            chosen = slice(start, start + batch)
            point = points[number % len(points)]
            received_logits(chain, images[chosen], paths[chosen], point, (seed, number, _RECORDING))
    finally:
        for (station, attribute), unit in zip(stations, units, strict=True):
            setattr(station, attribute, unit)
    return {recorder.info.unit: recorder.recorded for recorder in recorders}


class _RecordingUnit(Unit):
    """A unit that records its inputs, in the order of the graph's inputs."""

    def __init__(self, unit: Unit) -> None:
        super().__init__(unit.session, unit.info, unit.path)
        self.recorded: list[Feeds] = []

    def __call__(self, **feeds: Array) -> dict[str, Array]:
        self.recorded.append({value.name: feeds[value.name] for value in self.session.get_inputs()})
        return super().__call__(**feeds)


def received_logits(
    chain: Chain,
    images: NDArray[np.float32],
    paths: PathDrops,
    point: OperatingPoint,
    seed: tuple[int, ...],
) -> Array:
    """Send images (N, 4, H, W) over N drops, and return the class logits (N, classes, H, W); seed: of the noise."""
    noise = _draw_noise(len(images), point, chain.channel, np.random.default_rng(seed))
    return chain.transmit([images[:, :3], images[:, 3:]], paths, point, noise).logits


def _draw_noise(
    drops: int, point: OperatingPoint, channel: ChannelParams, generator: np.random.Generator
) -> Noise:
    """Draw the noise of one transmission with numpy, as all reports of this study are drawn."""
    subcarriers, users = channel.subcarriers, channel.users

    def complex_normal(*shape: int) -> Tensor:
        values = generator.standard_normal(shape) + 1j * generator.standard_normal(shape)
        return torch.from_numpy(values / math.sqrt(2)).to(torch.complex64)

    csirs = complex_normal(drops, users, subcarriers, point.csirs_symbols, channel.ue_antennas)
    data = complex_normal(drops, point.data_symbols, subcarriers, channel.rf_chains)
    return Noise(csirs, data, torch.from_numpy(generator.standard_normal((drops, users))).float())
