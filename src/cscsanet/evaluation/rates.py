"""Spectral efficiency of given beams on channel drops, and of the genie hybrid."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from cscsanet.channel.bounds import genie_hybrid
from cscsanet.channel.frame import data_symbols
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.response import effective_channel
from cscsanet.channel.spectral_efficiency import spectral_efficiency
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.system import ChannelParams

# Drops that are measured together. Fixed, since the noise of a chunk is seeded by its number.
_CHUNK = 250
# The genie's gradient uses one subcarrier in this many. Its beams are measured on all of them.
_GENIE_STRIDE = 4


@dataclass(frozen=True)
class Rates:
    """Sum spectral efficiency of each drop (drops,) [bit/s/Hz], mean over symbols and subcarriers.

    coloured: with the noise covariance after the combiner. paper: eq. (30); None for a receiver
    without an analog combiner, for which the equation is not defined.
    """

    coloured: Tensor
    paper: Tensor | None


def beam_rates(
    paths: PathDrops,
    precoder: Tensor,
    combiner: Tensor,
    snr_db: float,
    symbols: Tensor,
    channel: ChannelParams,
) -> Rates:
    """Measure given beams over OFDM symbols (T,) and all subcarriers.

    precoder: F (drops, K, N_t, S). combiner: W (drops, R, N_r). symbols: indices in the frame.
    """
    effective = effective_channel(paths, precoder, combiner, symbols, channel)
    snr = 10.0 ** (snr_db / 10.0)

    def total(convention: Literal["coloured", "paper"]) -> Tensor:
        per_ue = spectral_efficiency(effective, combiner, snr, channel.ue_antennas, convention)
        return per_ue.mean(dim=(2, 3)).sum(dim=1).double()

    return Rates(total("coloured"), total("paper"))


def genie_rates(paths: PathDrops, point: OperatingPoint, channel: ChannelParams, steps: int) -> Rates:
    """Measure the genie hybrid over the data symbols of a point.

    Its beams are optimised by gradient ascent in `steps` steps, at the middle data symbol and on
    every fourth subcarrier, and measured on all symbols and subcarriers.
    """
    thinned = channel
    longest = max(channel.max_delay, float(paths.delay.max()))
    if channel.subcarriers % _GENIE_STRIDE == 0 and channel.subcarriers // _GENIE_STRIDE > longest:
        thinned = channel.model_copy(update={"subcarriers": channel.subcarriers // _GENIE_STRIDE})
    symbols = data_symbols(point, channel)
    middle = symbols[len(symbols) // 2 :][:1]
    snr = 10.0 ** (point.snr_db / 10.0)
    parts = []
    for drops in chunks(paths):
        bound = genie_hybrid(drops, snr, middle, thinned, steps=steps, random_starts=0)
        parts.append(beam_rates(drops, bound.precoder, bound.combiner, point.snr_db, symbols, channel))
    return concatenate(parts)


def chunks(paths: PathDrops) -> list[PathDrops]:
    """Split drops into chunks that are measured together. The number of a chunk seeds its noise."""
    return [paths[start : start + _CHUNK] for start in range(0, len(paths), _CHUNK)]


def concatenate(parts: Sequence[Rates]) -> Rates:
    """Join the rates of several chunks, all of beams with an analog combiner."""
    paper = [part.paper for part in parts if part.paper is not None]
    return Rates(torch.cat([part.coloured for part in parts]), torch.cat(paper))


def json_decibel(value: float) -> float | str:
    """Return a value in dB as JSON can hold it: infinity, CSI-RS without noise, becomes "inf"."""
    return "inf" if value == float("inf") else value
