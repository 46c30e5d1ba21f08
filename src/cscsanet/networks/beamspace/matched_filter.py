"""The filter matched to the CSI-RS: the response to a path, and the energy map of a signal.

The energy map at the parameters of a path is |y^H r|^2 / ||r||^2, with the received signal y and
the response r to a unit path. See `path_search` for the response.

Axes: N_c subcarriers, R chains of the UE, C chains of the BS, L CSI-RS symbols, I / J beams at
BS / UE, D delays, G directions of a grid or of a batch, 2 = I/Q.
"""

import math
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from cscsanet.networks import iq
from cscsanet.networks.beamspace.beam_grid import array_response
from cscsanet.networks.interfaces import CsirsSignals

TINY = 1e-12  # keeps quotients of energies finite


class PathParameters(NamedTuple):
    """One path for each item of a batch.

    aoa, aod: u and w (batch,), sines; delay: (batch,) [samples]; doppler: (batch,) [cycles per
    symbol].
    """

    aoa: Tensor
    aod: Tensor
    delay: Tensor
    doppler: Tensor


class SearchGrids(Protocol):
    """The grids of a search, and the phase ramps of its delays over subcarriers."""

    antennas: tuple[int, int]
    frequency: Tensor
    aoa_grid: Tensor
    aod_grid: Tensor
    coarse_aoa: Tensor
    coarse_aod: Tensor
    coarse_delay: Tensor
    doppler_grid: Tensor
    coarse_phase_ramp: Tensor
    fine_phase_ramp: Tensor


class MatchedFilter:
    """The matched filter for one set of CSI-RS, with tables over the grids of a search."""

    def __init__(self, grids: SearchGrids, signals: CsirsSignals) -> None:
        self.grids = grids
        self.signals = signals
        self.symbols = torch.arange(signals.baseband.shape[0], device=signals.baseband.device)
        self.several_symbols = signals.num_symbols() > 1
        self.aoa_table, self.aoa_energy = self._transmit(grids.aoa_grid)
        self.aod_table, self.aod_energy = self._receive(grids.aod_grid)

    def _transmit(self, aoa: Tensor) -> tuple[Tensor, Tensor]:
        """Return a(u)^T X_RF[l] (L, G, C, 2) of u (G,), and the energy of s_l,n (L, G)."""
        table = self._transmit_chains(aoa)
        return table, iq.abs2(iq.matmul(table, self.signals.baseband.transpose(1, 2))).sum(dim=-1)

    def _transmit_chains(self, aoa: Tensor) -> Tensor:
        return iq.matmul(array_response(aoa, self.grids.antennas[0]), self.signals.transmit)

    def _receive(self, aod: Tensor) -> tuple[Tensor, Tensor]:
        """Return v_l,r (L, G, R, 2) of directions w (G,), and its energy over chains (L, G)."""
        response = iq.conj(array_response(aod, self.grids.antennas[1]))
        table = iq.matmul(response, self.signals.receive.transpose(1, 2))
        return table, iq.abs2(table).sum(dim=-1)

    def energy_map(self, signal: Tensor) -> Tensor:
        """Return the map (batch, D, J, I) over the coarse grids at zero Doppler shift.

        signal: (batch, L, R, N_c, 2), here and in the other methods.
        """
        grids, batch = self.grids, signal.shape[0]
        aoa, aoa_energy = self._transmit(grids.coarse_aoa)
        aod, aod_energy = self._receive(grids.coarse_aod)
        phase_ramp = iq.mul(
            iq.conj(self.signals.baseband).unsqueeze(3), grids.coarse_phase_ramp.unsqueeze(0).unsqueeze(2)
        )
        by_symbol = signal.transpose(0, 1).flatten(1, 2)
        delayed = iq.matmul(by_symbol, phase_ramp.flatten(2, 3))
        delayed = delayed.reshape(delayed.shape[0], batch, -1, *delayed.shape[2:])
        delayed = delayed.transpose(2, 3).flatten(1, 2)
        departed = iq.matmul(delayed, iq.conj(aod).transpose(1, 2))
        departed = departed.reshape(
            len(self.symbols), batch, -1, len(grids.coarse_delay), *departed.shape[2:]
        )
        departed = departed.permute(1, 3, 4, 0, 2, 5).flatten(3, 4).flatten(0, 2)
        # Real and imaginary parts separately and in place, since this is the one large product of
        # the search.
        table = iq.conj(aoa).transpose(1, 2).flatten(0, 1)
        real = departed.flatten(-2) @ torch.stack((table[..., 0], -table[..., 1]), dim=1).flatten(0, 1)
        imaginary = departed.flatten(-2) @ torch.stack((table[..., 1], table[..., 0]), dim=1).flatten(0, 1)
        filtered = real.square_().addcmul_(imaginary, imaginary)
        response_energy = aod_energy.mT @ aoa_energy
        return filtered.reshape(batch, -1, *response_energy.shape).div_(response_energy + TINY)

    def response(self, path: PathParameters) -> Tensor:
        """Return the response to each path with unit gain, (batch, L, R, N_c, 2)."""
        over_frequency = iq.cis(-2 * math.pi * path.delay.unsqueeze(-1) * self.grids.frequency)
        transmit = iq.mul(self._transmit_response(path), over_frequency.unsqueeze(1))
        return iq.mul(transmit.unsqueeze(2), self._receive_response(path).unsqueeze(3))

    def gain(self, signal: Tensor, response: Tensor) -> Tensor:
        """Return the least-squares gain (batch, 2) of a response in a signal."""
        matched = iq.mul(signal, iq.conj(response)).sum(dim=(1, 2, 3))
        return matched / (iq.abs2(response).sum(dim=(1, 2, 3)) + TINY).unsqueeze(-1)

    def contribution(self, signal: Tensor, path: PathParameters) -> Tensor:
        """Return the least-squares contribution of each path to a signal, (batch, L, R, N_c, 2)."""
        response = self.response(path)
        return scaled(response, self.gain(signal, response))

    def correlate(self, signal: Tensor, delay: Tensor) -> Tensor:
        """Return the correlation (batch, L, R, C, 2) with x_BB over subcarriers.

        delay: (batch,) [samples], at which the signal is correlated.
        """
        advance = iq.cis(2 * math.pi * delay.unsqueeze(-1) * self.grids.frequency)
        undelayed = iq.mul(signal, advance.unsqueeze(1).unsqueeze(1))
        return iq.matmul(undelayed, iq.conj(self.signals.baseband))

    def aoa_profile(self, correlation: Tensor, path: PathParameters) -> Tensor:
        """Return the map (batch, I) along the AoA; correlation: `correlate` at the path's delay."""
        receive = self._receive_response(path)
        combined = iq.mul(correlation, iq.conj(receive).unsqueeze(3)).sum(dim=2).flatten(1, 2)
        table = iq.conj(self.aoa_table).transpose(1, 2).flatten(0, 1)
        filtered = iq.matmul(combined.unsqueeze(1), table).squeeze(1)
        return iq.abs2(filtered) / (iq.abs2(receive).sum(dim=2) @ self.aoa_energy + TINY)

    def aod_profile(self, correlation: Tensor, path: PathParameters) -> Tensor:
        """Return the map (batch, J) along the AoD; correlation: `correlate` at the path's delay."""
        over_time = iq.cis(2 * math.pi * path.doppler.unsqueeze(-1) * self.symbols)
        transmit, transmit_energy = self._transmit(path.aoa)
        transmit = iq.mul(transmit.transpose(0, 1), over_time.unsqueeze(2))
        combined = iq.mul(correlation, iq.conj(transmit).unsqueeze(2)).sum(dim=3).flatten(1, 2)
        table = iq.conj(self.aod_table).transpose(1, 2).flatten(0, 1)
        filtered = iq.matmul(combined.unsqueeze(1), table).squeeze(1)
        return iq.abs2(filtered) / (transmit_energy.mT @ self.aod_energy + TINY)

    def doppler_profile(self, correlation: Tensor, path: PathParameters) -> Tensor:
        """Return the map along the Doppler shifts, up to a factor; see `aoa_profile`."""
        receive = self._receive_response(path._replace(doppler=torch.zeros_like(path.doppler)))
        transmit = self._transmit_chains(path.aoa).transpose(0, 1)
        response = iq.mul(receive.unsqueeze(3), transmit.unsqueeze(2))
        matched = iq.mul(correlation, iq.conj(response)).sum(dim=(2, 3))
        phase_ramp = iq.cis(-2 * math.pi * self.symbols.unsqueeze(-1) * self.grids.doppler_grid)
        return iq.abs2(iq.matmul(matched.unsqueeze(1), phase_ramp)).squeeze(1)

    def delay_profile(self, signal: Tensor, path: PathParameters) -> Tensor:
        """Return the map along the fine delays, up to a factor."""
        combined = iq.mul(signal, iq.conj(self._receive_response(path)).unsqueeze(3)).sum(dim=2)
        matched = iq.mul(combined, iq.conj(self._transmit_response(path))).sum(dim=1)
        return iq.abs2(iq.matmul(matched.unsqueeze(1), self.grids.fine_phase_ramp)).squeeze(1)

    def _transmit_response(self, path: PathParameters) -> Tensor:
        """Return s_l,n (batch, L, N_c, 2) of each path."""
        chains = self._transmit_chains(path.aoa)
        return iq.matmul(chains, self.signals.baseband.transpose(1, 2)).transpose(0, 1)

    def _receive_response(self, path: PathParameters) -> Tensor:
        """Return v_l,r (batch, L, R, 2) of each path, with its Doppler shift over the symbols."""
        over_time = iq.cis(2 * math.pi * path.doppler.unsqueeze(-1) * self.symbols)
        receive, _ = self._receive(path.aod)
        return iq.mul(receive.transpose(0, 1), over_time.unsqueeze(2))


def scaled(response: Tensor, gain: Tensor) -> Tensor:
    """Return a response (batch, L, R, N_c, 2) times a gain (batch, 2)."""
    return iq.mul(response, gain.reshape(-1, 1, 1, 1, 2))
