"""Path search: detect the paths in received CSI-RS one after another, with a matched filter.

    y[n, r, l] = sum over p of g_p s_l,n(u_p) v_l,r(w_p) e^(j 2 pi (f_p l - n tau_p / N_c))  + noise
    s_l,n(u) = a(u)^T X_RF[l] x_BB[l, n]        v_l,r(w) = V_RF[l] a*(w)

The UE knows the CSI-RS, so it can compute this response for any pair of directions, delay tau within
the cyclic prefix and Doppler shift f within its speed (eq. (9)). Directions are sines, named as in
the uplink: u at the BS (AoA), w at the UE (AoD). The energy map is |<y, r>|^2 / ||r||^2 for the
response r of a path. Delays are few and subcarriers many, so the filter is coherent over subcarriers
too. This costs less than to combine subcarriers non-coherently, and it detects paths that are 10 dB
weaker.

The strongest cell of the map is refined coordinate by coordinate, its contribution is subtracted
from the signal, and the search repeats. Nothing here is learned. The detected coordinates carry no
gradient; the profiles that are returned with them do.

Axes: N_c subcarriers, R chains of the UE, C chains of the BS, L CSI-RS symbols, P paths sought,
I / J beams at BS / UE, D delays, 2 = I/Q.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cscsanet.config.channel_notes import SPEED_OF_LIGHT
from cscsanet.config.system import ChannelParams
from cscsanet.networks import iq
from cscsanet.networks.beamspace.beam_grid import directions, parabolic_peak, wrap_direction
from cscsanet.networks.beamspace.matched_filter import TINY, MatchedFilter, PathParameters, scaled
from cscsanet.networks.beamspace.scan import State, no_grad_unless_exporting, scan
from cscsanet.networks.interfaces import CsirsSignals

_COARSE_STEP, _FINE_STEP = 0.5, 0.25  # of the delay grids [samples]
_DOPPLER_STEPS = 9
_SWEEPS = 3


class DetectedPaths(NamedTuple):
    """The P strongest paths, the strongest first.

    aoa, aod (sines), delay [samples], doppler [cycles/symbol]: (batch, P), without gradient.
    gain: (batch, P, 2).
    aoa_profile: (batch, P, I), aod_profile: (batch, P, J): the energy map along one axis,
    through the path, scaled to a peak of about 1.
    """

    aoa: Tensor
    aod: Tensor
    delay: Tensor
    doppler: Tensor
    gain: Tensor
    aoa_profile: Tensor
    aod_profile: Tensor


class PathSearch(nn.Module):
    """Search for the P = N_RF strongest paths in the CSI-RS of one UE."""

    frequency: Tensor
    aoa_grid: Tensor
    aod_grid: Tensor
    coarse_aoa: Tensor
    coarse_aod: Tensor
    coarse_delay: Tensor
    fine_delay: Tensor
    doppler_grid: Tensor
    coarse_phase_ramp: Tensor
    fine_phase_ramp: Tensor

    def __init__(self, channel: ChannelParams, aoa_beams: int, aod_beams: int) -> None:
        super().__init__()
        self.antennas = (channel.bs_antennas, channel.ue_antennas)
        self.paths = channel.rf_chains
        self.longest_delay = math.ceil(channel.max_delay)
        max_doppler_hz = channel.max_speed_kmh / 3.6 * channel.carrier_ghz * 1e9 / SPEED_OF_LIGHT
        max_doppler = max_doppler_hz * channel.symbol_duration_us * 1e-6
        frequency = torch.arange(channel.subcarriers) / channel.subcarriers

        def phase_ramp(delays: Tensor) -> Tensor:
            return iq.cis(2 * math.pi * frequency.unsqueeze(-1) * delays)

        coarse = torch.arange(0, channel.max_delay + _COARSE_STEP / 2, _COARSE_STEP)
        fine = torch.arange(0, channel.max_delay + _FINE_STEP / 2, _FINE_STEP)
        tables = {
            "frequency": frequency,
            "aoa_grid": directions(aoa_beams),
            "aod_grid": directions(aod_beams),
            # Two beams for each antenna are enough for the coarse map, which is only the start of
            # the refinement.
            "coarse_aoa": directions(2 * channel.bs_antennas),
            "coarse_aod": directions(2 * channel.ue_antennas),
            "coarse_delay": coarse,
            "fine_delay": fine,
            "doppler_grid": torch.linspace(-max_doppler, max_doppler, _DOPPLER_STEPS),
            "coarse_phase_ramp": phase_ramp(coarse),
            "fine_phase_ramp": phase_ramp(fine),
        }
        for name, table in tables.items():
            self.register_buffer(name, table, persistent=False)

    def forward(self, received: Tensor, signals: CsirsSignals) -> DetectedPaths:
        """Return the strongest paths.

        received: Y_p[k] as pairs (batch, N_c, R, L, 2), zero from the first unused symbol on.
        """
        matched_filter = MatchedFilter(self, signals)
        received = received.permute(0, 3, 2, 1, 4).contiguous()
        with no_grad_unless_exporting():
            paths = self._search(received, matched_filter)
        responses = [matched_filter.response(path) for path in paths]
        joint_gains = [matched_filter.gain(received, response) for response in responses]
        detected = []
        for index, path in enumerate(paths):
            residual = received
            for other in range(self.paths):
                if other != index:
                    residual = residual - scaled(responses[other], joint_gains[other])
            gain = matched_filter.gain(residual, responses[index])
            correlation = matched_filter.correlate(residual, path.delay)
            profiles = (
                matched_filter.aoa_profile(correlation, path),
                matched_filter.aod_profile(correlation, path),
            )
            peaks = [profile.detach().amax(dim=-1, keepdim=True).clamp_min(TINY) for profile in profiles]
            detected.append((*path, gain, profiles[0] / peaks[0], profiles[1] / peaks[1]))
        return _strongest_first(
            DetectedPaths(*(torch.stack(fields, dim=1) for fields in zip(*detected, strict=True)))
        )

    def beam_gain(
        self, received: Tensor, signals: CsirsSignals, aoa: Tensor, aod: Tensor
    ) -> tuple[PathParameters, Tensor]:
        """Return the coarse cell nearest to u, w (batch,), and its gain (batch, N_c, 2).

        received: as in `forward`.
        """
        matched_filter = MatchedFilter(self, signals)
        signal = received.permute(0, 3, 2, 1, 4)
        zero = torch.zeros_like(aoa)
        cell = PathParameters(_nearest(aoa, self.coarse_aoa), _nearest(aod, self.coarse_aod), zero, zero)
        response = matched_filter.response(cell)
        matched = iq.mul(signal, iq.conj(response)).sum(dim=(1, 2))
        return cell, matched / (iq.abs2(response).sum(dim=(1, 2)) + TINY).unsqueeze(-1)

    def _search(self, received: Tensor, matched_filter: MatchedFilter) -> list[PathParameters]:
        _, fields = scan(
            lambda state: self._detect_strongest(state[0], matched_filter), (received,), self.paths
        )
        return [PathParameters(*path) for path in zip(*(field.unbind() for field in fields), strict=True)]

    def _detect_strongest(self, residual: Tensor, matched_filter: MatchedFilter) -> tuple[State, State]:
        """Return the residual without its strongest path, and that path."""
        coarse = self._strongest_cell(residual, matched_filter)
        refined, _ = scan(
            lambda state: (self._refine(residual, matched_filter, PathParameters(*state)), ()),
            tuple(coarse),
            _SWEEPS,
        )
        path = PathParameters(*refined)
        return (residual - matched_filter.contribution(residual, path),), tuple(path)

    def _strongest_cell(self, signal: Tensor, matched_filter: MatchedFilter) -> PathParameters:
        energy = matched_filter.energy_map(signal)
        best = energy.flatten(1).argmax(dim=1)
        beams = len(self.coarse_aoa)
        cells = len(self.coarse_aod) * beams
        return PathParameters(
            self.coarse_aoa[best % beams],
            self.coarse_aod[best % cells // beams],
            self.coarse_delay[best // cells],
            torch.zeros_like(best, dtype=signal.dtype),
        )

    def _refine(self, signal: Tensor, matched_filter: MatchedFilter, path: PathParameters) -> State:
        """Return a path refined once, coordinate by coordinate."""
        correlation = matched_filter.correlate(signal, path.delay)
        aod = parabolic_peak(matched_filter.aod_profile(correlation, path), self.aod_grid, circular=True)
        path = PathParameters(path.aoa, aod, path.delay, path.doppler)
        aoa = parabolic_peak(matched_filter.aoa_profile(correlation, path), self.aoa_grid, circular=True)
        path = PathParameters(aoa, aod, path.delay, path.doppler)
        if matched_filter.symbols.shape[0] > 1:
            doppler = parabolic_peak(matched_filter.doppler_profile(correlation, path), self.doppler_grid)
            # One sent symbol determines no Doppler shift, however many could have been sent.
            doppler = torch.where(matched_filter.several_symbols, doppler, path.doppler)
        else:
            # A step of an exported scan must not return what it was given.
            doppler = path.doppler.clone()
        path = PathParameters(aoa, aod, path.delay, doppler)
        delay = parabolic_peak(matched_filter.delay_profile(signal, path), self.fine_delay)
        return path.aoa, path.aod, delay, path.doppler


def _nearest(direction: Tensor, grid: Tensor) -> Tensor:
    """Return the entry of a grid (G,) nearest to each direction (batch,), on the circle."""
    return grid[wrap_direction(grid - direction.unsqueeze(-1)).abs().argmin(dim=-1)]


def _strongest_first(detected: DetectedPaths) -> DetectedPaths:
    order = iq.abs2(detected.gain).detach().argsort(dim=1, descending=True)

    def sort(field: Tensor) -> Tensor:
        index = order.reshape(*order.shape, *[1] * (field.ndim - 2)).expand(-1, -1, *field.shape[2:])
        return field.gather(1, index)

    return DetectedPaths(*(sort(field) for field in detected))
