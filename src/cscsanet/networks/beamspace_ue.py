"""UE-CSANet with a beamspace front: received CSI-RS -> analog precoder, feedback bits, channel semantics.

    Y_p[k] -> path search -> AoA profiles -> layers over beams -> codeword -> 2-bit quantiser = q[k], B bits
                          -> AoD profiles -> layers over beams -> beams -> phases of F_RF[k]          (16)
                          -> path responses over subcarriers, through F_RF[k] -> S_CSI,UE[k]

It has the interface of eq. (17). Before any training the codeword is the position of the strongest paths and the
angular spectrum around them, and the precoder points at these paths; learning adds to both.

Axes: N_c subcarriers, N_RF chains and streams, P = N_RF paths, L CSI-RS symbols, I / J beams at BS / UE, 2 = I/Q.
"""

import math

import torch
from torch import Tensor, nn

from cscsanet.errors import CscsanetError
from cscsanet.networks.beam_grid import circular_mean, overlap, wrapped
from cscsanet.networks.beam_head import BeamHead, chirp_of_width, phase
from cscsanet.networks.beam_layers import BeamTrunk, Mixer, small
from cscsanet.networks.complex_pairs import conjugate, energy, multiply, phasor
from cscsanet.networks.path_correction import PathCorrection
from cscsanet.networks.path_search import FoundPaths, PathSearch, Sounding
from cscsanet.networks.phase_alignment import Aims, KnownPaths, departures, stream_responses
from cscsanet.networks.position_code import FREE, SPECTRUM_POOLS, codeword_order, to_digits
from cscsanet.networks.quantiser import BITS_PER_FEATURE, dequantise, quantise
from cscsanet.networks.strategy_gate import SNR_SCALE, SWITCH_DB, StreamShares, beam_weights
from cscsanet.networks.ue_csa_net import UeChannelView
from cscsanet.params import ChannelParams, CsaParams
from cscsanet.points import Capacity

_PEAKINESS = 12.0  # of the softmax that finds the position of a peak
_CONTRAST = 6.0  # of the spectrum in the codeword: its peak is sigmoid(3)


class BeamspaceUe(nn.Module):
    """One UE's channel semantic-aware network, over beams."""

    def __init__(self, channel: ChannelParams, params: CsaParams, capacity: Capacity) -> None:
        super().__init__()
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
        known = 1 + 3 * paths + 5 * paths * (paths - 1) // 2
        hidden = params.beam_features
        self.aoa_trunk = BeamTrunk(2 * paths, known, hidden, params.beam_layers)
        self.spectrum = small(nn.Conv1d(hidden, 2, 1), 0.1)
        self.codeword = Mixer(2 * hidden + known, hidden, paths + FREE)
        self.aod_trunk = BeamTrunk(paths, known, hidden, params.beam_layers)
        self.on_grid = small(nn.Conv1d(hidden, 2 * paths, 1), 0.001)
        self.shares = StreamShares()
        # A logit and a phase for each stream and path.
        self.mixer = Mixer(2 * hidden + known, params.model_features, 2 * paths * paths)
        self.head = BeamHead(channel.ue_antennas, params.aod_beams)
        self.csi_embed = nn.Linear(2 * paths * paths, params.model_features)
        self.csi_context = nn.Linear(2 * hidden + known, params.model_features)
        self.to_csi = nn.Linear(params.model_features, params.csi_features)
        self.correction = PathCorrection(paths, known - 1, params.model_features)

    def forward(
        self,
        found: FoundPaths,
        sounding: Sounding,
        snr_db: Tensor,
        active: Tensor,
        csirs_snr_db: float | Tensor,
        data_symbols: Tensor,
    ) -> UeChannelView:
        """Draw precoder, bits, channel semantics and phases from what `search` found in the CSI-RS.

        snr_db: (batch, 1); active: (F,), 1 for the codeword features that are fed back; csirs_snr_db: SNR of the CSI-RS
        at a UE antenna; data_symbols: (Q,) indices in the frame.
        """
        snr = snr_db / SNR_SCALE
        low = snr_db < SWITCH_DB
        known = self._known(found, snr)
        hidden, context = self.aod_trunk(found.aod_profile, known)
        context = torch.cat((context, known), dim=-1)
        fed_back = nn.functional.pad(active, (0, self.order.length - self.features)).expand(snr.shape[0], -1)
        told, heard = self.order.told(self.order.placed(fed_back, low))
        shares = self.shares(snr, found.gain, told, heard)
        weights = beam_weights(self._streams(shares), self.mixer(context), torch.ones_like(shares))
        on_grid = self.on_grid(hidden).unflatten(1, (self.paths, 2)).transpose(2, 3)
        phases = self.head(
            self._position(found.aod, found.aod_profile, self.search.aod_grid),
            weights,
            torch.zeros_like(found.aod),
            on_grid,
        )
        phases = phases.transpose(1, 2)
        sounded = sounding.sounded()
        csi = self._csi(found, phases, context, sounded)
        bits = quantise(self._codeword(found, known, shares, low))
        aims = self._aims(bits, fed_back, shares, low)
        # What it believes of its paths follows the SNR of the CSI-RS, whatever that of the uplink.
        believed = self.correction(found, known[:, 1:], csirs_snr_db, sounded)
        alignment = self.foretell(believed, aims, phases, data_symbols)
        return UeChannelView(phases, bits, csi, alignment, aims, (found.aoa[:, 0], found.aod[:, 0]))

    def foretell(self, paths: KnownPaths, aims: Aims, phases: Tensor, data_symbols: Tensor) -> Tensor:
        """Return the phases (batch, Q, N_c, N_RF) [rad] that streams arrive with, if the paths are what they are taken for.

        phases: of F_RF (batch, N_t, N_RF).
        """
        frequency = self.search.frequency
        return phase(stream_responses(paths, aims, phases, data_symbols, frequency, self.antennas[0]))

    def _aims(self, bits: Tensor, fed_back: Tensor, shares: Tensor, low: Tensor) -> Aims:
        """Where the BS was told to listen, by path."""
        missing = self.order.length - self.features
        codeword = nn.functional.pad(dequantise(bits.detach()), (0, missing), value=0.5)
        aoa, digits = self.order.directions(
            self.order.placed(codeword, low), self.order.placed(fed_back, low)
        )
        chirp = chirp_of_width(2 * 4.0 ** (-digits), self.antennas[0])
        # Shares are those of further paths; the strongest has a chain to itself at any SNR.
        weight = torch.cat((torch.ones_like(shares[:, :1]), torch.sigmoid(shares[:, 1:])), dim=1)
        return Aims(aoa, chirp, weight)

    def _streams(self, shares: Tensor) -> Tensor:
        """Weights (batch, P, P) of paths in streams: stream p on path p with its share, else on the strongest."""
        own = torch.sigmoid(shares).unsqueeze(-1) * torch.eye(self.paths, device=shares.device)
        strongest = nn.functional.one_hot(torch.zeros_like(shares[0], dtype=torch.long), self.paths)
        return own + (1 - own.sum(dim=-1, keepdim=True)) * strongest

    def _known(self, found: FoundPaths, snr: Tensor) -> Tensor:
        """What the UE knows of the whole: SNR, strengths, directions of departure, and how paths differ."""
        strength = torch.log10(energy(found.gain) + 1e-6)
        parts = [snr, strength, torch.cos(math.pi * found.aod), torch.sin(math.pi * found.aod)]
        for one in range(self.paths):
            for other in range(one):
                for angle, antennas in zip((found.aoa, found.aod), self.antennas, strict=True):
                    parts.append(overlap(angle[:, one], angle[:, other], antennas).unsqueeze(-1))
                turned = multiply(found.gain[:, one], conjugate(found.gain[:, other]))
                parts.append(turned * torch.rsqrt(energy(turned) + 1e-12).unsqueeze(-1))
                parts.append(torch.tanh(found.delay[:, one] - found.delay[:, other]).unsqueeze(-1))
        return torch.cat(parts, dim=-1)

    def _position(self, direction: Tensor, profile: Tensor, grid: Tensor) -> Tensor:
        """The directions (batch, P) found, with the gradient of the centre of mass of each peak."""
        centre = circular_mean(torch.softmax(_PEAKINESS * profile, dim=-1), grid)
        return direction + (centre - centre.detach())

    def _codeword(self, found: FoundPaths, known: Tensor, shares: Tensor, low: Tensor) -> Tensor:
        """Return the features (batch, F) in [0, 1], in the order of `position_code`."""
        fine = found.aoa_profile
        # Two directions to a token.
        tokens = fine.reshape(*fine.shape[:2], -1, 2).transpose(2, 3).flatten(1, 2)
        hidden, context = self.aoa_trunk(tokens, known)
        learned = self.codeword(torch.cat((context, known), dim=-1))
        shift = 2 / self.antennas[0] * torch.tanh(learned[:, : self.paths])
        aoa = wrapped(self._position(found.aoa, fine, self.search.aoa_grid) + shift)
        digits = to_digits((aoa + 1) / 2)
        amplitude = (energy(found.gain) + 1e-9).sqrt()
        relative = amplitude / amplitude[:, :1]
        head: list[Tensor] = [digits[:, 0, 0]] * self.order.head
        for path, places in enumerate(self.order.digits):
            for digit, place in enumerate(places):
                head[place] = digits[:, path, digit]
        for path, place in enumerate(self.order.shares, start=1):
            head[place] = torch.sigmoid(shares[:, path])
        head[self.order.level] = torch.sigmoid(2 * torch.log10(energy(found.gain[:, 0]) + 1e-6))
        for index, place in enumerate(self.order.free):
            head[place] = torch.sigmoid(learned[:, self.paths + index])
        spectrum = (relative.square().unsqueeze(-1) * fine).amax(dim=1)
        logits = _CONTRAST * (spectrum - 0.5) + self.spectrum(hidden).transpose(1, 2).flatten(1)
        pooled = [logits.unflatten(-1, (-1, pool)).amax(dim=-1) for pool in SPECTRUM_POOLS]
        whole = torch.cat(
            (self.order.sent(torch.stack(head, dim=-1), low), torch.sigmoid(torch.cat(pooled, dim=-1))),
            dim=-1,
        )
        return whole[:, : self.features]

    def _csi(self, found: FoundPaths, phases: Tensor, context: Tensor, sounded: Tensor) -> Tensor:
        """S_CSI,UE: each path's response at the first data symbol through each stream's beam, over subcarriers."""
        turns = found.doppler.unsqueeze(-1) * sounded - found.delay.unsqueeze(-1) * self.search.frequency
        response = multiply(phasor(2 * math.pi * turns), found.gain.unsqueeze(2))
        response = response * torch.rsqrt(energy(found.gain).sum(dim=1) + 1e-9).reshape(-1, 1, 1, 1)
        departed = departures(found.aod, phases)
        through = multiply(response.unsqueeze(3), departed.unsqueeze(2)) / self.antennas[1]
        tokens = self.csi_embed(through.transpose(1, 2).flatten(2)) + self.csi_context(context).unsqueeze(1)
        csi: Tensor = self.to_csi(nn.functional.gelu(tokens))
        return csi
