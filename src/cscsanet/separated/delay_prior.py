"""What a BS expects of a UE's channel between its DMRS, from the initial CSI: which delays, and how strong at each chain.

Initial CSI ages: phases turn and the Doppler shift is not told. Where paths come from, their delays and their strengths stay
for a frame, so they say how the effective channel varies over the band,

    r_f(dn) = (1 - e) sum over p of  w_p exp(-j 2 pi dn tau_p / N_c) sinc(d_p dn / N_c)  +  e r_uniform(dn)

with d the width that the delay is known within, w_p the share of path p at a chain through the beams of both ends, and e what
is left to paths that nobody told of. A path whose delay was not told may have any, and then this is r_uniform again.

Axes: K UEs, P paths, R chains, M distances in subcarriers.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from cscsanet.links.physical_layer import Beams
from cscsanet.networks.beam_grid import array_response
from cscsanet.networks.complex_pairs import energy, phasor, to_complex
from cscsanet.params import ChannelParams
from cscsanet.separated.feedback import ToldPaths
from cscsanet.separated.pca import channel_beams

_FAINT = 1e-12  # keeps the shares of a UE that nothing was told of defined


class DelayPrior(NamedTuple):
    """delay, width: (batch, K, P) [samples]; weight: (batch, K, R, P), shares that sum to 1 - e."""

    delay: Tensor
    width: Tensor
    weight: Tensor

    def over_band(self, user: int, distances: Tensor, uniform: Tensor, subcarriers: int) -> Tensor:
        """Return r_f (batch, R, M) of one UE, complex64, at distances (M,) where r_uniform is `uniform` (M,)."""
        turns = self.delay[:, user].unsqueeze(-1) * distances / subcarriers
        spread = torch.sinc(self.width[:, user].unsqueeze(-1) * distances / subcarriers)
        of_paths = to_complex(phasor(-2 * math.pi * turns) * spread.unsqueeze(-1))
        weight = self.weight[:, user]
        rest = (1 - weight.sum(dim=-1, keepdim=True)).to(of_paths.dtype)
        return weight.to(of_paths.dtype) @ of_paths + rest * uniform


@dataclass(frozen=True)
class InformedBeams(Beams):
    """Beams of one stream a UE, and what the BS expects of the delays that it will hear; None: nothing but the longest."""

    prior: DelayPrior | None = None


def delay_prior(
    told: ToldPaths, combiner: Tensor, channel: ChannelParams, *, untold: float, blur: float
) -> DelayPrior:
    """Return what told paths (batch x K, P) say of the delays behind a combiner (batch, R, N_r).

    untold: the share e of paths that nobody told of; blur: what the UE's estimate of a delay is uncertain by [samples].
    """
    paths, users = told.paths, channel.users
    beam, _ = channel_beams(paths, channel)
    depart = to_complex(array_response(paths.aod, channel.ue_antennas))
    sent = energy(paths.gain) * (depart.conj() @ beam.unsqueeze(-1)).squeeze(-1).abs().square()
    arrive = to_complex(array_response(paths.aoa, channel.bs_antennas))
    arrive = arrive.reshape(-1, users, *arrive.shape[1:])
    heard = (combiner.unsqueeze(1) @ arrive.mT).abs().square()
    strength = heard * sent.reshape(-1, users, 1, sent.shape[-1]) + _FAINT
    # An unknown delay lies anywhere, so in the middle by half of all.
    longest = channel.max_delay
    known = told.delay_width < longest
    centre = torch.where(known, paths.delay, longest / 2)
    width = (told.delay_width + blur).clamp_max(longest)
    return DelayPrior(
        centre.reshape(-1, users, centre.shape[-1]),
        width.reshape(-1, users, width.shape[-1]),
        (1 - untold) * strength / strength.sum(dim=-1, keepdim=True),
    )
