"""BS-CSANet with a beamspace front: the feedback bits of all UEs -> analog combiner, channel semantics.

    q[1], ..., q[K] -> dequantise -> positions and spectra -> layers over beams -> beams -> phases of W_RF   (18)
                                                                             -> S_CSI,BS

It has the interface of eq. (19): the BS knows nothing of the channel but these bits, and the SNR. Before any training
its chains point where the bits say.

Axes: K users, P paths of each, B feedback bits of one UE, F = B / 2 features, I beams, N_r antennas, N_RF chains.
"""

import math

import torch
from torch import Tensor, nn

from cscsanet.networks.beam_grid import directions, overlap
from cscsanet.networks.beam_head import BeamHead, chirp_of_width
from cscsanet.networks.beam_layers import BeamTrunk, Mixer, small
from cscsanet.networks.bs_csa_net import BsChannelView
from cscsanet.networks.complex_pairs import energy
from cscsanet.networks.phase_alignment import reference
from cscsanet.networks.position_code import DIGITS, FREE, SPECTRUM_POOLS, codeword_order
from cscsanet.networks.quantiser import BITS_PER_FEATURE, dequantise
from cscsanet.networks.strategy_gate import SNR_SCALE, SWITCH_DB, beam_weights, decided
from cscsanet.networks.transformer import sine_positions
from cscsanet.params import ChannelParams, CsaParams
from cscsanet.points import Capacity

_ALWAYS = 30.0


class BeamspaceBs(nn.Module):
    """The base station's channel semantic-aware network, over beams."""

    grid: Tensor
    positions: Tensor
    listens: Tensor

    def __init__(
        self, channel: ChannelParams, params: CsaParams, capacity: Capacity, *, referenced: bool = False
    ) -> None:
        """referenced: whether chains keep the rule of `phase_alignment`."""
        super().__init__()
        self.referenced = referenced
        self.users, self.paths, self.chains = channel.users, channel.rf_chains, channel.rf_chains
        self.antennas = channel.bs_antennas
        self.order = codeword_order(self.paths, params.aoa_beams)
        self.features = capacity.feedback_bits // BITS_PER_FEATURE
        self.tokens = params.aoa_beams // 2
        self.register_buffer("grid", directions(self.tokens), persistent=False)
        candidates = self.users * self.paths
        known = 1 + candidates * (candidates - 1) // 2 + self.users * (4 * self.paths + FREE)
        self.register_buffer("listens", self._listens(), persistent=False)
        self.sharpness = nn.Parameter(torch.tensor(3.0))
        hidden = params.beam_features
        channels = self.users * (self.paths + len(SPECTRUM_POOLS) + 1)
        self.trunk = BeamTrunk(channels, known, hidden, params.beam_layers)
        self.on_grid = small(nn.Conv1d(hidden, 2 * self.chains, 1), 0.001)
        # A logit and a phase for each chain and beam, and a chirp for each beam.
        self.weighed = 2 * self.chains * candidates
        self.mixer = Mixer(2 * hidden + known, 2 * params.model_features, self.weighed + candidates)
        self.head = BeamHead(channel.bs_antennas, self.tokens)
        self.csi_context = nn.Linear(2 * hidden + known, params.model_features)
        positions = sine_positions(channel.subcarriers, params.model_features)
        self.register_buffer("positions", positions, persistent=False)
        self.csi_mix = nn.Linear(params.model_features, params.model_features)
        self.to_csi = nn.Linear(params.model_features, params.csi_features)

    def _listens(self) -> Tensor:
        """Which chain listens to path p of UE k, if that carries a stream: (C, K P)."""
        listens = torch.zeros(self.chains, self.users, self.paths)
        for user in range(self.users):
            for path in range(self.paths):
                listens[(user + path) % self.chains, user, path] = 1
        for chain in range(self.users, self.chains):
            # Something to hear while no further path carries a stream.
            listens[chain, chain % self.users, 0] = 0.1
        return listens.flatten(1)

    def forward(self, bits: Tensor, active: Tensor, snr_db: Tensor) -> BsChannelView:
        """Read the feedback.

        bits: (batch, K, B), 0 or 1. active: (B / 2,), 1 for the codeword features that were fed back and 0 for
        the rest, whose bits are not looked at. snr_db: (batch, 1).
        """
        missing = self.order.length - self.features
        fed_back = nn.functional.pad(active, (0, missing)).expand(bits.shape[0], -1)
        codeword = nn.functional.pad(dequantise(bits), (0, missing), value=0.5)
        snr, low = snr_db / SNR_SCALE, snr_db < SWITCH_DB
        fed_back, codeword = self.order.placed(fed_back, low), self.order.placed(codeword, low.unsqueeze(1))
        centred = (codeword - 0.5) * fed_back.unsqueeze(1)
        aoa, digits = self.order.directions(codeword, fed_back.unsqueeze(1))
        aoa, digits = aoa.flatten(1), digits.expand(-1, self.users, -1).flatten(1)
        known = torch.cat((snr, self._overlaps(aoa), self._told(aoa, digits, centred)), dim=-1)
        hidden, context = self.trunk(self._beams(aoa, centred), known)
        context = torch.cat((context, known), dim=-1)
        learned = self.mixer(context)
        prior = self.listens * torch.sigmoid(self._shares(codeword, fed_back, snr)).unsqueeze(1)
        weights = beam_weights(prior, learned[:, : self.weighed], (digits > 0).to(snr.dtype))
        # A cell wider than a beam is covered by a chirp.
        chirp = chirp_of_width(2 * 4.0 ** (-digits), self.antennas)
        chirp = chirp * (1 + learned[:, self.weighed :])
        on_grid = self.on_grid(hidden).unflatten(1, (self.chains, 2)).transpose(2, 3)
        # W is applied as W y, without a further conjugate: its rows are conjugate steering vectors.
        phases = -self.head(aoa, weights, chirp, on_grid)
        if self.referenced:
            phases = reference(phases, aoa, energy(weights).sqrt())
        return BsChannelView(phases, self._csi(context))

    def _shares(self, codeword: Tensor, fed_back: Tensor, snr: Tensor) -> Tensor:
        """The logit (batch, K P) of each path's share; the strongest path's is always one."""
        told, heard = self.order.told(fed_back)
        further = codeword[..., list(self.order.shares)]
        logit = self.sharpness * torch.log(further / (1 - further))
        logit = nn.functional.pad(logit, (1, 0), value=_ALWAYS)
        return decided(logit, snr.unsqueeze(1), told.unsqueeze(1), heard.unsqueeze(1)).flatten(1)

    def _overlaps(self, aoa: Tensor) -> Tensor:
        one, other = torch.triu_indices(aoa.shape[1], aoa.shape[1], offset=1)
        return overlap(aoa[:, one], aoa[:, other], self.antennas)

    def _told(self, aoa: Tensor, digits: Tensor, centred: Tensor) -> Tensor:
        """What the codeword says of the whole: (batch, K (4 P + FREE))."""
        scalars = centred[..., [*self.order.shares, self.order.level, *self.order.free]]
        return torch.cat(
            (
                torch.cos(math.pi * aoa),
                torch.sin(math.pi * aoa),
                digits / DIGITS,
                2 * scalars.flatten(1),
            ),
            dim=-1,
        )

    def _beams(self, aoa: Tensor, centred: Tensor) -> Tensor:
        """Channels over beams (batch, K (P + 6), I / 2): beams at the positions, and the spectra fed back."""
        parts = [overlap(aoa.unsqueeze(-1), self.grid, self.antennas)]
        for pool, (first, end) in zip(SPECTRUM_POOLS, self.order.spectrum, strict=True):
            level = centred[..., first:end]
            if pool == 1:
                parts.append(level.reshape(*level.shape[:2], -1, 2).transpose(2, 3).flatten(1, 2))
            else:
                parts.append(level.repeat_interleave(pool // 2, dim=-1))
        return torch.cat(parts, dim=1)

    def _csi(self, context: Tensor) -> Tensor:
        tokens = nn.functional.gelu(self.csi_context(context).unsqueeze(1) + self.positions)
        csi: Tensor = self.to_csi(nn.functional.gelu(self.csi_mix(tokens)))
        return csi
