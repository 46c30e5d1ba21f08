"""The air in numpy: drawn paths, what CSI-RS and streams become on their way, and noise.

It is `channel/` once more, over antenna samples instead of effective channels, for stations that know no PyTorch; a test
holds the two together.

Axes: N drops, K users, P paths, T OFDM symbols, N_c subcarriers, N_r / N_t antennas at BS / UE, R chains, L CSI-RS symbols.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cscsanet.params import ChannelParams

SPEED_OF_LIGHT = 299_792_458.0  # [m/s]
PIVOT_FLOOR = 1e-6  # as in `channel/gram`
Complex = NDArray[Any]
Real = NDArray[Any]


class Paths(NamedTuple):
    """Path parameters, each (N, K, P): gain alpha; aod, aoa [rad]; delay [samples of T_s]; doppler [Hz]."""

    gain: Complex
    aod: Real
    aoa: Real
    delay: Real
    doppler: Real


class Noise(NamedTuple):
    """White CN(0, 1): csirs (N, K, N_c, L, N_t) at the UEs' antennas, data (N, Q, N_c, R) behind the combiner, and slips
    (N, K), N(0, 1), of the UEs' oscillators.
    """

    csirs: Complex
    data: Complex
    slips: Real


def of_user(paths: Paths, user: int) -> Paths:
    """Return the paths of one user, (N, 1, P)."""
    return Paths(*(part[:, user : user + 1] for part in paths))


def of_drops(paths: Paths, drops: slice) -> Paths:
    """Return the paths of some drops, (n, K, P)."""
    return Paths(*(part[drops] for part in paths))


def draw_paths(count: int, channel: ChannelParams, source: np.random.Generator) -> Paths:
    """Draw independent drops with the distribution of `channel/paths`."""
    shape = (count, channel.users, channel.paths)
    gain = complex_normal(shape, source)
    aod = source.uniform(-math.pi, math.pi, shape)
    aoa = source.uniform(-math.pi, math.pi, shape)
    delay = source.uniform(0.0, channel.max_delay, shape)
    heading = source.uniform(-math.pi, math.pi, (*shape[:2], 1))
    speed = source.uniform(0.0, channel.max_speed_kmh, (*shape[:2], 1))
    largest = speed / 3.6 * (channel.carrier_ghz * 1e9 / SPEED_OF_LIGHT)
    return Paths(gain, aod, aoa, delay, largest * np.cos(aod - heading))


def draw_noise(
    count: int, csirs_symbols: int, data_symbols: int, channel: ChannelParams, source: np.random.Generator
) -> Noise:
    """Draw all noise of one transmission."""
    grid = channel.subcarriers
    return Noise(
        complex_normal((count, channel.users, grid, csirs_symbols, channel.ue_antennas), source),
        complex_normal((count, data_symbols, grid, channel.rf_chains), source),
        source.standard_normal((count, channel.users)),
    )


def complex_normal(shape: tuple[int, ...], source: np.random.Generator) -> Complex:
    """Draw CN(0, 1)."""
    return (source.standard_normal(shape) + 1j * source.standard_normal(shape)) / math.sqrt(2)


def steering(angle: Real, antennas: int) -> Complex:
    """Return exp(j pi m sin(angle)), (..., antennas)."""
    return np.exp(1j * math.pi * np.sin(angle)[..., None] * np.arange(antennas))


def path_response(paths: Paths, symbols: NDArray[np.integer], channel: ChannelParams) -> Complex:
    """Return the path gains over the grid (N, K, T, N_c, P), eq. (6)."""
    seconds = symbols * (channel.symbol_duration_us * 1e-6)
    over_time = np.exp(2j * math.pi * paths.doppler[:, :, None, :] * seconds[:, None])
    places = np.arange(channel.subcarriers) / channel.subcarriers
    over_band = np.exp(-2j * math.pi * paths.delay[:, :, None, :] * places[:, None])
    gain = paths.gain / math.sqrt(paths.gain.shape[-1])
    return gain[:, :, None, None] * over_time[:, :, :, None] * over_band[:, :, None]


def downlink(paths: Paths, radiated: Complex, channel: ChannelParams) -> Complex:
    """Return what reaches the UEs' antennas (N, K, N_c, L, N_t) of CSI-RS radiated by the BS's (L, N_c, N_r), eq. (9).

    By reciprocity the channel is the uplink's transpose; CSI-RS symbol l meets it at symbol l.
    """
    symbols = np.arange(radiated.shape[0])
    caught = np.einsum("nkpm,lcm->nklcp", steering(paths.aoa, channel.bs_antennas), radiated, optimize=True)
    on_paths = path_response(paths, symbols, channel) * caught
    spread = steering(paths.aod, channel.ue_antennas).conj()
    heard: Complex = np.einsum("nklcp,nkpt->nkclt", on_paths, spread, optimize=True)
    return heard


def uplink(paths: Paths, radiated: Complex, symbols: NDArray[np.integer], channel: ChannelParams) -> Complex:
    """Return what reaches the BS's antennas (N, T, N_c, N_r), superposed, of what each UE's radiate (N, K, T, N_c, N_t).

    symbols: (T,) indices in the frame. Eqs. (2)-(3), without noise.
    """
    depart = steering(paths.aod, channel.ue_antennas).conj()
    on_paths = np.einsum("nkqct,nkpt->nkqcp", radiated, depart, optimize=True)
    on_paths = on_paths * path_response(paths, symbols, channel)
    arrive = steering(paths.aoa, channel.bs_antennas)
    heard: Complex = np.einsum("nkqcp,nkpm->nqcm", on_paths, arrive, optimize=True)
    return heard


def combined_noise(combiner: Complex, white: Complex, noise_power: float) -> Complex:
    """Return W n (N, T, N_c, R) of thermal noise n at the BS's antennas, from white (N, T, N_c, R); W is (N, R, N_r).

    Its covariance is sigma^2 W W^H: white noise coloured by the triangular factor of W W^H.
    """
    factor = lower_factor(combiner)
    coloured: Complex = math.sqrt(noise_power) * np.einsum("nrs,ntcs->ntcr", factor, white)
    return coloured


def lower_factor(rows: Complex) -> Complex:
    """Return lower triangular L with L L^H = W W^H, its pivots floored as in `channel/gram`."""
    gram = rows @ rows.conj().swapaxes(-1, -2)
    count = rows.shape[-2]
    floor = PIVOT_FLOOR * np.einsum("...ii->...i", gram).real.mean(axis=-1)
    lower = np.zeros_like(gram)
    for column in range(count):
        taken = (np.abs(lower[..., column, :column]) ** 2).sum(axis=-1)
        pivot = np.sqrt(np.maximum(gram[..., column, column].real - taken, floor))
        lower[..., column, column] = pivot
        for row in range(column + 1, count):
            shared = (lower[..., row, :column] * lower[..., column, :column].conj()).sum(axis=-1)
            lower[..., row, column] = (gram[..., row, column] - shared) / pivot
    return lower


def csirs_noise_power(snr_db: float, channel: ChannelParams) -> float:
    """Return sigma^2 at one UE antenna for the BS's transmit power 1; zero where the power offset is infinite."""
    downlink_snr_db = snr_db + channel.bs_power_offset_db
    return 0.0 if math.isinf(downlink_snr_db) else float(10.0 ** (-downlink_snr_db / 10.0))


def slip(radiated: Complex, slips: Real, channel: ChannelParams) -> Complex:
    """Turn each UE's samples (N, K, ...) by the phase that its oscillator slipped by; slips: (N, K), N(0, 1)."""
    turned = np.exp(1j * channel.oscillator_rad * slips)
    return radiated * turned.reshape(*slips.shape, *[1] * (radiated.ndim - 2))
