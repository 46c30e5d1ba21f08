"""The stations: each holds its own units and nothing of the others', and hands over bits and samples alone.

    BS: CSI-RS -> air -> UE: packed bits -> BS: beams ; UE: samples at its antennas -> air -> BS: logits

Axes: N drops, K users, L / Q CSI-RS and data symbols, N_c subcarriers, N_r / N_t antennas at BS / UE, R chains, S streams.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cscsanet.deployment.contract import CSIRS, UnitInfo
from cscsanet.deployment.session import Array, Unit, load_unit
from cscsanet.errors import CscsanetError
from cscsanet.points import OperatingPoint

Packed = NDArray[np.uint8]


class Csirs(NamedTuple):
    """The CSI-RS as both ends know them: X_RF (L, N_r, R), x_BB (L, N_c, R), V_RF (L, R, N_t), complex."""

    transmit: Array
    baseband: Array
    receive: Array


def read_csirs(unit: Unit) -> Csirs:
    """Read the CSI-RS from their unit."""
    return Csirs(**{name: as_complex(value) for name, value in unit().items()})


class UeStation:
    """One UE: it listens to CSI-RS, feeds bits back, and sends what it sees."""

    def __init__(self, csi: Unit, transmitter: Unit, csirs: Csirs) -> None:
        self.csi = csi
        self.transmitter = transmitter
        self.csirs = csirs
        self._view: dict[str, Array] = {}

    @property
    def info(self) -> UnitInfo:
        """What its units say of themselves."""
        return self.csi.info

    def observe(self, antennas: Array, point: OperatingPoint) -> Packed:
        """Acquire the channel from CSI-RS at its antennas (N, N_c, L, N_t); return the feedback, (N, ceil(B / 8)) bytes.

        Raises:
            CscsanetError: the point is beyond what the units were built for, or samples are not finite.
        """
        point = self.csi.info.serves(point)
        combiner = self.csirs.receive[: point.csirs_symbols]
        received = np.einsum("lrt,nclt->ncrl", combiner, antennas)
        missing = self.csi.info.capacity.csirs_symbols - point.csirs_symbols
        found = self.csi(
            csirs=as_pairs(np.pad(received, ((0, 0), (0, 0), (0, 0), (0, missing)))),
            snr_db=np.array([point.snr_db], np.float32),
            csirs_symbols=np.array([point.csirs_symbols], np.int64),
            feedback_bits=np.array([point.feedback_bits], np.int64),
        )
        bits = found.pop("bits")[:, : point.feedback_bits]
        self._view = found
        return np.packbits(bits, axis=-1)

    def streams(self, image: Array, point: OperatingPoint) -> Array:
        """Return the streams (N, Q, N_c, S) of an image (N, channels, H, W) in [0, 1], within the power of eq. (20).

        Raises:
            CscsanetError: the image has another size, or the point is beyond what the units were built for.
        """
        point = self.transmitter.info.serves(point)
        sent = self.transmitter(
            image=image, data_symbols=np.array([point.data_symbols], np.int64), **self._view
        )
        return as_complex(sent["streams"])[:, : point.data_symbols]

    def radiate(self, streams: Array) -> Array:
        """Return the samples at its antennas (N, Q, N_c, N_t), F s, of its streams."""
        radiated: Array = np.einsum("nts,nqcs->nqct", self.precoder, streams)
        return radiated

    @property
    def precoder(self) -> Array:
        """F_RF (N, N_t, S), unit modulus, as last set."""
        return np.exp(1j * self._view["precoder_phases"])


class BsStation:
    """The base station: it sounds, sets its beams by the feedback, and reads what arrives."""

    def __init__(self, csi: Unit, receiver: Unit, csirs: Csirs) -> None:
        self.csi = csi
        self.receiver = receiver
        self.csirs = csirs
        self._view: dict[str, Array] = {}

    @property
    def info(self) -> UnitInfo:
        """What its units say of themselves."""
        return self.csi.info

    def sound(self, point: OperatingPoint) -> Array:
        """Return the CSI-RS at its antennas, X_RF x_BB, (L, N_c, N_r)."""
        count = self.csi.info.serves(point).csirs_symbols
        radiated: Array = np.einsum("lmr,lcr->lcm", self.csirs.transmit[:count], self.csirs.baseband[:count])
        return radiated

    def set_beams(self, feedback: Sequence[Packed], point: OperatingPoint) -> None:
        """Set the combiner by the packed feedback of each UE.

        Raises:
            CscsanetError: the point is beyond what the units were built for.
        """
        point = self.csi.info.serves(point)
        bits = np.stack([np.unpackbits(one, axis=-1, count=point.feedback_bits) for one in feedback], axis=1)
        missing = self.csi.info.capacity.feedback_bits - point.feedback_bits
        self._view = self.csi(
            bits=np.pad(bits, ((0, 0), (0, 0), (0, missing))),
            snr_db=np.array([point.snr_db], np.float32),
            feedback_bits=np.array([point.feedback_bits], np.int64),
        )

    @property
    def combiner(self) -> Array:
        """W_RF (N, R, N_r), unit modulus, as last set."""
        return np.exp(1j * self._view["combiner_phases"])

    def combine(self, antennas: Array) -> Array:
        """Return Y_BB (N, Q, N_c, R) of the samples at its antennas (N, Q, N_c, N_r)."""
        combined: Array = np.einsum("nrm,nqcm->nqcr", self.combiner, antennas, optimize=True)
        return combined

    def receive(self, received: Array) -> Array:
        """Return class logits (N, 9, H, W) of Y_BB (N, Q, N_c, R).

        Raises:
            CscsanetError: samples are not finite.
        """
        missing = self.receiver.info.capacity.data_symbols - received.shape[1]
        padded = np.pad(received, ((0, 0), (0, missing), (0, 0), (0, 0)))
        return self.receiver(received=as_pairs(padded), csi=self._view["csi"])["logits"]


def load_ue(folder: Path, modality: str, scheme: str, threads: int = 1) -> UeStation:
    """Load the units of one UE, and no others, from the folder of a scheme.

    Raises:
        CscsanetError: a unit is missing, damaged, of another scheme, or made from other weights than the others.
    """
    csi, transmitter, csirs = _load(
        folder, (f"ue_{modality}_csi", f"ue_{modality}_tx", CSIRS), scheme, threads
    )
    return UeStation(csi, transmitter, read_csirs(csirs))


def load_bs(folder: Path, scheme: str, threads: int = 1) -> BsStation:
    """Load the units of the base station, and no others; errors as `load_ue`."""
    csi, receiver, csirs = _load(folder, ("bs_csi", "bs_rx", CSIRS), scheme, threads)
    return BsStation(csi, receiver, read_csirs(csirs))


def _load(folder: Path, names: Sequence[str], scheme: str, threads: int) -> list[Unit]:
    units = [load_unit(folder / f"{name}.onnx", name, scheme, threads) for name in names]
    for unit in units:
        check_same(unit.info, units[0].info, folder)
    return units


def check_same(one: UnitInfo, other: UnitInfo, folder: Path) -> None:
    """Check that two units belong together.

    Raises:
        CscsanetError: they were made from other weights, or under other parameters.
    """
    if one.weights != other.weights or one.params != other.params:
        raise CscsanetError(
            f"{folder / one.unit}.onnx: made from other weights than {other.unit}.onnx; export the scheme to make all anew"
        )


def as_pairs(signal: Array) -> Array:
    """Return a complex signal (...) as float32 I/Q pairs (..., 2)."""
    return np.stack((signal.real, signal.imag), axis=-1).astype(np.float32)


def as_complex(pairs: Array) -> Array:
    """Return I/Q pairs (..., 2) as a complex signal (...)."""
    return pairs[..., 0] + 1j * pairs[..., 1]
