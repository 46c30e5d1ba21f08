"""The structures of `csi.h` in Python: sizes, tables, weights and the operating point.

A structure keeps the arrays that it points to.
"""

import ctypes
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_POINTER = ctypes.POINTER(ctypes.c_float)


class Sizes(ctypes.Structure):
    """struct sizes."""

    _fields_ = [
        (name, ctypes.c_int)
        for name in (
            *("subcarriers", "ue_chains", "bs_chains", "symbols", "bs_antennas", "ue_antennas"),
            *("paths", "aoa_beams", "aod_beams"),
            *("coarse_aoa_beams", "coarse_aod_beams", "coarse_delays", "fine_delays", "dopplers", "sweeps"),
            *("data_symbols", "codeword_features", "head_features"),
            *("hidden", "layers", "model", "csi", "inputs"),
            *("certainty", "aligned"),
        )
    ]


TABLES = (
    *("baseband", "gram", "transmit", "receive"),
    *("aoa", "aoa_energy", "aod", "aod_energy"),
    *("coarse_aoa", "coarse_aoa_energy", "coarse_aod", "coarse_aod_energy"),
    *("coarse_ramp", "fine_ramp"),
    *("aoa_grid", "aod_grid", "coarse_aoa_grid", "coarse_aod_grid", "coarse_delay_grid", "fine_delay_grid"),
    *("doppler_grid", "head_order"),
)


class Tables(ctypes.Structure):
    """struct tables."""

    _fields_ = [(name, _POINTER) for name in TABLES]


class Layer(ctypes.Structure):
    """struct layer."""

    _fields_ = [("weight", _POINTER), ("bias", _POINTER)]


class Mlp(ctypes.Structure):
    """struct mlp."""

    _fields_ = [("first", Layer), ("second", Layer), ("third", Layer)]


class BeamLayer(ctypes.Structure):
    """struct beam_layer."""

    _fields_ = [("norm", Layer), ("near", Layer), ("far", Layer), ("out", Layer)]


class Trunk(ctypes.Structure):
    """struct trunk."""

    _fields_ = [("embed", Layer), ("context", Layer), ("layers", ctypes.POINTER(BeamLayer))]


class Weights(ctypes.Structure):
    """struct weights."""

    _fields_ = [
        *((name, Trunk) for name in ("aoa", "aod")),
        *((name, Layer) for name in ("spectrum", "on_grid", "csi_embed", "csi_context", "to_csi")),
        *((name, Mlp) for name in ("codeword", "mixer", "correction")),
        *((name, _POINTER) for name in ("threshold", "steepness", "floor", "correction_constants")),
    ]


class Point(ctypes.Structure):
    """struct point."""

    _fields_ = [
        ("snr_db", ctypes.c_float),
        ("csirs_snr_db", ctypes.c_float),
        ("symbols", ctypes.c_int),
        ("features", ctypes.c_int),
        ("first_data_symbol", ctypes.c_int),
    ]


class Kept:
    """Arrays in the form that the kernel reads; they live as long as this object."""

    def __init__(self) -> None:
        self._arrays: list[Any] = []

    def pointer(self, values: Any) -> Any:
        """Return a pointer to a copy of the values in single precision."""
        array = np.ascontiguousarray(values, np.float32)
        self._arrays.append(array)
        return array.ctypes.data_as(_POINTER)

    def tables(self, values: Mapping[str, Floats]) -> Tables:
        """Return the tables by their names."""
        return Tables(*(self.pointer(values[name]) for name in TABLES))

    def array(self, kind: type[ctypes.Structure], values: Sequence[Any]) -> Any:
        """Return an array of structures."""
        block = (kind * len(values))(*values)
        self._arrays.append(block)
        return block
