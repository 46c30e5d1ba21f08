"""A UE's CSI unit as a compiled kernel, with the inputs, outputs and checks of its ONNX unit.

The kernel takes the weights from the ONNX unit and computes the same in one call, on one core. Before it serves, it
is compared with that unit on noise.
"""

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cscsanet.errors import CscsanetError
from cscsanet.stations.kernel.build import kernel
from cscsanet.stations.kernel.lengths import FEATURE_BITS, check_memory, check_shapes, lengths_of_metadata
from cscsanet.stations.kernel.structures import Floats, Kept, Point, Sizes
from cscsanet.stations.kernel.tables import kernel_tables
from cscsanet.stations.kernel.weights import read_weights
from cscsanet.stations.session import Array, Unit

_EXAMPLES, _AGREEING = 4, 3  # of the comparison; one may be a tie of the search
_APART = 0.05  # most difference of features and phases [rad] there; networks may multiply the rounding
_FLOAT_POINTER = ctypes.POINTER(ctypes.c_float)


class CompiledCsi(Unit):
    """The compiled CSI unit of one UE; see `Unit`."""

    def __init__(self, unit: Unit, csirs: dict[str, Floats]) -> None:
        """Prepare the kernel for a unit; csirs: the outputs of the unit that holds the CSI-RS.

        Raises:
            CscsanetError: the kernel cannot be built, does not serve units of these sizes, or computes something else
                than the unit; or the unit contradicts itself.
        """
        super().__init__(unit.session, unit.info, unit.path)
        self.unit = unit
        self._kernel = kernel()
        self._kept = Kept()
        # C trusts the lengths, so they are checked before it runs.
        lengths = lengths_of_metadata(unit.info, unit.path)
        channel, csa = unit.info.channel, unit.info.params["csa"]
        certainty, self._aligned = bool(csa.get("certainty", True)), "alignment" in unit.info.outputs
        self._weights, lengths = read_weights(
            unit.path, channel, lengths, certainty=certainty, aligned=self._aligned, kept=self._kept
        )
        check_memory(lengths, unit.path)
        check_shapes(unit.info, csirs, lengths, unit.path)
        # A foreign unit may name a channel beyond single precision; the comparison refuses it.
        with np.errstate(all="ignore"):
            tables = kernel_tables(csirs, channel, lengths["aoa_beams"], lengths["aod_beams"])
        self._sizes = Sizes(**lengths, certainty=certainty, aligned=self._aligned)
        self._tables = self._kept.tables(tables)
        self._compare()

    def __call__(self, **feeds: Array) -> dict[str, Array]:
        """Run the unit on inputs by name, and return its outputs by name.

        Raises:
            CscsanetError: as `Unit`; or L is none of 1 to the capacity.
        """
        self._check(feeds)
        symbols, bits, delay = (
            int(feeds[name][0]) for name in ("csirs_symbols", "feedback_bits", "feedback_delay")
        )
        if not 1 <= symbols <= self._sizes.symbols:
            raise CscsanetError(
                f"{self.path}: 'csirs_symbols' is {symbols}, and must be 1 to {self._sizes.symbols}"
            )
        point = Point(
            float(feeds["snr_db"][0]),
            float(feeds["csirs_snr_db"][0]),
            symbols,
            bits // FEATURE_BITS,
            symbols + delay,
        )
        return self.run(feeds["csirs"], point)

    def run(self, csirs: Array, point: Point, paths: Floats | None = None) -> dict[str, Array]:
        """Return the outputs for CSI-RS (batch, N_c, R, L, 2) without checks.

        paths: takes what the search detects, (batch, 6 P + P I + P J), as `struct paths`.
        """
        csirs = np.ascontiguousarray(csirs)
        batch = len(csirs)
        outputs: dict[str, NDArray[Any]] = {
            name: np.empty((batch, *map(int, spec.shape[1:])), spec.dtype)
            for name, spec in self.info.outputs.items()
        }
        self._kernel.run_unit(
            ctypes.byref(self._sizes),
            ctypes.byref(self._tables),
            ctypes.byref(self._weights),
            ctypes.byref(point),
            ctypes.c_int(batch),
            _pointer(csirs),
            outputs["bits"].ctypes.data_as(ctypes.c_void_p),
            _pointer(outputs["precoder_phases"]),
            _pointer(outputs["csi"]),
            _pointer(outputs["alignment"]) if self._aligned else _FLOAT_POINTER(),
            _FLOAT_POINTER() if paths is None else _pointer(paths),
        )
        return outputs

    def _compare(self) -> None:
        """Check that the kernel computes what the ONNX unit does."""
        source = np.random.default_rng(0)
        capacity = self.info.capacity
        agreeing = 0
        for index in range(_EXAMPLES):
            symbols = capacity.csirs_symbols if index % 2 == 0 else 1
            shape = [1, *map(int, self.info.inputs["csirs"].shape[1:])]
            csirs = source.standard_normal(shape).astype(np.float32)
            csirs[:, :, :, symbols:] = 0
            feeds: dict[str, Array] = {
                "csirs": csirs,
                "snr_db": np.array([self.info.snr_db[index % 2]], np.float32),
                "csirs_snr_db": np.array([0], np.float32),
                "csirs_symbols": np.array([symbols], np.int64),
                "feedback_bits": np.array([capacity.feedback_bits], np.int64),
                "feedback_delay": np.array([index], np.int64),
            }
            agreeing += _agree(self(**feeds), self.unit(**feeds))
        if agreeing < _AGREEING:
            raise CscsanetError(
                f"{self.path}: the compiled CSI unit differs from this unit in {_EXAMPLES - agreeing} of {_EXAMPLES} "
                f"comparisons; choose the search 'onnx'"
            )


def _agree(compiled: dict[str, Array], expected: dict[str, Array]) -> bool:
    """Whether bits are equal and features and phases close; phases on the circle."""
    close = bool((compiled["bits"] == expected["bits"]).mean() > 0.99)
    for name in expected.keys() - {"bits"}:
        # Weights may lead to NaN, which is close to nothing.
        with np.errstate(all="ignore"):
            apart = compiled[name] - expected[name]
            if name != "csi":
                apart = np.angle(np.exp(1j * apart))
            # A phase is undetermined where a stream fades.
            close &= bool(np.quantile(np.abs(apart), 0.98) < _APART)
    return close


def _pointer(values: Array) -> Any:
    return values.ctypes.data_as(_FLOAT_POINTER)
