"""Linear MMSE detection of all UEs at once, and the spectral efficiency after it.

Detection of unit-energy symbols s, with the combiner's coloured noise and the error of the channel
estimate:

    s_hat = H^H (H H^H + sigma^2 W W^H + sum over k of E_k)^-1 y

The estimate is biased towards zero, the more the less certain a symbol is; decoders are trained on
such symbols.

Spectral efficiency of each UE after detection, one stream for each UE:

    SE_k = log2(1 + SINR_k) = log2 det(I + E E^H) - log2 det(I + E_-k E_-k^H)

with E (R x K) the whitened effective channels of all UEs and E_-k those of the others. Unlike eq.
(30), in which every UE has the chains alone, it includes the interference between the UEs.

Axes: D payload elements, T OFDM symbols, N_c subcarriers, K UEs, R chains.
"""

import torch
from torch import Tensor

from cscsanet.channel.paths import PathDrops
from cscsanet.channel.response import effective_channel
from cscsanet.channel.spectral_efficiency import spectral_efficiency
from cscsanet.config.system import ChannelParams

_FLOOR = 1e-6  # of the mean noise: keeps the covariance regular if chains coincide


def detected_se(
    paths: PathDrops, precoder: Tensor, combiner: Tensor, snr: float, symbols: Tensor, channel: ChannelParams
) -> Tensor:
    """Return SE (batch, K) [bit/s/Hz], mean over symbols (T,) and subcarriers.

    precoder: F (batch, K, N_t, 1); combiner: W (batch, R, N_r); snr: P_t / sigma^2, linear.
    """
    effective = effective_channel(paths, precoder, combiner, symbols, channel)
    columns = effective.squeeze(-1).movedim(1, -1)

    def rate(users: Tensor) -> Tensor:
        # Every UE sends with all of P_t, while `spectral_efficiency` splits it among the columns.
        return spectral_efficiency(
            users, combiner, snr * users.shape[-1], channel.ue_antennas, "coloured"
        ).mean(dim=(1, 2))

    users = columns.shape[-1]
    total = rate(columns)
    return torch.stack(
        [
            total - rate(columns[..., [other for other in range(users) if other != user]])
            for user in range(users)
        ],
        dim=1,
    )


def detect(received: Tensor, channel: Tensor, error: Tensor, noise: Tensor) -> Tensor:
    """Return s_hat (batch, K, D).

    received: y (batch, D, R). channel, error: the estimate and its error variance (batch, K, D, R).
    noise: sigma^2 W W^H (batch, R, R).
    """
    mixing = channel.permute(0, 2, 3, 1)
    whitened = torch.linalg.solve(_covariance(mixing, error, noise), received.unsqueeze(-1))
    detected: Tensor = mixing.mH @ whitened
    return detected.squeeze(-1).transpose(1, 2)


def detection_gain(channel: Tensor, error: Tensor, noise: Tensor) -> Tensor:
    """Return q (batch, K, D): a receiver that trusts its estimate expects s_hat = q s + n, n ~ CN(0, q (1 - q)).

    Arguments as those of `detect`. q / (1 - q) is the SINR.
    """
    mixing = channel.permute(0, 2, 3, 1)
    whitened = torch.linalg.solve(_covariance(mixing, error, noise), mixing)
    gain: Tensor = (mixing.conj() * whitened).sum(dim=-2).real
    return gain.transpose(1, 2)


def _covariance(mixing: Tensor, error: Tensor, noise: Tensor) -> Tensor:
    """Return the covariance (batch, D, R, R) of what is received. mixing: (batch, D, R, K)."""
    floor = noise.diagonal(dim1=-2, dim2=-1).real.mean(dim=-1)[:, None, None] * _FLOOR
    uncertain = torch.diag_embed(error.sum(dim=1) + floor)
    return mixing @ mixing.mH + noise.unsqueeze(1) + uncertain
