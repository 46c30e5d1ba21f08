"""Beams of one stream and one BS chain for each UE: from principal components, or learned.

    PCA   f_k and w_k along the principal components of UE k's channel, each through the other's
          beam (`pca`)
    DL    the same beams, with every path reweighted by a Transformer over paths (those of all UEs
          at the BS):

          phases of  f + sum over p of c_p a(u_p) a(u_p)^H f / N

c = -1 removes a path, which suits a chain and the paths of other UEs. The learned weights do not
depend on any unknown phase. Before training, DL equals PCA. A UE uses its estimate and the BS the
decoded feedback. If the feedback leaves a cell that is wider than a beam, the chain's beam is
widened to cover it.

Axes: K UEs, P paths of each, N antennas, 2 = I/Q.
"""

import math

import torch
from torch import Tensor, nn

from cscsanet.baselines.feedback import FedBackPaths, perfect_feedback
from cscsanet.baselines.pca import channel_beams
from cscsanet.config.params import Params
from cscsanet.config.system import ChannelParams
from cscsanet.networks import iq
from cscsanet.networks.beamspace.beam_grid import array_response
from cscsanet.networks.beamspace.beam_head import chirp_of_width, phase
from cscsanet.networks.beamspace.stream_allocation import SNR_SCALE
from cscsanet.networks.interfaces import PathEstimates
from cscsanet.networks.iq import to_complex, to_pairs
from cscsanet.networks.transformer import PathTransformer

_OCTAVES = (1, 4, 16)  # of the phases that encode a direction as input features


class PcaPrecoding(nn.Module):
    """Principal components at both ends."""

    def __init__(self, channel: ChannelParams) -> None:
        super().__init__()
        self.channel = channel

    def forward(
        self, estimate: PathEstimates, feedback: FedBackPaths, snr_db: float
    ) -> tuple[Tensor, Tensor]:
        """Return F (batch, K, N_t, 1) and W (batch, K, N_r), both of unit modulus.

        estimate: the paths (batch x K, P) at the UEs; feedback: those that the BS decoded.
        """
        return self.beams(*_principal_beams(estimate, feedback, self.channel), feedback)

    def beams(self, departure: Tensor, arrival: Tensor, feedback: FedBackPaths) -> tuple[Tensor, Tensor]:
        """Return F and W as `forward`, from beams (batch x K, N); those of the BS are widened."""
        users = self.channel.users
        combiner = (arrival * _cell_chirp(feedback, self.channel)).conj().resolve_conj()
        precoder = departure.reshape(-1, users, self.channel.ue_antennas, 1)
        return precoder, combiner.reshape(-1, users, self.channel.bs_antennas)


class DlPrecoding(PcaPrecoding):
    """Principal components reweighted by Transformers, trained for the SE after detection."""

    def __init__(self, params: Params) -> None:
        super().__init__(params.channel)
        csa = params.csa
        features = 4 * len(_OCTAVES) + 8
        self.ue = PathTransformer(features, csa, csa.branch_layers, 2)
        self.bs = PathTransformer(
            features + 2 * self.channel.users, csa, csa.trunk_layers, 2 * self.channel.users
        )

    def forward(
        self, estimate: PathEstimates, feedback: FedBackPaths, snr_db: float
    ) -> tuple[Tensor, Tensor]:
        """Return F and W as `PcaPrecoding.forward`."""
        departure, arrival = _principal_beams(estimate, feedback, self.channel)
        learned = to_complex(self.ue(_path_features(perfect_feedback(estimate), snr_db))).unsqueeze(-1)
        departure = _reweight(
            departure.unsqueeze(1), _steering(estimate.aod, self.channel.ue_antennas), learned
        )
        return self.beams(departure.squeeze(1), self._arrival(arrival, feedback, snr_db), feedback)

    def _arrival(self, arrival: Tensor, feedback: FedBackPaths, snr_db: float) -> Tensor:
        """Return every chain's beam (batch x K, N_r), from the paths of all UEs."""
        users, antennas = self.channel.users, self.channel.bs_antennas
        chains = arrival.reshape(-1, users, antennas)
        steering = _steering(feedback.paths.aoa, antennas).reshape(chains.shape[0], -1, antennas)
        response = (steering.conj() @ chains.mT).abs() / antennas
        user = torch.eye(users, device=response.device).repeat_interleave(feedback.width.shape[1], dim=0)
        features = _path_features(feedback, snr_db).reshape(*response.shape[:2], -1)
        tokens = torch.cat((features, response, user.expand(features.shape[0], -1, -1)), dim=-1)
        learned = to_complex(self.bs(tokens).reshape(*response.shape, 2))
        return _reweight(chains, steering, learned).flatten(0, 1)


def _principal_beams(
    estimate: PathEstimates, feedback: FedBackPaths, channel: ChannelParams
) -> tuple[Tensor, Tensor]:
    """Return the UEs' beams (batch x K, N_t) and the chains' beams (batch x K, N_r)."""
    return channel_beams(estimate, channel)[0], channel_beams(feedback.paths, channel)[1]


def _reweight(beams: Tensor, steering: Tensor, weights: Tensor) -> Tensor:
    """Return the phases of f + sum over p of c_p a_p a_p^H f / N, (batch, C, N), unit modulus.

    beams: f (batch, C, N); steering: a (batch, P, N); weights: c (batch, P, C).
    """
    response = (steering.conj() @ beams.mT) / steering.shape[-1]
    changed = beams + (weights * response).mT @ steering
    # `phase` has a gradient that stays finite where the sum vanishes.
    return to_complex(iq.cis(phase(to_pairs(changed))))


def _cell_chirp(feedback: FedBackPaths, channel: ChannelParams) -> Tensor:
    """Return the chirp (batch, N_r) that widens a beam to the cell of the UE's strongest path."""
    elements = torch.arange(channel.bs_antennas, device=feedback.width.device) - (channel.bs_antennas - 1) / 2
    strongest = iq.abs2(feedback.paths.gain).argmax(dim=1, keepdim=True)
    chirp = chirp_of_width(feedback.width.gather(1, strongest), channel.bs_antennas)
    return to_complex(iq.cis(math.pi * chirp * elements.square()))


def _steering(direction: Tensor, antennas: int) -> Tensor:
    """Return the steering vectors a (batch, P, N) of sines (batch, P)."""
    return to_complex(array_response(direction, antennas))


def _path_features(feedback: FedBackPaths, snr_db: float) -> Tensor:
    """Return the input features of each path, (batch, P, features)."""
    paths, width = feedback.paths, feedback.width
    strength = torch.log10(iq.abs2(paths.gain) + 1e-6)
    phases = torch.atan2(paths.gain[..., 1], paths.gain[..., 0])
    relative = phases - phases[:, :1]
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
