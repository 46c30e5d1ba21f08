"""Prior on the delays of a UE's channel, from the initial CSI, for the interpolation between DMRS.

The initial CSI ages: phases change, and the Doppler shift is not fed back. Directions, delays and
strengths of the paths remain constant for a frame, so they determine how the effective channel
varies over the band,

    r_f(dn) = (1 - e) sum over p of  w_p exp(-j 2 pi dn tau_p / N_c) sinc(d_p dn / N_c)
              + e r_uniform(dn)

with d the width of the interval of the fed back delay, w_p the share of path p at a chain through
the beams of both ends, and e the share of paths that were not fed back. A path without a fed back
delay has a delay uniform over the longest, and then r_f is r_uniform again.

Axes: K UEs, P paths, R chains, M distances in subcarriers.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from cscsanet.baselines.feedback import FedBackPaths
from cscsanet.baselines.pca import channel_beams
from cscsanet.config.system import ChannelParams
from cscsanet.links.physical_layer import Beams
from cscsanet.networks import iq
from cscsanet.networks.beamspace.beam_grid import array_response
from cscsanet.networks.iq import to_complex

_MIN_STRENGTH = 1e-12  # keeps the shares defined for a UE without fed back paths


class DelayPrior(NamedTuple):
    """Delays and widths (batch, K, P) [samples]; weights (batch, K, R, P), which sum to 1 - e."""

    delay: Tensor
    width: Tensor
    weight: Tensor

    def frequency_correlation(
        self, user: int, distances: Tensor, uniform: Tensor, subcarriers: int
    ) -> Tensor:
        """Return r_f (batch, R, M) of one UE, complex64, at distances (M,).

        uniform: r_uniform (M,) at the same distances.
        """
        cycles = self.delay[:, user].unsqueeze(-1) * distances / subcarriers
        spread = torch.sinc(self.width[:, user].unsqueeze(-1) * distances / subcarriers)
        of_paths = to_complex(iq.cis(-2 * math.pi * cycles) * spread.unsqueeze(-1))
        weight = self.weight[:, user]
        rest = (1 - weight.sum(dim=-1, keepdim=True)).to(of_paths.dtype)
        return weight.to(of_paths.dtype) @ of_paths + rest * uniform


@dataclass(frozen=True)
class BeamsWithPrior(Beams):
    """Beams of one stream for each UE, and what the BS knows of the channel.

    prior: on the delays; None if only the longest is known. fed_back: the paths (batch x K, P); None without feedback.
    """

    prior: DelayPrior | None = None
    fed_back: FedBackPaths | None = None


def delay_prior(
    feedback: FedBackPaths,
    combiner: Tensor,
    channel: ChannelParams,
    *,
    unreported_share: float,
    delay_error: float,
) -> DelayPrior:
    """Return the prior on the delays after the combiner.

    feedback: paths (batch x K, P); combiner: (batch, R, N_r).
    unreported_share: e, the power share of paths that were not fed back. delay_error: uncertainty
    of the UE's delay estimates [samples].
    """
    paths, users = feedback.paths, channel.users
    beam, _ = channel_beams(paths, channel)
    depart = to_complex(array_response(paths.aod, channel.ue_antennas))
    sent = iq.abs2(paths.gain) * (depart.conj() @ beam.unsqueeze(-1)).squeeze(-1).abs().square()
    arrive = to_complex(array_response(paths.aoa, channel.bs_antennas))
    arrive = arrive.reshape(-1, users, *arrive.shape[1:])
    received = (combiner.unsqueeze(1) @ arrive.mT).abs().square()
    strength = received * sent.reshape(-1, users, 1, sent.shape[-1]) + _MIN_STRENGTH
    # The interval of an unknown delay is the whole range, with the centre in its middle.
    longest = channel.max_delay
    known = feedback.delay_width < longest
    centre = torch.where(known, paths.delay, longest / 2)
    width = (feedback.delay_width + delay_error).clamp_max(longest)
    return DelayPrior(
        centre.reshape(-1, users, centre.shape[-1]),
        width.reshape(-1, users, width.shape[-1]),
        (1 - unreported_share) * strength / strength.sum(dim=-1, keepdim=True),
    )
