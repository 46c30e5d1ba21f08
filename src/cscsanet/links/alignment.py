"""Who foretells the phases that streams arrive with: the UEs themselves, by several means, or a genie.

    none         nobody: the paper's form
    classical    each UE, from its matched filter at one beam of a grid, the one nearest to the strongest path found: the
                 strongest taps of the gain over subcarriers, held over the data symbols
    learned      each UE, from the paths it found, believed as it has learned to (`networks/path_correction`)
    oracle       each UE, from its true paths: perfect CSI of the downlink; of the combiner it knows the rule alone
    genie-first  the true phase through both ends' beams at the first data symbol, held over the others
    genie-all    the true phase at every data symbol

Beams and feedback are the learned ones throughout. An oscillator that slips is known to none of them.

Axes: K UEs, Q data symbols, N_c subcarriers, R chains, S streams, P paths, T taps, 2 = I/Q.
"""

import math
from typing import Literal

import torch
from torch import Tensor

from cscsanet.channel.paths import PathDrops
from cscsanet.channel.response import effective_channel
from cscsanet.networks.beam_head import phase
from cscsanet.networks.complex_pairs import energy, matrix_product, phasor, to_pairs
from cscsanet.networks.path_search import PathSearch, Sounding
from cscsanet.networks.phase_alignment import KnownPaths
from cscsanet.params import ChannelParams

Alignment = Literal["none", "classical", "learned", "oracle", "genie-first", "genie-all"]
GENIES: tuple[Alignment, ...] = ("genie-first", "genie-all")
_TAPS = 4  # that the classical estimate keeps


def true_paths(paths: PathDrops, user: int, channel: ChannelParams) -> KnownPaths:
    """Return the paths of one UE as they are."""
    gain = paths.gain[:, user] / math.sqrt(paths.gain.shape[-1])
    turns = paths.doppler[:, user] * (channel.symbol_duration_us * 1e-6)
    aoa, aod = torch.sin(paths.aoa[:, user]), torch.sin(paths.aod[:, user])
    return KnownPaths(aoa, aod, paths.delay[:, user], turns, to_pairs(gain))


def classical_paths(
    search: PathSearch, received: Tensor, sounding: Sounding, strongest: tuple[Tensor, Tensor]
) -> KnownPaths:
    """Return the taps (batch, T) of one grid beam as paths that do not move.

    received: (batch, N_c, R, L, 2); strongest: u and w (batch,) of the strongest path found.
    """
    place, gain = search.beam_gain(received, sounding, *strongest)
    delays = torch.arange(search.longest_delay + 1, device=gain.device)
    turning = phasor(2 * math.pi * delays.unsqueeze(-1) * search.frequency)
    taps = matrix_product(turning, gain.unsqueeze(2)).squeeze(2) / len(search.frequency)
    kept = energy(taps).topk(min(_TAPS, len(delays)), dim=1).indices
    return KnownPaths(
        aoa=place.aoa.unsqueeze(1).expand(kept.shape),
        aod=place.aod.unsqueeze(1).expand(kept.shape),
        delay=delays[kept].to(gain.dtype),
        doppler=torch.zeros_like(kept, dtype=gain.dtype),
        gain=taps.gather(1, kept.unsqueeze(-1).expand(*kept.shape, 2)),
    )


def arriving(
    paths: PathDrops, precoder: Tensor, combiner: Tensor, symbols: Tensor, channel: ChannelParams
) -> Tensor:
    """Return each stream's channel at the chain that hears it best, (batch, K, Q, N_c, S), complex.

    precoder: F (batch, K, N_t, S); combiner: W (batch, R, N_r); symbols: (Q,) indices in the frame.
    """
    effective = effective_channel(paths, precoder, combiner, symbols, channel)
    power = effective.detach().abs().square().mean(dim=(2, 3))
    chain = power.argmax(dim=2)[:, :, None, None, None]
    return effective.gather(4, chain.expand(*effective.shape[:4], 1, -1)).squeeze(4)


def genie_phases(arrived: Tensor, *, held: bool) -> Tensor:
    """Return the phases [rad] of `arriving`; held: those at the first data symbol, for all."""
    phases = phase(to_pairs(arrived))
    return phases[:, :, :1].expand_as(phases) if held else phases


def coherence(arrived: Tensor, alignment: Tensor) -> Tensor:
    """Return Re(sum h) / sum |h| over everything: 1 where all of `arriving` is real and positive once turned.

    A common phase counts as an error: the receiver is to know it by the rule.
    """
    turned = arrived * torch.polar(torch.ones_like(alignment), -alignment)
    return turned.real.sum() / arrived.abs().sum().clamp_min(1e-20)
