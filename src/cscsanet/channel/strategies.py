"""Two hand-made hybrid strategies with perfect angles: a classical answer to low and to high SNR.

Axes: leading axes are batch; K users, L_p paths, R = S = rf_chains, N_r / N_t antennas at BS / UE.
"""

import torch
from torch import Tensor

from cscsanet.channel.paths import PathDrops
from cscsanet.channel.steering import steering
from cscsanet.params import ChannelParams


def chain_per_user(paths: PathDrops, params: ChannelParams) -> tuple[Tensor, Tensor]:
    """Point each BS chain at one user's strongest path and all streams at the strongest AoD: for low SNR.

    Returns precoder F (..., K, N_t, S) and combiner W (..., R, N_r), unit modulus.
    """
    depart, arrive = _beams_by_strength(paths, params)
    precoder = depart[..., :1].expand(*depart.shape[:-1], params.rf_chains)
    users = [chain % params.users for chain in range(params.rf_chains)]
    return precoder.contiguous(), arrive[..., users, :, 0].conj().resolve_conj()


def chain_per_path(paths: PathDrops, params: ChannelParams) -> tuple[Tensor, Tensor]:
    """Point chain and stream i at the i-th strongest path, the chain at that of each user: for high SNR.

    A chain's weights are the phases of the sum of the users' steering vectors.
    Returns precoder F (..., K, N_t, S) and combiner W (..., R, N_r), unit modulus.
    """
    depart, arrive = _beams_by_strength(paths, params)
    ranks = [chain % arrive.shape[-1] for chain in range(params.rf_chains)]
    together = arrive[..., ranks].sum(dim=-3).mT
    return depart[..., ranks], torch.polar(torch.ones_like(together.real), -together.angle())


def _beams_by_strength(paths: PathDrops, params: ChannelParams) -> tuple[Tensor, Tensor]:
    """Steering vectors (..., K, N_t, L_p) and (..., K, N_r, L_p) of UE and BS, the strongest path first."""
    order = paths.gain.abs().argsort(dim=-1, descending=True)
    depart = steering(paths.aod.gather(-1, order), params.ue_antennas)
    arrive = steering(paths.aoa.gather(-1, order), params.bs_antennas)
    return depart.mT, arrive.mT
