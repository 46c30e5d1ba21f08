"""One transmission over the stations of a scheme and the air between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cscsanet.deployment import air
from cscsanet.deployment.contract import MODALITIES
from cscsanet.deployment.session import Array, load_unit
from cscsanet.deployment.stations import BsStation, Packed, UeStation, read_csirs
from cscsanet.errors import CscsanetError
from cscsanet.points import OperatingPoint


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
    """The stations of one scheme; made by `load_chain`."""

    def __init__(self, ues: Sequence[UeStation], bs: BsStation) -> None:
        self.ues = tuple(ues)
        self.bs = bs
        self.info = bs.csi.info
        self.channel = self.info.channel

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
    """Load the units of a scheme from its folder.

    Raises:
        CscsanetError: a unit is missing, damaged, of another scheme, or made from other weights than the others.
    """
    names = [
        *(f"ue_{name}_{part}" for name in MODALITIES for part in ("csi", "tx")),
        "bs_csi",
        "bs_rx",
        "csirs",
    ]
    units = {name: load_unit(folder / f"{name}.onnx", name, scheme, threads) for name in names}
    first = units["bs_csi"]
    for unit in units.values():
        if unit.info.weights != first.info.weights or unit.info.params != first.info.params:
            raise CscsanetError(
                f"{unit.path}: made from other weights than {first.path}; export the scheme to make all anew"
            )
    csirs = read_csirs(units["csirs"])
    ues = [UeStation(units[f"ue_{name}_csi"], units[f"ue_{name}_tx"], csirs) for name in MODALITIES]
    return Chain(ues, BsStation(units["bs_csi"], units["bs_rx"], csirs))
