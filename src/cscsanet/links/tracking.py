"""Residual phase tracking at the BS: known symbols among the data, one complex gain for each UE and chain.

    UE     rotates its streams so that they arrive in phase (`links/alignment`), and sends few known symbols
    BS     averages what it receives of them: the gain g_ck of UE k at chain c over the whole block
           x_hat = G^H (G G^H + sigma^2 W W^H + E)^-1 y, linear MMSE, in every other resource element

A UE's prediction leaves one common phase: of the oscillators, of the time between CSI-RS and data, and of
what it mistook in Doppler shifts. It is the same for the whole block, so its estimate needs the energy of few
elements and no model of the channel. The gain's magnitude says how well the UE is received: the MMSE estimate
of a weak one is small, which tells the decoder how far to trust it.

The pilots take elements and energy from the block's own: the UE's block has as many elements and as much energy
as without them. In an element with the pilot of a UE the others are silent, and the pilot has the energy that
the UE saves in the pilots of the others.

There is a pilot without elements of its own: the mean of a UE's symbols over images. Trained networks leave a part
of their energy in it, and both ends know it as they know the weights (`StreamMean`). The BS correlates with
it too, and counts the rest of the data as noise. With it a link works without any pilots (share 0).

Axes: K UEs, Q data symbols, N_c subcarriers, S streams, R chains, N_t antennas of a UE.
"""

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cscsanet.channel.impairments import forked
from cscsanet.config.training import PilotParams

_FLOOR = 1e-6  # of the mean noise: keeps the covariance regular if chains coincide
_SIGNIFICANCE = 4.0  # power of a gain over the variance of its error, from which on it counts
_MEMORY = 50.0  # batches of a running mean
_LEAST_SHARE = 1.0  # of the noise that is left in the mean power of a block: the least power of a UE


class Gains(NamedTuple):
    """The estimated gains g (batch, R, K), complex, and the variance (batch, R, K) of their errors."""

    gain: Tensor
    error: Tensor


class PilotShares(nn.Module):
    """The share of a block's elements that have pilots: drawn in a training, else fixed.

    share: outside of trainings. trained: those that are drawn.
    """

    def __init__(self, params: PilotParams) -> None:
        super().__init__()
        self.share, self.trained = params.share, params.trained_shares

    def draw(self, generator: torch.Generator) -> float:
        """Return the share of the next block; the generator stays as it is."""
        if not self.training:
            return self.share
        source = forked(generator, "pilots")
        index = torch.randint(len(self.trained), (), generator=source, device=source.device)
        return self.trained[int(index)]


class StreamMean(nn.Module):
    """The running mean over images of each UE's unscaled symbols, and their power, as of batch normalisation.

    A training ends with a pass over images with its final weights (`restart`), since the weights move while it runs.

    mean: pairs (K, Q, N_c, 2) for the largest Q; power: (K, Q); updates: number of batches seen.
    """

    mean: Tensor
    power: Tensor
    updates: Tensor

    def __init__(self, users: int, data_symbols: int, subcarriers: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(users, data_symbols, subcarriers, 2))
        self.register_buffer("power", torch.ones(users, data_symbols))
        self.register_buffer("updates", torch.zeros(()))

    def restart(self) -> None:
        """Forget all batches."""
        self.mean.zero_()
        self.power.fill_(1.0)
        self.updates.zero_()

    @torch.no_grad()
    def update(self, symbols: Tensor) -> None:
        """Take a batch of symbols (batch, K, Q, N_c), complex, into account; only in a training."""
        if not self.training:
            return
        weight = 1 / (self.updates + 1).clamp_max(_MEMORY)
        self.mean.lerp_(torch.view_as_real(symbols.mean(dim=0).resolve_conj()), weight)
        self.power.lerp_(symbols.abs().square().mean(dim=(0, 3)), weight)
        self.updates += 1

    def reference(self, data_symbols: int) -> Tensor:
        """Return the mean (K, Q, N_c), complex, of symbols that have unit mean power over a block of Q."""
        scale = self.power[:, :data_symbols].mean(dim=1).clamp_min(1e-20).rsqrt()
        return torch.view_as_complex(self.mean[:, :data_symbols].contiguous()) * scale[:, None, None]


@lru_cache(maxsize=256)
def pilot_mask(data_symbols: int, subcarriers: int, users: int, share: float) -> Tensor:
    """Return the resource elements with each UE's pilots, bool (K, Q, N_c).

    share: of the elements, at least one for each UE; 0: no pilots. They are in the last data symbol, and further
    ones before it if they do not fit, evenly spaced over the band, and the UEs take turns. A block of fewer symbols
    is a prefix of a longer one, so its last symbol carries what matters least.
    """
    each = max(1, round(share * data_symbols * subcarriers / users)) if share else 0
    mask = _no_pilots(users, data_symbols, subcarriers)
    for index, (symbol, subcarrier) in enumerate(_spread(each * users, data_symbols, subcarriers)):
        mask[index % users, symbol, subcarrier] = True
    return mask


@lru_cache(maxsize=256)
def orthogonal_pilot_mask(data_symbols: int, subcarriers: int, users: int, share: float) -> Tensor:
    """Return the resource elements with each UE's pilots, bool (K, Q, N_c), for UEs on separate subcarriers.

    share: of the UE's own elements, at least one of them. UE k has every K-th subcarrier, from subcarrier k on.
    """
    own = subcarriers // users
    count = max(1, round(share * data_symbols * own))
    mask = _no_pilots(users, data_symbols, subcarriers)
    for symbol, place in _spread(count, data_symbols, own):
        for user in range(users):
            mask[user, symbol, place * users + user] = True
    return mask


def _no_pilots(*size: int) -> Tensor:
    # A mask that is kept must serve trainings too, even if it is first needed in inference.
    with torch.inference_mode(mode=False):
        return torch.zeros(size, dtype=torch.bool)


def _spread(count: int, symbols: int, subcarriers: int) -> list[tuple[int, int]]:
    """Return `count` elements (symbol, subcarrier), evenly spaced in as few of the last symbols as hold them."""
    rows = -(-count // subcarriers)
    elements = []
    for row in range(rows):
        here = count * (row + 1) // rows - count * row // rows
        elements += [(symbols - 1 - row, int((place + 0.5) * subcarriers / here)) for place in range(here)]
    return elements


def insert_pilots(
    streams: Tensor, precoder: Tensor, rotation: Tensor, pilots: Tensor, energy: float
) -> Tensor:
    """Return streams with pilots, (batch, K, Q, N_c, S).

    streams: zero in the elements with any pilot of theirs. rotation: exp(-j phase) of the alignment, (batch, K, Q, N_c, S).
    precoder: F (batch, K, N_t, S). pilots: bool (K, Q, N_c). energy: of F s in a pilot. All streams of the
    UE carry its pilot, rotated as its data are.
    """
    radiated = torch.einsum("bkts,bkqns->bkqnt", precoder, rotation)
    power = torch.view_as_real(radiated).square().sum(dim=(-2, -1)).clamp_min(1e-20)
    pilot = rotation * (energy / power).sqrt().unsqueeze(-1)
    return torch.where(pilots.to(streams.device)[None, ..., None], pilot, streams)


def estimate_gains(
    received: Tensor, pilots: Tensor, noise: Tensor, energy: float, reference: Tensor | None = None
) -> Gains:
    """Estimate the gain of every UE at every chain from Y_BB (batch, Q, N_c, R).

    noise: sigma^2 W W^H (batch, R, R). energy: of a pilot. reference: the mean of the UEs' symbols (K, Q, N_c), for
    a unit mean energy of them; None: pilots alone.

    Phases are those of the least-squares estimates from pilots and mean, weighted by their variances. The magnitude
    of a UE at its own chain, chain k of UE k, comes from the power of the whole block, which has many more
    elements. At the other chains a UE counts as far as its estimate stands out from its error, since a wrong gain
    there disturbs the other UE.
    """
    users = pilots.shape[0]
    pilots = pilots.to(received.device)
    data = ~pilots.any(dim=0)
    noise_power = noise.diagonal(dim1=-2, dim2=-1).real
    # The UEs' signals at each chain, together.
    signal = (received[:, data].abs().square().mean(dim=1) - noise_power).clamp_min(0)
    weighted, precision = torch.zeros_like(noise[..., :users]), torch.zeros_like(noise[..., :users].real)
    count = int(pilots[0].sum())
    if count:
        means = torch.stack([received[:, pilots[user]].mean(dim=1) for user in range(users)], dim=-1)
        certainty = (count * energy / noise_power).unsqueeze(-1).expand(precision.shape)
        weighted, precision = weighted + certainty * means / energy**0.5, precision + certainty
    if reference is not None:
        known = reference.to(received.device)[:, data]
        estimate, scale = _from_mean(received[:, data], known)
        explained = (estimate @ known).abs().square().mean(dim=-1)
        certainty = scale / (noise_power + (signal - explained).clamp_min(0)).unsqueeze(-1)
        weighted, precision = weighted + certainty * estimate, precision + certainty
    error = 1 / precision.clamp_min(1e-20)
    least_squares = error * weighted
    power = least_squares.abs().square().clamp_min(1e-20)
    own = torch.eye(*least_squares.shape[1:], dtype=torch.bool, device=received.device)
    share = torch.where(own, 1.0, (1 - _SIGNIFICANCE * error / power).clamp_min(0))
    others = torch.where(own, 0.0, share.square() * power).sum(dim=-1)
    least = _LEAST_SHARE * noise_power / received[0, ..., 0].numel()
    wanted = torch.maximum(signal - others, least)
    magnitude = torch.where(own, (wanted.unsqueeze(-1) / power).sqrt(), share)
    return Gains(magnitude * least_squares, torch.where(own, error, share * error))


def _from_mean(received: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
    """Return the joint least-squares gains (batch, R, K) of all UEs' means, and the energy of each mean (K,).

    received: (batch, E, R) in E elements; reference: (K, E). The energy is that which the means of the other UEs
    leave: the variance of a gain is that of the noise over this energy.
    """
    gram = reference.conj() @ reference.mT
    # A mean of zero, before any training, has no say.
    gram = gram + 1e-6 * torch.eye(len(gram), device=gram.device)
    inverse = torch.linalg.inv(gram)
    estimate = (inverse @ (reference.conj() @ received)).mT
    return estimate, 1 / inverse.diagonal().real


def separate(received: Tensor, gains: Gains, noise: Tensor) -> Tensor:
    """Return the MMSE estimates (batch, Q, N_c, K) of the UEs' symbols of unit energy in Y_BB (batch, Q, N_c, R).

    noise: sigma^2 W W^H (batch, R, R).
    """
    floor = noise.diagonal(dim1=-2, dim2=-1).real.mean(dim=-1, keepdim=True) * _FLOOR
    uncertain = torch.diag_embed(gains.error.sum(dim=-1) + floor)
    covariance = gains.gain @ gains.gain.mH + noise + uncertain
    weights = torch.linalg.solve(covariance, gains.gain).mH
    estimated: Tensor = received @ weights.mT.unsqueeze(1)
    return estimated
