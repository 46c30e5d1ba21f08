"""A separated design with few DMRS or none: the UEs pre-compensate, and the BS tracks a gain for each UE and chain.

    UE     estimated paths, its own beam, and its own chain at the BS, which follows from its own feedback
           -> phases with which its symbols would arrive, and sends them rotated by the negative phases
    BS     mean of the symbols, DMRS if any -> gains -> linear MMSE detection (`links/tracking`), as in CSC-SA-Net with tracking

It is what `dlcsi-pca` becomes with the same care as `noma-tracked`: its DMRS take a small share of the payload's
own elements (`pilots.share`) instead of a quarter of the grid, or none.

Axes: K UEs, P paths, Q data symbols, N_c subcarriers, N_r / N_t antennas at BS / UE.
"""

import math
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from cscsanet.baselines.delay_prior import BeamsWithPrior
from cscsanet.baselines.front_ends import PRECODINGS, LearnedCsiFrontEnd
from cscsanet.baselines.precoding import PcaPrecoding
from cscsanet.baselines.separated_link import SeparatedLink
from cscsanet.baselines.source_codec import SourceCodec
from cscsanet.channel.frame import data_symbols
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.power import PEAKS, normalise_block
from cscsanet.channel.transmission import uplink
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.config.system import ChannelParams
from cscsanet.config.training import PilotParams
from cscsanet.links.tracking import (
    PilotShares,
    StreamMean,
    estimate_gains,
    insert_pilots,
    pilot_mask,
    separate,
)
from cscsanet.networks import iq
from cscsanet.networks.beamspace.beam_grid import array_response
from cscsanet.networks.interfaces import PathEstimates
from cscsanet.networks.iq import to_complex, unit_modulus
from cscsanet.scenes.layout import MODALITIES


@dataclass(frozen=True)
class BeamsWithPaths(BeamsWithPrior):
    """Beams of one stream for each UE, and the paths (batch x K, P) that the UEs estimated, at symbol L - 1."""

    paths: PathEstimates | None = None


class TrackedCodec(SourceCodec):
    """The source codec, with the mean of its symbols over images."""

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        positions = params.msf.latent_height * params.msf.latent_width
        self.stream_mean = StreamMean(len(MODALITIES), self.capacity.data_symbols, positions)

    def symbols(self, images: Tensor) -> Tensor:
        """Return the symbols as `SourceCodec`; a training takes them into account in their mean."""
        symbols = super().symbols(images)
        self.stream_mean.update(symbols.transpose(2, 3))
        return symbols


class PredictingFrontEnd(LearnedCsiFrontEnd):
    """The front end of `dlcsi-pca`, whose UEs keep their estimates."""

    def forward(self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator) -> BeamsWithPaths:
        """Return F (batch, K, N_t, 1), W (batch, K, N_r), the bits (batch, K, B) and the estimates."""
        estimate, feedback, bits = self.csi(paths, point, generator)
        precoder, combiner = self.precoding(estimate, feedback, point.snr_db)
        bits = bits.reshape(len(paths), self.users, -1)
        return BeamsWithPaths(precoder, combiner, bits, paths=estimate)


class LeanLink(SeparatedLink):
    """Pre-compensation at the UEs and tracking at the BS in place of channel estimation from many DMRS."""

    def __init__(
        self, front: PredictingFrontEnd, codec: TrackedCodec, channel: ChannelParams, pilots: PilotParams
    ) -> None:
        """pilots: the DMRS."""
        super().__init__(front, codec, channel)
        self.shares = PilotShares(pilots)

    def transport(
        self,
        payload: Tensor,
        paths: PathDrops,
        beams: BeamsWithPrior,
        point: OperatingPoint,
        generator: torch.Generator,
        channel: ChannelParams | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Transmit payload symbols (batch, K, D) and detect them, zero where the DMRS took their elements.

        Returns the sent streams (batch, K, Q, N_c, 1), and the detected payload (batch, K, D).
        """
        assert isinstance(beams, BeamsWithPaths)
        assert beams.paths is not None
        channel = channel or self.channel
        pilots = self.pilots(point, self.shares.draw(generator))
        energy = min(float(len(pilots)), PEAKS[channel.element_power])
        used = ~pilots.any(dim=0).to(payload.device)
        symbols = data_symbols(point, channel, payload.device)
        phases = arrival_phases(beams.paths, beams, symbols - (point.csirs_symbols - 1), channel)
        rotation = unit_modulus(-phases).unsqueeze(-1)
        block = payload.reshape(*payload.shape[:2], point.data_symbols, channel.subcarriers, 1)
        streams = normalise_block(block * rotation, beams.precoder, used, channel.element_power)
        streams = insert_pilots(streams, beams.precoder, rotation, pilots, energy)
        received = uplink(
            paths, beams.precoder, beams.combiner, streams, symbols, point.noise_power, channel, generator
        )
        noise = point.noise_power * beams.combiner @ beams.combiner.mH
        gains = estimate_gains(
            received,
            pilots,
            noise,
            energy,
            cast(TrackedCodec, self.codec).stream_mean.reference(point.data_symbols),
        )
        detected = separate(received, gains, noise) * used.unsqueeze(-1)
        return streams, detected.flatten(1, 2).transpose(1, 2)

    def pilots(self, point: OperatingPoint, share: float | None = None) -> Tensor:
        """Return the mask of each UE's DMRS, bool (K, Q, N_c). share: of the elements; None: the fixed one."""
        return pilot_mask(
            point.data_symbols,
            self.channel.subcarriers,
            self.channel.users,
            self.shares.share if share is None else share,
        )


def arrival_phases(
    paths: PathEstimates, beams: BeamsWithPrior, elapsed: Tensor, channel: ChannelParams
) -> Tensor:
    """Return the phases (batch, K, Q, N_c) [rad] that each UE predicts for its stream at its own chain.

    paths: (batch x K, P), with gains at one symbol; elapsed: (Q,) symbols from then to each data symbol. Chain k
    follows from the feedback of UE k alone, so that UE knows it.
    """
    users = channel.users
    arrive = to_complex(array_response(paths.aoa, channel.bs_antennas)) @ beams.combiner.flatten(
        0, 1
    ).unsqueeze(-1)
    depart = to_complex(array_response(paths.aod, channel.ue_antennas)).conj() @ beams.precoder.flatten(0, 1)
    gain = to_complex(paths.gain) * (arrive * depart).squeeze(-1)
    frequency = torch.arange(channel.subcarriers, device=gain.device) / channel.subcarriers
    cycles = (
        paths.doppler[:, None, None] * elapsed[:, None, None]
        - paths.delay[:, None, None] * frequency[:, None]
    )
    response = (to_complex(iq.cis(2 * math.pi * cycles)) * gain[:, None, None]).sum(dim=-1)
    return response.angle().reshape(-1, users, *response.shape[1:])


def lean_csi(params: Params) -> LeanLink:
    """Build the link with DL-based CSI and feedback, PCA precoding, pre-compensation and tracking."""
    precoding: PcaPrecoding = PRECODINGS["pca"](params)
    front = PredictingFrontEnd(params, precoding)
    return LeanLink(front, TrackedCodec(params), params.channel, params.pilots)
