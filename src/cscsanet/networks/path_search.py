"""The beamspace view of received CSI-RS: a matched filter, and the paths that it finds one after another.

    y[n, r, l] = sum over p of gain_p  s_l,n(u_p)  v_l,r(w_p)  exp(-j 2 pi n tau_p / N_c)  exp(j 2 pi f_p l)  + noise
    s_l,n(u) = a(u)^T X_RF[l] x_BB[l, n]        v_l,r(w) = V_RF[l] a*(w)

A UE knows the CSI-RS, so it knows this response to any direction of arrival u at the BS, of departure w at the UE
(eq. (9), u and w are sines), delay tau within the cyclic prefix and Doppler f within its speed. The energy of the
filter matched to it, over the energy of the response, is the map. Delays are few and subcarriers many: the filter is
coherent over subcarriers too, which costs less than adding the energies of all subcarriers and hears 10 dB deeper.

The strongest cell of the map is refined coordinate by coordinate, taken out of the signal, and the next one is
sought. Nothing here is learned; the search itself carries no gradient, the profiles around its result do.

Axes: N_c subcarriers, R chains of the UE, C chains of the BS, L CSI-RS symbols, P paths sought, I beams, J beams,
D delays, 2 = I/Q.
"""

import math
from contextlib import nullcontext
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cscsanet.channel.paths import SPEED_OF_LIGHT
from cscsanet.networks.beam_grid import array_response, directions, wrapped
from cscsanet.networks.complex_pairs import conjugate, energy, matrix_product, multiply, phasor
from cscsanet.networks.peaks import peak
from cscsanet.networks.repeating import State, repeat
from cscsanet.params import ChannelParams

_COARSE_STEP, _FINE_STEP = 0.5, 0.25  # of the delay grids [samples]
_DOPPLER_STEPS = 9
_SWEEPS = 3
_TINY = 1e-12


class Sounding(NamedTuple):
    """The CSI-RS, known to both ends, in pairs.

    transmit: X_RF (L, N_r, C, 2); baseband: x_BB (L, N_c, C, 2), zero for symbols that were not sent;
    receive: V_RF (L, R, N_t, 2).
    """

    transmit: Tensor
    baseband: Tensor
    receive: Tensor

    def sounded(self) -> Tensor:
        """Return how many symbols were sent, a whole number ()."""
        return (energy(self.baseband).sum(dim=(1, 2)) > 0).sum()


class Place(NamedTuple):
    """Where paths are; each (batch,): aoa u and aod w as sines, delay [samples], doppler [turns a symbol]."""

    aoa: Tensor
    aod: Tensor
    delay: Tensor
    doppler: Tensor


class FoundPaths(NamedTuple):
    """The P strongest paths, the strongest first.

    aoa, aod, delay, doppler: (batch, P), without gradient. gain: (batch, P, 2).
    aoa_profile: (batch, P, I), aod_profile: (batch, P, J): the map through the path along one axis, peak about 1.
    """

    aoa: Tensor
    aod: Tensor
    delay: Tensor
    doppler: Tensor
    gain: Tensor
    aoa_profile: Tensor
    aod_profile: Tensor


class PathSearch(nn.Module):
    """Find the P = N_RF strongest paths in the CSI-RS of one UE."""

    frequency: Tensor
    aoa_grid: Tensor
    aod_grid: Tensor
    coarse_aoa: Tensor
    coarse_aod: Tensor
    coarse_delay: Tensor
    fine_delay: Tensor
    doppler_grid: Tensor
    coarse_turning: Tensor
    fine_turning: Tensor

    def __init__(self, channel: ChannelParams, aoa_beams: int, aod_beams: int) -> None:
        super().__init__()
        self.antennas = (channel.bs_antennas, channel.ue_antennas)
        self.paths = channel.rf_chains
        self.longest_delay = math.ceil(channel.max_delay)
        fastest = channel.max_speed_kmh / 3.6 * channel.carrier_ghz * 1e9 / SPEED_OF_LIGHT
        turns = fastest * channel.symbol_duration_us * 1e-6
        frequency = torch.arange(channel.subcarriers) / channel.subcarriers

        def turning(delays: Tensor) -> Tensor:
            return phasor(2 * math.pi * frequency.unsqueeze(-1) * delays)

        coarse = torch.arange(0, channel.max_delay + _COARSE_STEP / 2, _COARSE_STEP)
        fine = torch.arange(0, channel.max_delay + _FINE_STEP / 2, _FINE_STEP)
        tables = {
            "frequency": frequency,
            "aoa_grid": directions(aoa_beams),
            "aod_grid": directions(aod_beams),
            # The coarse map is looked through once or twice; a beam in two of each array will do.
            "coarse_aoa": directions(2 * channel.bs_antennas),
            "coarse_aod": directions(2 * channel.ue_antennas),
            "coarse_delay": coarse,
            "fine_delay": fine,
            "doppler_grid": torch.linspace(-turns, turns, _DOPPLER_STEPS),
            "coarse_turning": turning(coarse),
            "fine_turning": turning(fine),
        }
        for name, table in tables.items():
            self.register_buffer(name, table, persistent=False)

    def forward(self, received: Tensor, sounding: Sounding) -> FoundPaths:
        """received: Y_p[k] as pairs (batch, N_c, R, L, 2), zero from the first unused symbol on."""
        air = _Air(self, sounding)
        received = received.permute(0, 3, 2, 1, 4).contiguous()
        captured = torch.compiler.is_exporting()
        # A captured graph has no gradients, and no place to note that it has none.
        with nullcontext() if captured else torch.no_grad():
            places = self._search(received, air, captured)
        others = [air.response(place) for place in places]
        gains = [air.gain(received, response) for response in others]
        found = []
        for path, place in enumerate(places):
            rest = received
            for other in range(self.paths):
                if other != path:
                    rest = rest - _scaled(others[other], gains[other])
            gain = air.gain(rest, others[path])
            chains = air.chains(rest, place.delay)
            aoa, aod = air.aoa_profile(chains, place), air.aod_profile(chains, place)
            peaks = [profile.detach().amax(dim=-1, keepdim=True).clamp_min(_TINY) for profile in (aoa, aod)]
            found.append((*place, gain, aoa / peaks[0], aod / peaks[1]))
        return _by_strength(FoundPaths(*(torch.stack(parts, dim=1) for parts in zip(*found, strict=True))))

    def beam_gain(
        self, received: Tensor, sounding: Sounding, aoa: Tensor, aod: Tensor
    ) -> tuple[Place, Tensor]:
        """Return the cell of the coarse grids nearest to u, w (batch,), and the gain (batch, N_c, 2) at each subcarrier there.

        received: as in `forward`.
        """
        air = _Air(self, sounding)
        signal = received.permute(0, 3, 2, 1, 4)
        nothing = torch.zeros_like(aoa)
        place = Place(_nearest(aoa, self.coarse_aoa), _nearest(aod, self.coarse_aod), nothing, nothing)
        response = air.response(place)
        matched = multiply(signal, conjugate(response)).sum(dim=(1, 2))
        return place, matched / (energy(response).sum(dim=(1, 2)) + _TINY).unsqueeze(-1)

    def _search(self, received: Tensor, air: "_Air", captured: bool) -> list[Place]:
        _, places = repeat(
            lambda state: self._take_out(state[0], air, captured), (received,), self.paths, captured=captured
        )
        return [Place(*parts) for parts in zip(*(part.unbind() for part in places), strict=True)]

    def _take_out(self, rest: Tensor, air: "_Air", captured: bool) -> tuple[State, State]:
        """Find the strongest path; return what is left without it, and its place."""
        coarse = self._strongest_cell(rest, air)
        refined, _ = repeat(
            lambda state: (self._sweep(rest, air, Place(*state)), ()),
            tuple(coarse),
            _SWEEPS,
            captured=captured,
        )
        place = Place(*refined)
        return (rest - air.fitted(rest, place),), tuple(place)

    def _strongest_cell(self, signal: Tensor, air: "_Air") -> Place:
        filtered = air.map(signal)
        best = filtered.flatten(1).argmax(dim=1)
        beams = len(self.coarse_aoa)
        cells = len(self.coarse_aod) * beams
        return Place(
            self.coarse_aoa[best % beams],
            self.coarse_aod[best % cells // beams],
            self.coarse_delay[best // cells],
            torch.zeros_like(best, dtype=signal.dtype),
        )

    def _sweep(self, signal: Tensor, air: "_Air", place: Place) -> State:
        """Refine a place coordinate by coordinate, once."""
        chains = air.chains(signal, place.delay)
        aod = peak(air.aod_profile(chains, place), self.aod_grid, circular=True)
        place = Place(place.aoa, aod, place.delay, place.doppler)
        aoa = peak(air.aoa_profile(chains, place), self.aoa_grid, circular=True)
        place = Place(aoa, aod, place.delay, place.doppler)
        if air.symbols.shape[0] > 1:
            doppler = peak(air.doppler_profile(chains, place), self.doppler_grid)
            # One symbol tells of no Doppler shift, whether or not others could have been sent.
            place = Place(aoa, aod, place.delay, torch.where(air.several, doppler, place.doppler))
        delay = peak(air.delay_profile(signal, place), self.fine_delay)
        return place.aoa, place.aod, delay, place.doppler


class _Air:
    """What one set of CSI-RS makes of directions, delays and Doppler shifts."""

    def __init__(self, search: PathSearch, sounding: Sounding) -> None:
        self.search = search
        self.sounding = sounding
        self.symbols = torch.arange(sounding.baseband.shape[0], device=sounding.baseband.device)
        self.several = sounding.sounded() > 1
        self.aoa_table, self.aoa_energy = self._transmit(search.aoa_grid)
        self.aod_table, self.aod_energy = self._receive(search.aod_grid)

    def _transmit(self, aoa: Tensor) -> tuple[Tensor, Tensor]:
        """s_l,c (L, *, C, 2) of directions (*), and its energy over subcarriers (L, *)."""
        table = self._chains_at(aoa)
        return table, energy(matrix_product(table, self.sounding.baseband.transpose(1, 2))).sum(dim=-1)

    def _chains_at(self, aoa: Tensor) -> Tensor:
        return matrix_product(array_response(aoa, self.search.antennas[0]), self.sounding.transmit)

    def _receive(self, aod: Tensor) -> tuple[Tensor, Tensor]:
        """v_l,r (L, *, R, 2) of directions (*), and its energy over chains (L, *)."""
        response = conjugate(array_response(aod, self.search.antennas[1]))
        table = matrix_product(response, self.sounding.receive.transpose(1, 2))
        return table, energy(table).sum(dim=-1)

    def map(self, signal: Tensor) -> Tensor:
        """Return the map (batch, D, J, I) over the coarse grids, Doppler zero."""
        search, count = self.search, signal.shape[0]
        aoa, aoa_energy = self._transmit(search.coarse_aoa)
        aod, aod_energy = self._receive(search.coarse_aod)
        turning = multiply(
            conjugate(self.sounding.baseband).unsqueeze(3), search.coarse_turning.unsqueeze(0).unsqueeze(2)
        )
        by_symbol = signal.transpose(0, 1).flatten(1, 2)
        delayed = matrix_product(by_symbol, turning.flatten(2, 3))
        delayed = delayed.reshape(delayed.shape[0], count, -1, *delayed.shape[2:])
        delayed = delayed.transpose(2, 3).flatten(1, 2)
        departed = matrix_product(delayed, conjugate(aod).transpose(1, 2))
        departed = departed.reshape(
            len(self.symbols), count, -1, len(search.coarse_delay), *departed.shape[2:]
        )
        departed = departed.permute(1, 3, 4, 0, 2, 5).flatten(3, 4).flatten(0, 2)
        # Real and imaginary parts apart, since this is the one large product of the search.
        table = conjugate(aoa).transpose(1, 2).flatten(0, 1)
        real = departed.flatten(-2) @ torch.stack((table[..., 0], -table[..., 1]), dim=1).flatten(0, 1)
        imaginary = departed.flatten(-2) @ torch.stack((table[..., 1], table[..., 0]), dim=1).flatten(0, 1)
        filtered = real.square_().addcmul_(imaginary, imaginary)
        response_energy = aod_energy.mT @ aoa_energy
        return filtered.reshape(count, -1, *response_energy.shape).div_(response_energy + _TINY)

    def response(self, place: Place) -> Tensor:
        """Return the response to a unit path at each place, (batch, L, R, N_c, 2)."""
        over_frequency = phasor(-2 * math.pi * place.delay.unsqueeze(-1) * self.search.frequency)
        transmit = multiply(self._transmit_at(place), over_frequency.unsqueeze(1))
        return multiply(transmit.unsqueeze(2), self._receive_at(place).unsqueeze(3))

    def gain(self, signal: Tensor, response: Tensor) -> Tensor:
        """Return the least-squares gain (batch, 2) of a response in a signal."""
        matched = multiply(signal, conjugate(response)).sum(dim=(1, 2, 3))
        return matched / (energy(response).sum(dim=(1, 2, 3)) + _TINY).unsqueeze(-1)

    def fitted(self, signal: Tensor, place: Place) -> Tensor:
        """Return the part of a signal that a path at each place explains."""
        response = self.response(place)
        return _scaled(response, self.gain(signal, response))

    def chains(self, signal: Tensor, delay: Tensor) -> Tensor:
        """Return what is left of a signal at one delay (batch,): (batch, L, R, C, 2), a sum over subcarriers."""
        undo = phasor(2 * math.pi * delay.unsqueeze(-1) * self.search.frequency)
        still = multiply(signal, undo.unsqueeze(1).unsqueeze(1))
        return matrix_product(still, conjugate(self.sounding.baseband))

    def aoa_profile(self, chains: Tensor, place: Place) -> Tensor:
        """Return the map (batch, I) along the AoA at the delay of `chains`, all else as in place."""
        receive = self._receive_at(place)
        heard = multiply(chains, conjugate(receive).unsqueeze(3)).sum(dim=2).flatten(1, 2)
        table = conjugate(self.aoa_table).transpose(1, 2).flatten(0, 1)
        filtered = matrix_product(heard.unsqueeze(1), table).squeeze(1)
        return energy(filtered) / (energy(receive).sum(dim=2) @ self.aoa_energy + _TINY)

    def aod_profile(self, chains: Tensor, place: Place) -> Tensor:
        """Return the map (batch, J) along the AoD at the delay of `chains`, all else as in place."""
        over_time = phasor(2 * math.pi * place.doppler.unsqueeze(-1) * self.symbols)
        transmit, transmit_energy = self._transmit(place.aoa)
        transmit = multiply(transmit.transpose(0, 1), over_time.unsqueeze(2))
        heard = multiply(chains, conjugate(transmit).unsqueeze(2)).sum(dim=3).flatten(1, 2)
        table = conjugate(self.aod_table).transpose(1, 2).flatten(0, 1)
        filtered = matrix_product(heard.unsqueeze(1), table).squeeze(1)
        return energy(filtered) / (transmit_energy.mT @ self.aod_energy + _TINY)

    def doppler_profile(self, chains: Tensor, place: Place) -> Tensor:
        """Return the map along the Doppler shifts, up to a factor, all else as in place."""
        receive = self._receive_at(place._replace(doppler=torch.zeros_like(place.doppler)))
        transmit = self._chains_at(place.aoa).transpose(0, 1)
        response = multiply(receive.unsqueeze(3), transmit.unsqueeze(2))
        matched = multiply(chains, conjugate(response)).sum(dim=(2, 3))
        turning = phasor(-2 * math.pi * self.symbols.unsqueeze(-1) * self.search.doppler_grid)
        return energy(matrix_product(matched.unsqueeze(1), turning)).squeeze(1)

    def delay_profile(self, signal: Tensor, place: Place) -> Tensor:
        """Return the map along the fine delays (batch, D), up to a factor, all else as in place."""
        heard = multiply(signal, conjugate(self._receive_at(place)).unsqueeze(3)).sum(dim=2)
        matched = multiply(heard, conjugate(self._transmit_at(place))).sum(dim=1)
        return energy(matrix_product(matched.unsqueeze(1), self.search.fine_turning)).squeeze(1)

    def _transmit_at(self, place: Place) -> Tensor:
        """s_l,n (batch, L, N_c, 2) at each place."""
        chains = self._chains_at(place.aoa)
        return matrix_product(chains, self.sounding.baseband.transpose(1, 2)).transpose(0, 1)

    def _receive_at(self, place: Place) -> Tensor:
        """v_l,r (batch, L, R, 2) at each place, turning with its Doppler shift."""
        over_time = phasor(2 * math.pi * place.doppler.unsqueeze(-1) * self.symbols)
        receive, _ = self._receive(place.aod)
        return multiply(receive.transpose(0, 1), over_time.unsqueeze(2))


def _nearest(direction: Tensor, grid: Tensor) -> Tensor:
    """Return the entry of a grid (G,) nearest to each direction (batch,), round the circle."""
    return grid[wrapped(grid - direction.unsqueeze(-1)).abs().argmin(dim=-1)]


def _scaled(response: Tensor, gain: Tensor) -> Tensor:
    return multiply(response, gain.reshape(-1, 1, 1, 1, 2))


def _by_strength(found: FoundPaths) -> FoundPaths:
    order = energy(found.gain).detach().argsort(dim=1, descending=True)

    def sort(field: Tensor) -> Tensor:
        index = order.reshape(*order.shape, *[1] * (field.ndim - 2)).expand(-1, -1, *field.shape[2:])
        return field.gather(1, index)

    return FoundPaths(*(sort(field) for field in found))
