"""One transmission over the stations of a scheme and the air between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from cscsanet.deployment import air
from cscsanet.deployment.contract import MODALITIES, UnitInfo
from cscsanet.deployment.session import Array
from cscsanet.deployment.stations import Packed, check_same, load_bs, load_ue
from cscsanet.points import OperatingPoint


class Ue(Protocol):
    """A UE, here or in a process of its own; see `stations.UeStation`."""

    @property
    def info(self) -> UnitInfo:
        """What its units say of themselves."""

    def observe(self, antennas: Array, point: OperatingPoint) -> Packed:
        """Samples at its antennas -> feedback."""

    def streams(self, image: Array, point: OperatingPoint) -> Array:
        """Image -> streams."""

    def radiate(self, streams: Array) -> Array:
        """Streams -> samples at its antennas."""


class Bs(Protocol):
    """The base station, here or in a process of its own; see `stations.BsStation`."""

    @property
    def info(self) -> UnitInfo:
        """What its units say of themselves."""

    @property
    def combiner(self) -> Array:
        """W_RF, which the air of this simulation colours its noise by."""

    def sound(self, point: OperatingPoint) -> Array:
        """CSI-RS at its antennas."""

    def set_beams(self, feedback: Sequence[Packed], point: OperatingPoint) -> None:
        """Feedback -> beams."""

    def combine(self, antennas: Array) -> Array:
        """Samples at its antennas -> Y_BB."""

    def receive(self, received: Array) -> Array:
        """Y_BB -> class logits."""


@dataclass(frozen=True)
class Reception:
    """What arrived, and what it took.

    logits: (N, 9, H, W). feedback: the packed bits of each UE. streams: of each UE (N, Q, N_c, S). radiated: at the UEs'
    antennas (N, K, Q, N_c, N_t). arrived: Y_BB without noise, each UE apart, (N, K, Q, N_c, R). received: Y_BB (N, Q, N_c, R).
    noise: the part of it that is noise. combiner: W (N, R, N_r).
    """

    logits: Array
    feedback: tuple[Packed, ...]
    streams: tuple[Array, ...]
    radiated: Array
    arrived: Array
    received: Array
    noise: Array
    combiner: Array


class Chain:
    """The stations of one scheme, and the air between them; made by `load_chain`, or by `runtime.running_chain`."""

    def __init__(self, ues: Sequence[Ue], bs: Bs, folder: Path) -> None:
        """folder: where their units came from.

        Raises:
            CscsanetError: stations were made from other weights than the others.
        """
        self.ues = tuple(ues)
        self.bs = bs
        self.info = bs.info
        self.channel = self.info.channel
        for ue in ues:
            check_same(ue.info, self.info, folder)

    def transmit(
        self, images: Sequence[Array], paths: air.Paths, point: OperatingPoint, noise: air.Noise
    ) -> Reception:
        """Send the images of all UEs, (N, channels, H, W) in [0, 1] each, over one drop for each of the N.

        Raises:
            CscsanetError: the point is beyond what the units were built for, an image has another size, or samples are NaN.
        """
        channel = self.channel
        sounded = air.downlink(paths, self.bs.sound(point), channel)
        sounded = sounded + np.sqrt(air.csirs_noise_power(point.snr_db, channel)) * noise.csirs
        feedback = tuple(ue.observe(sounded[:, user], point) for user, ue in enumerate(self.ues))
        self.bs.set_beams(feedback, point)
        streams = tuple(ue.streams(image, point) for ue, image in zip(self.ues, images, strict=True))
        radiated = np.stack([ue.radiate(sent) for ue, sent in zip(self.ues, streams, strict=True)], axis=1)
        radiated = air.slip(radiated, noise.slips, channel)
        symbols = np.arange(point.data_symbols) + point.csirs_symbols
        combiner = self.bs.combiner
        apart = [
            self.bs.combine(
                air.uplink(air.of_user(paths, user), radiated[:, user : user + 1], symbols, channel)
            )
            for user in range(len(self.ues))
        ]
        thermal = air.combined_noise(combiner, noise.data, point.noise_power)
        received = sum(apart) + thermal
        return Reception(
            logits=self.bs.receive(received),
            feedback=feedback,
            streams=streams,
            radiated=radiated,
            arrived=np.stack(apart, axis=1),
            received=received,
            noise=thermal,
            combiner=combiner,
        )


def load_chain(folder: Path, scheme: str, threads: int = 1) -> Chain:
    """Load the stations of a scheme from the folder of its units, all in this process.

    Raises:
        CscsanetError: a unit is missing, damaged, of another scheme, or made from other weights than the others.
    """
    ues = [load_ue(folder, name, scheme, threads) for name in MODALITIES]
    return Chain(ues, load_bs(folder, scheme, threads), folder)
