"""Sources of the phases that the UEs compensate so that their streams arrive in phase at the BS.

    none         no compensation: the paper's form
    classical    predicted by the UE from its matched filter at the grid beam nearest to the
                 strongest detected path: the strongest taps of the gain over subcarriers,
                 constant over the data symbols
    learned      predicted by the UE from its detected paths, after a learned refinement
                 (`networks/beamspace/path_refinement`)
    oracle       predicted by the UE from its true paths (perfect downlink CSI); of the combiner it
                 knows only the rule
    genie-first  the true phase through the beams of both ends at the first data symbol, constant
                 over the others
    genie-all    the true phase at every data symbol

Beams and feedback are the learned ones throughout. None of these sources knows the oscillator's
phase offset.

Axes: K UEs, Q data symbols, N_c subcarriers, R chains, S streams, P paths, T taps, 2 = I/Q.
"""

import math
from typing import Literal

import torch
from torch import Tensor

from cscsanet.channel.paths import PathDrops
from cscsanet.channel.response import effective_channel
from cscsanet.config.system import ChannelParams
from cscsanet.networks import iq
from cscsanet.networks.beamspace.beam_head import phase
from cscsanet.networks.beamspace.path_search import PathSearch
from cscsanet.networks.interfaces import CsirsSignals, PathEstimates
from cscsanet.networks.iq import to_pairs

Alignment = Literal["none", "classical", "learned", "oracle", "genie-first", "genie-all"]
GENIES: tuple[Alignment, ...] = ("genie-first", "genie-all")
_TAPS = 4  # of the classical estimate


def true_paths(paths: PathDrops, user: int, channel: ChannelParams) -> PathEstimates:
    """Return the true paths (batch, P) of one UE, with gains at symbol 0 of the frame."""
    gain = paths.gain[:, user] / math.sqrt(paths.gain.shape[-1])
    doppler = paths.doppler[:, user] * (channel.symbol_duration_us * 1e-6)
    aoa, aod = torch.sin(paths.aoa[:, user]), torch.sin(paths.aod[:, user])
    return PathEstimates(aoa, aod, paths.delay[:, user], doppler, to_pairs(gain))


def classical_paths(
    search: PathSearch, received: Tensor, csirs_signals: CsirsSignals, strongest: tuple[Tensor, Tensor]
) -> PathEstimates:
    """Return the strongest taps (batch, T) of one grid beam as paths without Doppler shift.

    received: (batch, N_c, R, L, 2); strongest: u and w (batch,) of the strongest detected path.
    """
    grid_point, gain = search.beam_gain(received, csirs_signals, *strongest)
    delays = torch.arange(search.longest_delay + 1, device=gain.device)
    phase_ramp = iq.cis(2 * math.pi * delays.unsqueeze(-1) * search.frequency)
    taps = iq.matmul(phase_ramp, gain.unsqueeze(2)).squeeze(2) / len(search.frequency)
    strongest_taps = iq.abs2(taps).topk(min(_TAPS, len(delays)), dim=1).indices
    return PathEstimates(
        aoa=grid_point.aoa.unsqueeze(1).expand(strongest_taps.shape),
        aod=grid_point.aod.unsqueeze(1).expand(strongest_taps.shape),
        delay=delays[strongest_taps].to(gain.dtype),
        doppler=torch.zeros_like(strongest_taps, dtype=gain.dtype),
        gain=taps.gather(1, strongest_taps.unsqueeze(-1).expand(*strongest_taps.shape, 2)),
    )


def stream_gains(
    paths: PathDrops, precoder: Tensor, combiner: Tensor, symbols: Tensor, channel: ChannelParams
) -> Tensor:
    """Return each stream's channel at its best chain, (batch, K, Q, N_c, S), complex.

    precoder: F (batch, K, N_t, S); combiner: W (batch, R, N_r); symbols: (Q,) or (batch, Q) indices in
    the frame.
    """
    effective = effective_channel(paths, precoder, combiner, symbols, channel)
    power = effective.detach().abs().square().mean(dim=(2, 3))
    chain = power.argmax(dim=2)[:, :, None, None, None]
    return effective.gather(4, chain.expand(*effective.shape[:4], 1, -1)).squeeze(4)


def genie_phases(gains: Tensor, *, held: bool) -> Tensor:
    """Return the phases [rad] of `stream_gains`; held: those of the first data symbol for all."""
    phases = phase(to_pairs(gains))
    return phases[:, :, :1].expand_as(phases) if held else phases


def common_coherence(gains: Tensor, alignment: Tensor) -> Tensor:
    """Return the coherence after one common phase of each UE and stream, sum of |sum of h exp(-j phase)| / sum of |h|.

    It is what a receiver that tracks this phase gets. Arguments as in `coherence`.
    """
    rotated = gains * torch.polar(torch.ones_like(alignment), -alignment)
    return rotated.sum(dim=(2, 3)).abs().sum() / gains.abs().sum().clamp_min(1e-20)


def coherence(gains: Tensor, alignment: Tensor) -> Tensor:
    """Return Re(sum of h exp(-j phase)) / sum of |h|, 1 if all rotated streams are positive.

    gains: h of `stream_gains`; alignment: the phases [rad] of the same shape. A common phase counts
    as an error, since the receiver assumes the phase 0.
    """
    rotated = gains * torch.polar(torch.ones_like(alignment), -alignment)
    return rotated.real.sum() / gains.abs().sum().clamp_min(1e-20)
