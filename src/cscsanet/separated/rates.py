"""The spectral efficiency that linear MMSE detection of all UEs leaves to each, one stream a UE.

    SE_k = log2(1 + SINR_k) = log2 det(I + E E^H) - log2 det(I + E_-k E_-k^H)

with E (R x K) the whitened effective channels of all UEs and E_-k those of the others: unlike eq. (30), which lets every
UE have the chains to itself, it counts what the UEs do to each other.

Axes: leading axes are batch, T OFDM symbols, N_c subcarriers; K UEs, R chains.
"""

import torch
from torch import Tensor

from cscsanet.channel.paths import PathDrops
from cscsanet.channel.response import effective_channel
from cscsanet.channel.spectral_efficiency import spectral_efficiency
from cscsanet.params import ChannelParams


def detected_se(
    paths: PathDrops, precoder: Tensor, combiner: Tensor, snr: float, symbols: Tensor, channel: ChannelParams
) -> Tensor:
    """Return SE (batch, K) [bit/s/Hz], mean over symbols (T,) and subcarriers.

    precoder: F (batch, K, N_t, 1); combiner: W (batch, R, N_r); snr: P_t / sigma^2, linear.
    """
    effective = effective_channel(paths, precoder, combiner, symbols, channel)
    together = effective.squeeze(-1).movedim(1, -1)

    def rate(users: Tensor) -> Tensor:
        # Every UE sends with all of P_t, while `spectral_efficiency` shares it among the columns.
        return spectral_efficiency(
            users, combiner, snr * users.shape[-1], channel.ue_antennas, "coloured"
        ).mean(dim=(1, 2))

    users = together.shape[-1]
    whole = rate(together)
    return torch.stack(
        [
            whole - rate(together[..., [other for other in range(users) if other != user]])
            for user in range(users)
        ],
        dim=1,
    )
