"""UE-CSANet with a beamspace front end: CSI-RS -> precoder, feedback bits, channel semantics.

    Y_p[k] -> path search -> AoA profiles -> layers over beams -> codeword -> bits q[k]
                          -> AoD profiles -> layers over beams -> phases of F_RF[k]             (16)
                          -> path responses over subcarriers, through F_RF[k] -> S_CSI,UE[k]

It has the interface of eq. (17). Before any training, the codeword holds the directions of the
strongest paths and the angular spectrum around them, and the precoder points at these paths;
learning adds to both.

Axes: N_c subcarriers, N_RF chains and streams, P = N_RF paths, L CSI-RS symbols, Q data symbols, F
codeword features, I / J beams at BS / UE, 2 = I/Q.
"""

import math

import torch
from torch import Tensor, nn

from cscsanet.config.channel_notes import doppler_turns
from cscsanet.config.operating_point import Capacity
from cscsanet.config.system import ChannelParams, CsaParams
from cscsanet.errors import CscsanetError
from cscsanet.networks import iq
from cscsanet.networks.beamspace.beam_grid import circular_mean, overlap, wrap_direction
from cscsanet.networks.beamspace.beam_head import BeamHead, chirp_of_width, phase
from cscsanet.networks.beamspace.beam_layers import BeamTrunk, Mlp, scaled_init
from cscsanet.networks.beamspace.direction_code import FREE, SPECTRUM_POOLS, codeword_order, to_digits
from cscsanet.networks.beamspace.path_refinement import PathRefinement
from cscsanet.networks.beamspace.path_search import DetectedPaths, PathSearch
from cscsanet.networks.beamspace.phase_prediction import departures, stream_responses
from cscsanet.networks.beamspace.stream_allocation import (
    SNR_SCALE,
    SWITCH_DB,
    StreamAllocation,
    beam_weights,
    only_strongest,
)
from cscsanet.networks.interfaces import CsirsSignals, PathEstimates, ReportedBeams, UeChannelView
from cscsanet.networks.quantiser import BITS_PER_FEATURE, dequantise, quantise

_PEAK_SHARPNESS = 12.0  # of the softmax whose mean is the position of a peak
_CONTRAST = 6.0  # of the spectrum in the codeword: its peak is sigmoid(3)


class BeamspaceUe(nn.Module):
    """One UE's channel semantic-aware network, over beams."""

    def __init__(
        self, channel: ChannelParams, params: CsaParams, capacity: Capacity, *, one_beam: bool = False
    ) -> None:
        """Build the network for the capacity's B. one_beam: whether only the strongest path carries streams.

        Raises:
            CscsanetError: the codeword has fewer features than B bits hold.
        """
        super().__init__()
        self.one_beam = one_beam
        paths = self.paths = channel.rf_chains
        self.features = capacity.feedback_bits // BITS_PER_FEATURE
        self.antennas = (channel.bs_antennas, channel.ue_antennas)
        self.search = PathSearch(channel, params.aoa_beams, params.aod_beams)
        self.order = codeword_order(paths, params.aoa_beams)
        if self.features > self.order.length:
            raise CscsanetError(
                f"points.feedback_bits = {capacity.feedback_bits}: csa.front beamspace with csa.aoa_beams = "
                f"{params.aoa_beams} fills at most {BITS_PER_FEATURE * self.order.length}; ask for less, or raise aoa_beams"
            )
        inputs = 1 + 3 * paths + 5 * paths * (paths - 1) // 2
        hidden = params.beam_features
        self.aoa_trunk = BeamTrunk(2 * paths, inputs, hidden, params.beam_layers)
        self.spectrum = scaled_init(nn.Conv1d(hidden, 2, 1), 0.1)
        self.codeword = Mlp(2 * hidden + inputs, hidden, paths + FREE)
        self.aod_trunk = BeamTrunk(paths, inputs, hidden, params.beam_layers)
        self.on_grid = scaled_init(nn.Conv1d(hidden, 2 * paths, 1), 0.001)
        self.shares = StreamAllocation()
        # A logit and a phase for each stream and path.
        self.mixer = Mlp(2 * hidden + inputs, params.model_features, 2 * paths * paths)
        self.head = BeamHead(channel.ue_antennas, params.aod_beams)
        self.csi_embed = nn.Linear(2 * paths * paths, params.model_features)
        told = paths if params.certainty else 0
        self.csi_context = nn.Linear(2 * hidden + inputs + told, params.model_features)
        self.to_csi = nn.Linear(params.model_features, params.csi_features)
        self.correction = PathRefinement(
            paths,
            inputs - 1,
            params.model_features,
            channel.subcarriers * channel.rf_chains,
            doppler_turns(channel),
            certainty=params.certainty,
        )

    def forward(
        self,
        detected: DetectedPaths,
        signals: CsirsSignals,
        snr_db: Tensor,
        active: Tensor,
        csirs_snr_db: float | Tensor,
        data_symbols: Tensor,
    ) -> UeChannelView:
        """Return the UE's outputs, eq. (17), from the paths that `search` detected.

        snr_db: (batch, 1); active: (F,) or (batch, F), 1 for the codeword features that are fed back;
        csirs_snr_db: SNR of the CSI-RS at a UE antenna, () or (batch,); data_symbols: (Q,) or (batch, Q) indices in the frame.
        """
        snr = snr_db / SNR_SCALE
        low_snr = snr_db < SWITCH_DB
        inputs = self._path_features(detected, snr)
        hidden, context = self.aod_trunk(detected.aod_profile, inputs)
        context = torch.cat((context, inputs), dim=-1)
        fed_back = nn.functional.pad(active, (0, self.order.length - self.features)).expand(snr.shape[0], -1)
        reported = self.order.reported(self.order.from_feedback_order(fed_back, low_snr))
        share_logits = self.shares(snr, detected.gain, *reported)
        if self.one_beam:
            share_logits = only_strongest(share_logits)
        weights = beam_weights(
            self._stream_weights(share_logits), self.mixer(context), torch.ones_like(share_logits)
        )
        on_grid = self.on_grid(hidden).unflatten(1, (self.paths, 2)).transpose(2, 3)
        phases = self.head(
            self._differentiable(detected.aod, detected.aod_profile, self.search.aod_grid),
            weights,
            torch.zeros_like(detected.aod),
            on_grid,
        )
        phases = phases.transpose(1, 2)
        num_symbols = signals.num_symbols()
        bits = quantise(self._codeword(detected, inputs, share_logits, low_snr))
        reported_beams = self._reported_beams(bits, fed_back, share_logits, low_snr)
        # The accuracy of the paths depends on the SNR of the CSI-RS, not on that of the uplink.
        refined, certainty = self.correction(
            detected, inputs[:, 1:], csirs_snr_db, num_symbols, data_symbols[..., 0]
        )
        if self.correction.has_certainty:
            context = torch.cat((context, certainty), dim=-1)
        csi = self._csi(detected, phases, context, data_symbols[..., 0])
        alignment = self.predict_phases(refined, reported_beams, phases, data_symbols)
        strongest = (detected.aoa[:, 0], detected.aod[:, 0])
        return UeChannelView(phases, bits, csi, alignment, reported_beams, strongest)

    def predict_phases(
        self, paths: PathEstimates, reported_beams: ReportedBeams, phases: Tensor, data_symbols: Tensor
    ) -> Tensor:
        """Return the phases (batch, Q, N_c, N_RF) [rad] of the streams at the BS over these paths.

        phases: of F_RF (batch, N_t, N_RF) [rad]; data_symbols: (Q,) or (batch, Q) indices in the frame.
        """
        frequency = self.search.frequency
        return phase(
            stream_responses(paths, reported_beams, phases, data_symbols, frequency, self.antennas[0])
        )

    def _reported_beams(
        self, bits: Tensor, fed_back: Tensor, share_logits: Tensor, low_snr: Tensor
    ) -> ReportedBeams:
        """Return the directions that the BS decodes from the bits, one for each path."""
        missing = self.order.length - self.features
        codeword = nn.functional.pad(dequantise(bits.detach()), (0, missing), value=0.5)
        aoa, num_digits = self.order.directions(
            self.order.from_feedback_order(codeword, low_snr),
            self.order.from_feedback_order(fed_back, low_snr),
        )
        chirp = chirp_of_width(2 * 4.0 ** (-num_digits), self.antennas[0])
        # Shares apply to further paths; the strongest path always has a separate chain.
        weight = torch.cat((torch.ones_like(share_logits[:, :1]), torch.sigmoid(share_logits[:, 1:])), dim=1)
        return ReportedBeams(aoa, chirp, weight)

    def _stream_weights(self, share_logits: Tensor) -> Tensor:
        """Return the weights (batch, P, P) of paths in streams.

        Stream p uses path p with the weight of its share, and the strongest path with the rest.
        """
        diagonal = torch.sigmoid(share_logits).unsqueeze(-1) * torch.eye(
            self.paths, device=share_logits.device
        )
        strongest = nn.functional.one_hot(torch.zeros_like(share_logits[0], dtype=torch.long), self.paths)
        return diagonal + (1 - diagonal.sum(dim=-1, keepdim=True)) * strongest

    def _path_features(self, detected: DetectedPaths, snr: Tensor) -> Tensor:
        """Return SNR, strengths, AoDs and pairwise differences of the paths (batch, features)."""
        strength = torch.log10(iq.abs2(detected.gain) + 1e-6)
        parts = [snr, strength, torch.cos(math.pi * detected.aod), torch.sin(math.pi * detected.aod)]
        for p in range(self.paths):
            for q in range(p):
                for angle, antennas in zip((detected.aoa, detected.aod), self.antennas, strict=True):
                    parts.append(overlap(angle[:, p], angle[:, q], antennas).unsqueeze(-1))
                relative = iq.mul(detected.gain[:, p], iq.conj(detected.gain[:, q]))
                parts.append(relative * torch.rsqrt(iq.abs2(relative) + 1e-12).unsqueeze(-1))
                parts.append(torch.tanh(detected.delay[:, p] - detected.delay[:, q]).unsqueeze(-1))
        return torch.cat(parts, dim=-1)

    def _differentiable(self, direction: Tensor, profile: Tensor, grid: Tensor) -> Tensor:
        """Return directions (batch, P), with the gradient of the centre of mass of each peak."""
        centre = circular_mean(torch.softmax(_PEAK_SHARPNESS * profile, dim=-1), grid)
        return direction + (centre - centre.detach())

    def _codeword(
        self, detected: DetectedPaths, inputs: Tensor, share_logits: Tensor, low_snr: Tensor
    ) -> Tensor:
        """Return the codeword (batch, F) in [0, 1], in feedback order (see `direction_code`)."""
        profile = detected.aoa_profile
        # Two directions in each token.
        tokens = profile.reshape(*profile.shape[:2], -1, 2).transpose(2, 3).flatten(1, 2)
        hidden, context = self.aoa_trunk(tokens, inputs)
        learned = self.codeword(torch.cat((context, inputs), dim=-1))
        shift = 2 / self.antennas[0] * torch.tanh(learned[:, : self.paths])
        aoa = wrap_direction(self._differentiable(detected.aoa, profile, self.search.aoa_grid) + shift)
        digits = to_digits((aoa + 1) / 2)
        amplitude = (iq.abs2(detected.gain) + 1e-9).sqrt()
        relative = amplitude / amplitude[:, :1]
        head: list[Tensor] = [digits[:, 0, 0]] * self.order.head_length
        for path, positions in enumerate(self.order.digits):
            for digit, position in enumerate(positions):
                head[position] = digits[:, path, digit]
        for path, position in enumerate(self.order.shares, start=1):
            head[position] = torch.sigmoid(share_logits[:, path])
        head[self.order.gain] = torch.sigmoid(2 * torch.log10(iq.abs2(detected.gain[:, 0]) + 1e-6))
        for index, position in enumerate(self.order.free):
            head[position] = torch.sigmoid(learned[:, self.paths + index])
        spectrum = (relative.square().unsqueeze(-1) * profile).amax(dim=1)
        logits = _CONTRAST * (spectrum - 0.5) + self.spectrum(hidden).transpose(1, 2).flatten(1)
        pooled = [logits.unflatten(-1, (-1, pool)).amax(dim=-1) for pool in SPECTRUM_POOLS]
        codeword = torch.cat(
            (
                self.order.to_feedback_order(torch.stack(head, dim=-1), low_snr),
                torch.sigmoid(torch.cat(pooled, dim=-1)),
            ),
            dim=-1,
        )
        return codeword[:, : self.features]

    def _csi(self, detected: DetectedPaths, phases: Tensor, context: Tensor, symbol: Tensor) -> Tensor:
        """Return S_CSI,UE from the paths' responses to the streams at the first data symbol, () or (batch,)."""
        over_time = (detected.doppler * symbol.reshape(-1, 1)).unsqueeze(-1)
        cycles = over_time - detected.delay.unsqueeze(-1) * self.search.frequency
        response = iq.mul(iq.cis(2 * math.pi * cycles), detected.gain.unsqueeze(2))
        response = response * torch.rsqrt(iq.abs2(detected.gain).sum(dim=1) + 1e-9).reshape(-1, 1, 1, 1)
        departed = departures(detected.aod, phases)
        end_to_end = iq.mul(response.unsqueeze(3), departed.unsqueeze(2)) / self.antennas[1]
        tokens = self.csi_embed(end_to_end.transpose(1, 2).flatten(2)) + self.csi_context(context).unsqueeze(
            1
        )
        csi: Tensor = self.to_csi(nn.functional.gelu(tokens))
        return csi
