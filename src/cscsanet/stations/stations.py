"""The stations: UEs and base station, each with only its own units; they exchange only bits and samples.

    BS: CSI-RS -> channel -> UE: packed bits -> BS: beams
    UE: samples at its antennas -> channel -> BS: logits

Nothing here imports PyTorch. Signals are complex64.

Axes: N drops, K users, L / Q CSI-RS and data symbols, N_c subcarriers, N_r / N_t antennas at BS / UE,
R chains, S streams.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.errors import CscsanetError
from cscsanet.stations.metadata import CSIRS, UnitInfo
from cscsanet.stations.session import Array, Unit, load_unit

Packed = NDArray[np.uint8]
_MAX_SNR_DB = 1000.0


class Csirs(NamedTuple):
    """The CSI-RS, known at both ends: X_RF (L, N_r, R), x_BB (L, N_c, R), V_RF (L, R, N_t), complex."""

    transmit: Array
    baseband: Array
    receive: Array


def read_csirs(unit: Unit) -> Csirs:
    """Read the CSI-RS from the unit that holds them."""
    return Csirs(**{name: as_complex(value) for name, value in unit().items()})


class UeStation:
    """One UE: it estimates its channel from CSI-RS, feeds bits back, and sends its image."""

    def __init__(self, csi: Unit, transmitter: Unit, csirs: Csirs) -> None:
        self.csi = csi
        self.transmitter = transmitter
        self.csirs = csirs
        self._csi_outputs: dict[str, Array] = {}

    @property
    def info(self) -> UnitInfo:
        """The metadata of its units."""
        return self.csi.info

    def observe(
        self, antennas: Array, point: OperatingPoint, csirs_snr_db: float, feedback_delay: int = 0
    ) -> Packed:
        """Acquire the channel from the CSI-RS at its antennas, and return the feedback, (N, ceil(B / 8)) bytes.

        antennas: samples (N, N_c, L, N_t). csirs_snr_db: SNR of the CSI-RS at an antenna [dB]; may be
        infinite. feedback_delay: symbols between the last CSI-RS and the first data symbol.

        Raises:
            CscsanetError: the point is beyond the capacity of the units, or samples are not finite.
        """
        point = self.csi.info.serves(point)
        combiner = self.csirs.receive[: point.csirs_symbols]
        received = np.einsum("lrt,nclt->ncrl", combiner, antennas)
        padding = self.csi.info.capacity.csirs_symbols - point.csirs_symbols
        outputs = self.csi(
            csirs=as_pairs(np.pad(received, ((0, 0), (0, 0), (0, 0), (0, padding)))),
            snr_db=np.array([point.snr_db], np.float32),
            # A unit takes finite numbers only, and its network cuts off far below these.
            csirs_snr_db=np.clip(np.array([csirs_snr_db], np.float32), -_MAX_SNR_DB, _MAX_SNR_DB),
            csirs_symbols=np.array([point.csirs_symbols], np.int64),
            feedback_bits=np.array([point.feedback_bits], np.int64),
            feedback_delay=np.array([feedback_delay], np.int64),
        )
        bits = outputs.pop("bits")[:, : point.feedback_bits]
        self._csi_outputs = outputs
        return np.packbits(bits, axis=-1)

    def streams(self, image: Array, point: OperatingPoint) -> Array:
        """Return the streams (N, Q, N_c, S) of an image (N, channels, H, W) in [0, 1], within the power of eq. (20).

        Raises:
            CscsanetError: the image has another size, or the point is beyond the capacity of the units.
        """
        point = self.transmitter.info.serves(point)
        outputs = self.transmitter(
            image=image, data_symbols=np.array([point.data_symbols], np.int64), **self._csi_outputs
        )
        return as_complex(outputs["streams"])[:, : point.data_symbols]

    def radiate(self, streams: Array) -> Array:
        """Return the samples F s at its antennas, (N, Q, N_c, N_t), of streams s (N, Q, N_c, S)."""
        radiated: Array = np.einsum("nts,nqcs->nqct", self.precoder, streams)
        return radiated

    @property
    def precoder(self) -> Array:
        """The current precoder F_RF (N, N_t, S), unit modulus."""
        return np.exp(1j * self._csi_outputs["precoder_phases"])


class BsStation:
    """The base station: it sends CSI-RS, sets its beams by the feedback, and decodes what it receives."""

    def __init__(self, csi: Unit, receiver: Unit, csirs: Csirs) -> None:
        self.csi = csi
        self.receiver = receiver
        self.csirs = csirs
        self._csi_outputs: dict[str, Array] = {}

    @property
    def info(self) -> UnitInfo:
        """The metadata of its units."""
        return self.csi.info

    def send_csirs(self, point: OperatingPoint) -> Array:
        """Return the CSI-RS at its antennas, X_RF x_BB, of shape (L, N_c, N_r)."""
        count = self.csi.info.serves(point).csirs_symbols
        radiated: Array = np.einsum("lmr,lcr->lcm", self.csirs.transmit[:count], self.csirs.baseband[:count])
        return radiated

    def set_beams(self, feedback: Sequence[Packed], point: OperatingPoint) -> None:
        """Set the combiner by the packed feedback of each UE.

        Raises:
            CscsanetError: the point is beyond the capacity of the units.
        """
        point = self.csi.info.serves(point)
        bits = np.stack(
            [np.unpackbits(packed, axis=-1, count=point.feedback_bits) for packed in feedback], axis=1
        )
        padding = self.csi.info.capacity.feedback_bits - point.feedback_bits
        self._csi_outputs = self.csi(
            bits=np.pad(bits, ((0, 0), (0, 0), (0, padding))),
            snr_db=np.array([point.snr_db], np.float32),
            feedback_bits=np.array([point.feedback_bits], np.int64),
        )

    @property
    def combiner(self) -> Array:
        """The current combiner W_RF (N, R, N_r), unit modulus."""
        return np.exp(1j * self._csi_outputs["combiner_phases"])

    def combine(self, antennas: Array) -> Array:
        """Return Y_BB (N, Q, N_c, R) of samples at its antennas (N, Q, N_c, N_r)."""
        combined: Array = np.einsum("nrm,nqcm->nqcr", self.combiner, antennas, optimize=True)
        return combined

    def receive(self, received: Array) -> Array:
        """Return class logits (N, classes, H, W) of Y_BB (N, Q, N_c, R).

        Raises:
            CscsanetError: samples are not finite.
        """
        padding = self.receiver.info.capacity.data_symbols - received.shape[1]
        padded = np.pad(received, ((0, 0), (0, padding), (0, 0), (0, 0)))
        return self.receiver(received=as_pairs(padded), csi=self._csi_outputs["csi"])["logits"]


def load_ue(folder: Path, modality: str, scheme: str, threads: int = 1) -> UeStation:
    """Load the units of one UE, and no other units, from the folder of a scheme.

    Raises:
        CscsanetError: a unit is missing, damaged, of another scheme, or made from other weights than the others.
    """
    csi, transmitter, csirs = _load(
        folder, (f"ue_{modality}_csi", f"ue_{modality}_tx", CSIRS), scheme, threads
    )
    return UeStation(csi, transmitter, read_csirs(csirs))


def load_bs(folder: Path, scheme: str, threads: int = 1) -> BsStation:
    """Load the units of the base station, and no other units; errors as `load_ue`."""
    csi, receiver, csirs = _load(folder, ("bs_csi", "bs_rx", CSIRS), scheme, threads)
    return BsStation(csi, receiver, read_csirs(csirs))


def _load(folder: Path, names: Sequence[str], scheme: str, threads: int) -> list[Unit]:
    units = [load_unit(folder / f"{name}.onnx", name, scheme, threads) for name in names]
    for unit in units:
        check_same(unit.info, units[0].info, folder)
    return units


def check_same(info: UnitInfo, reference: UnitInfo, folder: Path) -> None:
    """Check that a unit belongs to the same export as a reference unit; folder: of the unit, for the message.

    Raises:
        CscsanetError: the two were made from different weights, or under different parameters.
    """
    if info.weights != reference.weights or info.params != reference.params:
        raise CscsanetError(
            f"{folder / info.unit}.onnx: made from other weights than {reference.unit}.onnx; "
            f"export the scheme to write all units again"
        )


def as_pairs(signal: Array) -> Array:
    """Return a complex signal (...) as float32 I/Q pairs (..., 2)."""
    return np.stack((signal.real, signal.imag), axis=-1).astype(np.float32)


def as_complex(pairs: Array) -> Array:
    """Return I/Q pairs (..., 2) as a complex signal (...)."""
    return pairs[..., 0] + 1j * pairs[..., 1]
