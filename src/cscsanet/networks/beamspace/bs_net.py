"""BS-CSANet with a beamspace front end: feedback bits -> analog combiner, channel semantics.

    q[1], ..., q[K] -> dequantise -> directions, spectra -> layers over beams -> phases of W_RF (18)
                                                                              -> S_CSI,BS

It has the interface of eq. (19): the bits and the SNR are the only inputs. Before any training, the
chains point at the directions that were fed back.

Axes: K users, P paths of each, B feedback bits of one UE, F = B / 2 features, I beams, N_r
antennas, C = N_RF chains.
"""

import math

import torch
from torch import Tensor, nn

from cscsanet.config.operating_point import Capacity
from cscsanet.config.system import ChannelParams, CsaParams
from cscsanet.networks import iq
from cscsanet.networks.beamspace.beam_grid import directions, overlap
from cscsanet.networks.beamspace.beam_head import BeamHead, chirp_of_width
from cscsanet.networks.beamspace.beam_layers import BeamTrunk, Mlp, scaled_init
from cscsanet.networks.beamspace.direction_code import DIGITS, FREE, SPECTRUM_POOLS, codeword_order
from cscsanet.networks.beamspace.phase_prediction import apply_phase_reference
from cscsanet.networks.beamspace.stream_allocation import (
    SNR_SCALE,
    SWITCH_DB,
    beam_weights,
    effective_logit,
    only_strongest,
)
from cscsanet.networks.interfaces import BsChannelView
from cscsanet.networks.quantiser import BITS_PER_FEATURE, dequantise
from cscsanet.networks.transformer import sine_positions

_ALWAYS = 30.0  # the logit of a share of one


class BeamspaceBs(nn.Module):
    """The base station's channel semantic-aware network, over beams."""

    grid: Tensor
    positions: Tensor
    chain_assignment: Tensor

    def __init__(
        self,
        channel: ChannelParams,
        params: CsaParams,
        capacity: Capacity,
        *,
        phase_reference: bool = False,
        one_beam: bool = False,
    ) -> None:
        """phase_reference: whether chains follow the rule of `phase_prediction`. one_beam: see `ue_net`."""
        super().__init__()
        self.phase_reference = phase_reference
        self.one_beam = one_beam
        self.users, self.paths, self.chains = channel.users, channel.rf_chains, channel.rf_chains
        self.antennas = channel.bs_antennas
        self.order = codeword_order(self.paths, params.aoa_beams)
        self.features = capacity.feedback_bits // BITS_PER_FEATURE
        self.tokens = params.aoa_beams // 2
        self.register_buffer("grid", directions(self.tokens), persistent=False)
        candidates = self.users * self.paths
        inputs = 1 + candidates * (candidates - 1) // 2 + self.users * (4 * self.paths + FREE)
        self.register_buffer("chain_assignment", self._chain_assignment(), persistent=False)
        self.sharpness = nn.Parameter(torch.tensor(3.0))
        hidden = params.beam_features
        channels = self.users * (self.paths + len(SPECTRUM_POOLS) + 1)
        self.trunk = BeamTrunk(channels, inputs, hidden, params.beam_layers)
        self.on_grid = scaled_init(nn.Conv1d(hidden, 2 * self.chains, 1), 0.001)
        # A logit and a phase for each chain and beam, and a chirp for each beam.
        self.num_weights = 2 * self.chains * candidates
        self.mixer = Mlp(2 * hidden + inputs, 2 * params.model_features, self.num_weights + candidates)
        self.head = BeamHead(channel.bs_antennas, self.tokens)
        self.csi_context = nn.Linear(2 * hidden + inputs, params.model_features)
        positions = sine_positions(channel.subcarriers, params.model_features)
        self.register_buffer("positions", positions, persistent=False)
        self.csi_mix = nn.Linear(params.model_features, params.model_features)
        self.to_csi = nn.Linear(params.model_features, params.csi_features)

    def _chain_assignment(self) -> Tensor:
        """Return (C, K P), 1 where the chain receives path p of UE k if it carries a stream."""
        assignment = torch.zeros(self.chains, self.users, self.paths)
        for user in range(self.users):
            for path in range(self.paths):
                assignment[(user + path) % self.chains, user, path] = 1
        for chain in range(self.users, self.chains):
            # A direction for chains beyond the users while no further path carries a stream.
            assignment[chain, chain % self.users, 0] = 0.1
        return assignment.flatten(1)

    def forward(self, bits: Tensor, active: Tensor, snr_db: Tensor) -> BsChannelView:
        """Decode the feedback into the combiner's phases and the channel semantics.

        bits: (batch, K, B), 0 or 1. active: (B / 2,), 1 for the codeword features that were fed
        back and 0 for the rest, whose bits have no effect. snr_db: (batch, 1).
        """
        missing = self.order.length - self.features
        fed_back = nn.functional.pad(active, (0, missing)).expand(bits.shape[0], -1)
        codeword = nn.functional.pad(dequantise(bits), (0, missing), value=0.5)
        snr, low_snr = snr_db / SNR_SCALE, snr_db < SWITCH_DB
        fed_back = self.order.from_feedback_order(fed_back, low_snr)
        codeword = self.order.from_feedback_order(codeword, low_snr.unsqueeze(1))
        centred = (codeword - 0.5) * fed_back.unsqueeze(1)
        aoa, num_digits = self.order.directions(codeword, fed_back.unsqueeze(1))
        aoa, num_digits = aoa.flatten(1), num_digits.expand(-1, self.users, -1).flatten(1)
        inputs = torch.cat(
            (snr, self._overlaps(aoa), self._codeword_features(aoa, num_digits, centred)), dim=-1
        )
        hidden, context = self.trunk(self._beams(aoa, centred), inputs)
        context = torch.cat((context, inputs), dim=-1)
        learned = self.mixer(context)
        shares = torch.sigmoid(self._share_logits(codeword, fed_back, snr))
        prior = self.chain_assignment * shares.unsqueeze(1)
        weights = beam_weights(prior, learned[:, : self.num_weights], (num_digits > 0).to(snr.dtype))
        # A chirp covers a cell that is wider than a beam.
        chirp = chirp_of_width(2 * 4.0 ** (-num_digits), self.antennas)
        chirp = chirp * (1 + learned[:, self.num_weights :])
        on_grid = self.on_grid(hidden).unflatten(1, (self.chains, 2)).transpose(2, 3)
        # W is applied as W y, without a further conjugate: its rows are conjugate steering vectors.
        phases = -self.head(aoa, weights, chirp, on_grid)
        if self.phase_reference:
            phases = apply_phase_reference(phases, aoa, iq.magnitude(weights))
        return BsChannelView(phases, self._csi(context))

    def _share_logits(self, codeword: Tensor, fed_back: Tensor, snr: Tensor) -> Tensor:
        """Return the logit (batch, K P) of each path's share; that of the strongest path is one."""
        share_reported, direction_reported = self.order.reported(fed_back)
        further = codeword[..., list(self.order.shares)]
        logit = self.sharpness * torch.log(further / (1 - further))
        logit = nn.functional.pad(logit, (1, 0), value=_ALWAYS)
        logit = effective_logit(
            logit, snr.unsqueeze(1), share_reported.unsqueeze(1), direction_reported.unsqueeze(1)
        )
        return (only_strongest(logit) if self.one_beam else logit).flatten(1)

    def _overlaps(self, aoa: Tensor) -> Tensor:
        first, second = torch.triu_indices(aoa.shape[1], aoa.shape[1], offset=1)
        return overlap(aoa[:, first], aoa[:, second], self.antennas)

    def _codeword_features(self, aoa: Tensor, num_digits: Tensor, centred: Tensor) -> Tensor:
        """Return directions, precision and scalars of the codewords (batch, K (4 P + FREE))."""
        scalars = centred[..., [*self.order.shares, self.order.gain, *self.order.free]]
        return torch.cat(
            (
                torch.cos(math.pi * aoa),
                torch.sin(math.pi * aoa),
                num_digits / DIGITS,
                2 * scalars.flatten(1),
            ),
            dim=-1,
        )

    def _beams(self, aoa: Tensor, centred: Tensor) -> Tensor:
        """Return beams at the directions, and spectra: (batch, K (P + 6), I / 2)."""
        parts = [overlap(aoa.unsqueeze(-1), self.grid, self.antennas)]
        for pool, (first, end) in zip(SPECTRUM_POOLS, self.order.spectrum, strict=True):
            spectrum = centred[..., first:end]
            if pool == 1:
                parts.append(spectrum.reshape(*spectrum.shape[:2], -1, 2).transpose(2, 3).flatten(1, 2))
            else:
                parts.append(spectrum.repeat_interleave(pool // 2, dim=-1))
        return torch.cat(parts, dim=1)

    def _csi(self, context: Tensor) -> Tensor:
        """Return S_CSI,BS (batch, N_c, d_CSI)."""
        tokens = nn.functional.gelu(self.csi_context(context).unsqueeze(1) + self.positions)
        csi: Tensor = self.to_csi(nn.functional.gelu(self.csi_mix(tokens)))
        return csi
