"""One transmission over the stations of a scheme: the simulator, which owns the channel and uses PyTorch.

    BS: CSI-RS -> channel, noise -> UEs: feedback bits -> BS: beams
    UEs: samples -> oscillators, channel, noise -> BS: class logits

The stations exchange numpy arrays with the simulator and never import PyTorch. They live in this process
(`load_chain`) or each in a separate one (`running_chain`).

Axes: N drops, K users, L / Q CSI-RS and data symbols, N_c subcarriers, N_r / N_t antennas at BS / UE,
R chains, S streams.
"""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from cscsanet.channel.frame import data_symbols
from cscsanet.channel.noise import colour, complex_normal
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.transmission import propagate_downlink, propagate_uplink
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.system import ChannelParams
from cscsanet.config.training_range import differing_shapes
from cscsanet.errors import CscsanetError
from cscsanet.links.physical_layer import csirs_noise_power
from cscsanet.scenes.layout import MODALITIES
from cscsanet.stations.remote import remote_station, running_process
from cscsanet.stations.session import Array
from cscsanet.stations.stations import BsStation, Packed, UeStation, check_same, load_bs, load_ue


class Noise(NamedTuple):
    """Standard normal draws of one transmission, which the chain scales.

    csirs: (N, K, N_c, L, N_t), CN(0, 1), at the UEs' antennas. data: (N, Q, N_c, R), CN(0, 1), before it is
    coloured like noise behind the combiner. oscillator: (N, K), N(0, 1), phase offsets of the UEs.
    """

    csirs: Tensor
    data: Tensor
    oscillator: Tensor


def draw_noise(
    drops: int, point: OperatingPoint, channel: ChannelParams, generator: torch.Generator
) -> Noise:
    """Draw the noise of one transmission, in the order in which a link draws from such a generator."""
    subcarriers = channel.subcarriers
    return Noise(
        complex_normal(
            (drops, channel.users, subcarriers, point.csirs_symbols, channel.ue_antennas), generator
        ),
        complex_normal((drops, point.data_symbols, subcarriers, channel.rf_chains), generator),
        torch.randn(drops, channel.users, generator=generator),
    )


@dataclass(frozen=True)
class Reception:
    """The signals of one transmission and its result.

    logits: (N, classes, H, W). feedback: packed bits of each UE. streams: of each UE (N, Q, N_c, S). radiated:
    samples at the UEs' antennas (N, K, Q, N_c, N_t). user_signals: Y_BB of each UE alone, without noise,
    (N, K, Q, N_c, R). noise: at the chains (N, Q, N_c, R). received: Y_BB (N, Q, N_c, R), the sum of both.
    combiner: W (N, R, N_r). seconds: processing time of each step, one UE after the other.
    """

    logits: Array
    feedback: tuple[Packed, ...]
    streams: tuple[Array, ...]
    radiated: Array
    user_signals: Array
    noise: Array
    received: Array
    combiner: Array
    seconds: Mapping[str, float]


class _Clock:
    """Processing times by step [s]."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Time a step."""
        started = time.perf_counter()
        yield
        self.seconds[step] = time.perf_counter() - started


class Chain:
    """The stations of one scheme and the channel between them; see `load_chain` and `running_chain`."""

    def __init__(
        self, ues: Sequence[UeStation], bs: BsStation, folder: Path, channel: ChannelParams | None = None
    ) -> None:
        """Connect stations over a channel.

        folder: of their units, for messages. channel: to simulate; None: the one of the training.

        Raises:
            CscsanetError: the stations were made from different weights, or for other sizes than the channel's.
        """
        self.ues = tuple(ues)
        self.bs = bs
        self.info = bs.info
        self.channel = channel or self.info.channel
        differing = differing_shapes(self.info.params["channel"], self.channel)
        if differing:
            raise CscsanetError(
                f"{folder}: made for {differing[0]}; set it back, or train and export the scheme again"
            )
        for name, value in _simulated_alone_by_links(self.channel).items():
            raise CscsanetError(
                f"channel.{name} = {value}: not simulated between stations; set it to none, or use 'cscsanet evaluate'"
            )
        for ue in ues:
            check_same(ue.info, self.info, folder)

    def transmit(
        self, images: Sequence[Array], paths: PathDrops, point: OperatingPoint, noise: Noise
    ) -> Reception:
        """Send the images of all UEs, (N, channels, H, W) in [0, 1] each, over one drop for each of the N.

        Raises:
            CscsanetError: the point is beyond the capacity of the units, an image has another size, or
                samples are not finite.
        """
        clock = _Clock()
        feedback = self._feed_back(paths, point, noise.csirs, clock)
        with clock.timed("BS: feedback to beams"):
            self.bs.set_beams(feedback, point)
        with clock.timed("UE: image to samples"):
            streams = tuple(ue.streams(image, point) for ue, image in zip(self.ues, images, strict=True))
            samples = [ue.radiate(signal) for ue, signal in zip(self.ues, streams, strict=True)]
        offsets = self.channel.oscillator_rad * noise.oscillator
        rotations = torch.polar(torch.ones_like(offsets), offsets)[..., None, None, None]
        radiated = torch.from_numpy(np.stack(samples, axis=1)) * rotations
        user_signals = np.stack(
            [self._user_signal(user, paths, radiated, point) for user in range(len(self.ues))], axis=1
        )
        combiner = self.bs.combiner
        coloured = colour(noise.data, torch.from_numpy(combiner), point.noise_power).numpy()
        received = user_signals.sum(axis=1) + coloured
        with clock.timed("BS: samples to masks"):
            logits = self.bs.receive(received)
        return Reception(
            logits=logits,
            feedback=feedback,
            streams=streams,
            radiated=radiated.numpy(),
            user_signals=user_signals,
            noise=coloured,
            received=received,
            combiner=combiner,
            seconds=clock.seconds,
        )

    def _feed_back(
        self, paths: PathDrops, point: OperatingPoint, white: Tensor, clock: "_Clock"
    ) -> tuple[Packed, ...]:
        """Send the CSI-RS, and return the feedback of each UE; white: CN(0, 1) at the UEs' antennas."""
        csirs = propagate_downlink(paths, torch.from_numpy(self.bs.send_csirs(point)), self.channel)
        antennas = (csirs + math.sqrt(csirs_noise_power(point, self.channel)) * white).numpy()
        csirs_snr_db = point.snr_db + self.channel.bs_power_offset_db
        delay = self.channel.feedback_delay_symbols
        with clock.timed("UE: CSI-RS to feedback"):
            return tuple(
                ue.observe(antennas[:, user], point, csirs_snr_db, delay) for user, ue in enumerate(self.ues)
            )

    def _user_signal(self, user: int, paths: PathDrops, radiated: Tensor, point: OperatingPoint) -> Array:
        """Return Y_BB (N, Q, N_c, R) as one UE alone would cause it, without noise."""
        only = slice(user, user + 1)
        user_paths = PathDrops(*(getattr(paths, field.name)[:, only] for field in fields(paths)))
        symbols = data_symbols(point, self.channel)
        antennas = propagate_uplink(user_paths, radiated[:, only], symbols, self.channel)
        return self.bs.combine(antennas.numpy())


def _simulated_alone_by_links(channel: ChannelParams) -> dict[str, Any]:
    """Return the impairments of a channel that only the links simulate, with their values."""
    names = ("phase_noise_rad", "carrier_offset_hz", "bs_phase_error_rad", "near_far_db")
    found: dict[str, Any] = {name: getattr(channel, name) for name in names if getattr(channel, name)}
    if channel.interferer_db is not None:
        found["interferer_db"] = channel.interferer_db
    if channel.element_power != "block":
        found["element_power"] = channel.element_power
    return found


def load_chain(folder: Path, scheme: str, threads: int = 1, channel: ChannelParams | None = None) -> Chain:
    """Load the stations of a scheme into this process, from the folder of its units.

    channel: to simulate; None: the one of the training.

    Raises:
        CscsanetError: a unit is missing, damaged, of another scheme, or made from other weights than the others.
    """
    ues = [load_ue(folder, name, scheme, threads) for name in MODALITIES]
    return Chain(ues, load_bs(folder, scheme, threads), folder, channel)


@contextmanager
def running_chain(
    folder: Path,
    scheme: str,
    threads: int = 1,
    channel: ChannelParams | None = None,
    search: str = "onnx",
) -> Iterator[Chain]:
    """Start a process for each station of a scheme, and end them at the end of the context.

    threads: of each process. channel: to simulate; None: the one of the training. search: how the UEs acquire
    their channel, see `load_searching_ue`. The chain computes the same bits as that of `load_chain`.

    Raises:
        CscsanetError: as `load_chain`; or a process ended by itself.
    """
    # The pipeline measures units, and must not depend on the kernel, so only this function names it.
    from cscsanet.stations.fused import SearchingUe, load_searching_ue

    with ExitStack() as stack:
        # All processes start before the first answer is awaited: most of a start is imports.
        ues = [
            stack.enter_context(
                running_process(f"UE {name}", load_searching_ue, folder, name, scheme, threads, search)
            )
            for name in MODALITIES
        ]
        bs = stack.enter_context(running_process("BS", load_bs, folder, scheme, threads))
        remote_ues = [remote_station(ue, SearchingUe) for ue in ues]
        yield Chain(remote_ues, remote_station(bs, BsStation), folder, channel)
