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
from cscsanet.stations.kernel.structures import Floats, Kept, Point, Sizes
from cscsanet.stations.kernel.tables import SWEEPS, kernel_tables
from cscsanet.stations.kernel.weights import read_weights
from cscsanet.stations.session import Array, Unit

_EXAMPLES, _AGREEING = 4, 3  # of the comparison; one may be a tie of the search
_APART = 0.05  # most difference of features and phases [rad] there; networks may multiply the rounding
_SPECTRUM_POOL = 16  # beams for one feature of the codeword, at the coarsest
_MOST_FLOATS = 400_000  # of working memory, which is on the stack
_BITS = 2  # of a feature
_FLOAT_POINTER = ctypes.POINTER(ctypes.c_float)


class CompiledCsi(Unit):
    """The compiled CSI unit of one UE; see `Unit`."""

    def __init__(self, unit: Unit, csirs: dict[str, Floats]) -> None:
        """Prepare the kernel for a unit; csirs: the outputs of the unit that holds the CSI-RS.

        Raises:
            CscsanetError: the kernel cannot be built, does not serve units of these sizes, or computes something else
                than the unit.
        """
        super().__init__(unit.session, unit.info, unit.path)
        self.unit = unit
        self._kernel = kernel()
        self._kept = Kept()
        channel, csa = unit.info.channel, unit.info.params["csa"]
        tables = kernel_tables(csirs, channel, csa["aoa_beams"], csa["aod_beams"])
        certainty, self._aligned = bool(csa.get("certainty", True)), "alignment" in unit.info.outputs
        self._weights, lengths = read_weights(
            unit.path, channel, certainty=certainty, aligned=self._aligned, kept=self._kept
        )
        capacity = unit.info.capacity
        self._sizes = Sizes(
            subcarriers=channel.subcarriers,
            ue_chains=channel.rf_chains,
            bs_chains=channel.rf_chains,
            symbols=capacity.csirs_symbols,
            bs_antennas=channel.bs_antennas,
            ue_antennas=channel.ue_antennas,
            paths=channel.rf_chains,
            aoa_beams=csa["aoa_beams"],
            aod_beams=csa["aod_beams"],
            coarse_aoa_beams=len(tables["coarse_aoa_grid"]),
            coarse_aod_beams=len(tables["coarse_aod_grid"]),
            coarse_delays=len(tables["coarse_delay_grid"]),
            fine_delays=len(tables["fine_delay_grid"]),
            dopplers=len(tables["doppler_grid"]),
            sweeps=SWEEPS,
            data_symbols=capacity.data_symbols,
            codeword_features=capacity.feedback_bits // _BITS,
            head_features=tables["head_order"].shape[1],
            certainty=certainty,
            aligned=self._aligned,
            **lengths,
        )
        self._check_sizes()
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
            bits // _BITS,
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

    def _check_sizes(self) -> None:
        sizes = self._sizes
        signal = sizes.subcarriers * sizes.ue_chains * sizes.bs_chains * sizes.symbols
        beams = sizes.hidden * max(sizes.aoa_beams // 2, sizes.aod_beams)
        widest = 4 * signal + 6 * beams + sizes.coarse_delays * 4 * signal // sizes.subcarriers
        fits = sizes.aoa_beams % _SPECTRUM_POOL == 0 and sizes.aod_beams >= _SPECTRUM_POOL // 4
        if widest > _MOST_FLOATS or not fits:
            raise CscsanetError(
                f"{self.path}: the compiled CSI unit does not serve these sizes; choose the search 'onnx'"
            )

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
        apart = compiled[name] - expected[name]
        if name != "csi":
            apart = np.angle(np.exp(1j * apart))
        # A phase is undetermined where a stream fades.
        close &= bool(np.quantile(np.abs(apart), 0.98) < _APART)
    return close


def _pointer(values: Array) -> Any:
    return values.ctypes.data_as(_FLOAT_POINTER)
