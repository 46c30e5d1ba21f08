"""Beams of one stream for each UE and one chain for each UE at the BS: by principal components, or learned.

    PCA   f_k and w_k along the principal components of UE k's channel, each through the other's beam   (`pca`)
    DL    the same beams, with every path's part in them weighed anew by a Transformer over paths:

          phases of  f + sum over p of c_p a(u_p) a(u_p)^H f / N,    at the BS over the paths of all UEs

so that c = -1 takes a path out, as a chain wants of other UEs' paths, and what is learned does not depend on any phase that
nobody knows. Before training DL is PCA. A UE goes by its own estimate, the BS by what it was told; where the feedback
names a cell that is wider than a beam, the chain's beam is bent to cover it.

Axes: K UEs, P paths of each, N antennas, 2 = I/Q.
"""

import math

import torch
from torch import Tensor, nn

from cscsanet.networks.beam_grid import array_response
from cscsanet.networks.beam_head import chirp_of_width, phase
from cscsanet.networks.complex_pairs import energy, phasor, to_complex, to_pairs
from cscsanet.networks.phase_alignment import KnownPaths
from cscsanet.networks.strategy_gate import SNR_SCALE
from cscsanet.params import ChannelParams, Params
from cscsanet.separated.feedback import ToldPaths, told_truly
from cscsanet.separated.path_transformer import PathTransformer
from cscsanet.separated.pca import channel_beams

_OCTAVES = (1, 4, 16)  # of the phases by which a direction is shown to a network


class PcaPrecoding(nn.Module):
    """Principal components at both ends."""

    def __init__(self, channel: ChannelParams) -> None:
        super().__init__()
        self.channel = channel

    def forward(self, own: KnownPaths, told: ToldPaths, snr_db: float) -> tuple[Tensor, Tensor]:
        """Return F (batch, K, N_t, 1) and W (batch, K, N_r), both unit modulus; own, told: (batch x K, P)."""
        return self.beams(*_principal_beams(own, told, self.channel), told)

    def beams(self, departure: Tensor, arrival: Tensor, told: ToldPaths) -> tuple[Tensor, Tensor]:
        """Give beams (batch x K, N) of all UEs the shapes that `forward` tells, and bend those of the BS."""
        users = self.channel.users
        combiner = (arrival * _bend(told, self.channel)).conj().resolve_conj()
        precoder = departure.reshape(-1, users, self.channel.ue_antennas, 1)
        return precoder, combiner.reshape(-1, users, self.channel.bs_antennas)


class DlPrecoding(PcaPrecoding):
    """Principal components, weighed anew by Transformers; trained for the spectral efficiency after detection."""

    def __init__(self, params: Params) -> None:
        super().__init__(params.channel)
        csa = params.csa
        figures = 4 * len(_OCTAVES) + 8
        self.ue = PathTransformer(figures, csa, csa.branch_layers, 2)
        self.bs = PathTransformer(
            figures + 2 * self.channel.users, csa, csa.trunk_layers, 2 * self.channel.users
        )

    def forward(self, own: KnownPaths, told: ToldPaths, snr_db: float) -> tuple[Tensor, Tensor]:
        """As `PcaPrecoding.forward`."""
        departure, arrival = _principal_beams(own, told, self.channel)
        learned = to_complex(self.ue(_figures(told_truly(own), snr_db))).unsqueeze(-1)
        departure = _reweighed(departure.unsqueeze(1), _array(own.aod, self.channel.ue_antennas), learned)
        return self.beams(departure.squeeze(1), self._arrival(arrival, told, snr_db), told)

    def _arrival(self, arrival: Tensor, told: ToldPaths, snr_db: float) -> Tensor:
        """Every chain's beam (batch x K, N_r), from all UEs' paths."""
        users, antennas = self.channel.users, self.channel.bs_antennas
        chains = arrival.reshape(-1, users, antennas)
        steering = _array(told.paths.aoa, antennas).reshape(chains.shape[0], -1, antennas)
        heard = (steering.conj() @ chains.mT).abs() / antennas
        user = torch.eye(users, device=heard.device).repeat_interleave(told.width.shape[1], dim=0)
        figures = _figures(told, snr_db).reshape(*heard.shape[:2], -1)
        tokens = torch.cat((figures, heard, user.expand(figures.shape[0], -1, -1)), dim=-1)
        learned = to_complex(self.bs(tokens).reshape(*heard.shape, 2))
        return _reweighed(chains, steering, learned).flatten(0, 1)


def _principal_beams(own: KnownPaths, told: ToldPaths, channel: ChannelParams) -> tuple[Tensor, Tensor]:
    """Return each UE's beam (batch x K, N_t) by its own estimate, and its chain's (batch x K, N_r) by what was told."""
    return channel_beams(own, channel)[0], channel_beams(told.paths, channel)[1]


def _reweighed(beams: Tensor, steering: Tensor, weights: Tensor) -> Tensor:
    """Return the phases of f + sum over p of c_p a_p a_p^H f / N, (batch, C, N), unit modulus.

    beams: f (batch, C, N); steering: a (batch, P, N); weights: c (batch, P, C).
    """
    response = (steering.conj() @ beams.mT) / steering.shape[-1]
    changed = beams + (weights * response).mT @ steering
    # `phase` has a gradient that stays finite where the sum vanishes.
    return to_complex(phasor(phase(to_pairs(changed))))


def _bend(told: ToldPaths, channel: ChannelParams) -> Tensor:
    """The chirp (batch, N_r) that spreads a chain's beam over the cell of its UE's strongest path."""
    elements = torch.arange(channel.bs_antennas, device=told.width.device) - (channel.bs_antennas - 1) / 2
    strongest = energy(told.paths.gain).argmax(dim=1, keepdim=True)
    chirp = chirp_of_width(told.width.gather(1, strongest), channel.bs_antennas)
    return to_complex(phasor(math.pi * chirp * elements.square()))


def _array(direction: Tensor, antennas: int) -> Tensor:
    """a (batch, P, N)."""
    return to_complex(array_response(direction, antennas))


def _figures(told: ToldPaths, snr_db: float) -> Tensor:
    """What is known of each path, (batch, P, figures)."""
    paths, width = told.paths, told.width
    strength = torch.log10(energy(paths.gain) + 1e-6)
    turn = torch.atan2(paths.gain[..., 1], paths.gain[..., 0])
    relative = turn - turn[:, :1]
    parts = [
        strength,
        strength - strength[:, :1],
        torch.full_like(strength, snr_db / SNR_SCALE),
        torch.log10(width + 1e-3),
        torch.cos(relative),
        torch.sin(relative),
        torch.tanh(paths.delay - paths.delay[:, :1]),
        torch.tanh((paths.delay - paths.delay[:, :1]) / 4),
    ]
    for octave in _OCTAVES:
        for angle in (paths.aoa, paths.aod):
            parts += [torch.cos(octave * math.pi * angle), torch.sin(octave * math.pi * angle)]
    return torch.stack(parts, dim=-1)
