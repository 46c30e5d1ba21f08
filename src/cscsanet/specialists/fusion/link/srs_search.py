"""Paths in what a BS receives of one user's SRS: orthogonal matching pursuit with refinement off the grid.

    y[i] = sum over l of c_l exp(-j 2 pi n_i tau_l / N_c) a(theta_l) + noise of unit power

The strongest cell of a map over angles and delays is refined, all gains are fitted again, and the search goes on with what
is left. At the end each path is refined once more without the others. Gains and their covariance are those of a Gaussian
prior. Nothing here is learned, and the coordinates carry no gradient.

Axes: items, each of one drop and user; N_s sounded subcarriers, M antennas, L paths that are sought.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from cscsanet.channel.steering import cis_cycles

_BEAMS = 2  # of the map, for each antenna
_DELAY_STEP = 0.5  # of the map, of what the sounded band resolves
_HALVINGS = 4  # of the steps of a refinement
_SWEEPS = 2  # over all paths, at the end


class SrsPaths(NamedTuple):
    """The paths of each item, those that were found first before others.

    sine: of the angle, (items, L). delay: [samples], (items, L). gain: posterior mean of c (items, L), complex64.
    covariance: of c (items, L, L).
    """

    sine: Tensor
    delay: Tensor
    gain: Tensor
    covariance: Tensor


class Sounding(NamedTuple):
    """What the search knows. subcarrier: n (items, N_s). subcarriers: N_c. max_delay: the longest delay [samples]."""

    subcarrier: Tensor
    subcarriers: int
    max_delay: float

    def response(self, sine: Tensor, delay: Tensor, antennas: int) -> Tensor:
        """Return what paths (items, L) of gain one give (items, L, N_s, M)."""
        return self.over_band(delay).unsqueeze(-1) * steering_of(sine, antennas).unsqueeze(-2)

    def over_band(self, delay: Tensor) -> Tensor:
        """Return exp(-j 2 pi n tau / N_c) of delays (items, L): (items, L, N_s)."""
        return cis_cycles(-delay.unsqueeze(-1) * self.subcarrier.unsqueeze(-2) / self.subcarriers)


@torch.no_grad()
def search(received: Tensor, sounding: Sounding, paths: int, mean_power: Tensor) -> SrsPaths:
    """Return the strongest paths.

    received: y (items, N_s, M), over noise of unit power. mean_power: of a path's gain (items,), which its prior has.
    """
    items, _, antennas = received.shape
    sine = received.real.new_zeros((items, 0))
    delay, left = sine, received
    for _ in range(paths):
        new_sine, new_delay = _refined(left, sounding, *_strongest(left, sounding), coarse=True)
        sine, delay = torch.cat((sine, new_sine), dim=1), torch.cat((delay, new_delay), dim=1)
        response = sounding.response(sine, delay, antennas)
        gain, _ = fitted(received, response, mean_power)
        left = received - _sum(gain, response)
    for _ in range(_SWEEPS):
        for path in range(paths):
            others = left + gain[:, path, None, None] * response[:, path]
            moved = _refined(others, sounding, sine[:, path : path + 1], delay[:, path : path + 1])
            sine, delay = sine.clone(), delay.clone()
            sine[:, path : path + 1], delay[:, path : path + 1] = moved
            response = sounding.response(sine, delay, antennas)
            gain, _ = fitted(received, response, mean_power)
            left = received - _sum(gain, response)
    gain, covariance = fitted(received, response, mean_power)
    return SrsPaths(sine, delay, gain, covariance)


def fitted(received: Tensor, response: Tensor, mean_power: Tensor) -> tuple[Tensor, Tensor]:
    """Return posterior mean (items, L) and covariance (items, L, L) of gains that are CN(0, mean_power)."""
    flat = response.flatten(2)
    precision = flat.conj() @ flat.mT
    prior = mean_power.reciprocal().to(precision.dtype).reshape(-1, 1, 1)
    covariance = torch.linalg.inv(precision + prior * torch.eye(precision.shape[-1], device=flat.device))
    matched = flat.conj() @ received.flatten(1).unsqueeze(-1)
    return (covariance @ matched).squeeze(-1), covariance


def _strongest(signal: Tensor, sounding: Sounding) -> tuple[Tensor, Tensor]:
    """Return sine and delay (items, 1) of the strongest cell of the map."""
    antennas = signal.shape[2]
    sines = _beam_sines(antennas, signal.device)
    delays = _delays(sounding, signal.device)
    beams = signal @ steering_of(sines, antennas).conj().mT
    ramp = sounding.over_band(delays.expand(len(signal), -1))
    energy = (ramp.conj() @ beams).abs()
    best = energy.flatten(1).argmax(dim=1, keepdim=True)
    return sines[best % len(sines)], delays[best // len(sines)]


def _refined(
    signal: Tensor, sounding: Sounding, sine: Tensor, delay: Tensor, *, coarse: bool = False
) -> tuple[Tensor, Tensor]:
    """Return sine and delay (items, 1) at which the matched filter is largest nearby, by parabolas of shrinking width."""
    antennas = signal.shape[2]
    width = 1.0 if coarse else 0.5
    for halving in range(_HALVINGS):
        shrunk = width * 0.5**halving
        beam_step = shrunk * 2 / (_BEAMS * antennas)
        sine = sine + beam_step * _parabola(
            _energy(signal, sounding, sine + beam_step * _around(sine), delay.expand(-1, 3))
        )
        delay_step = shrunk * _DELAY_STEP
        delay = delay + delay_step * _parabola(
            _energy(signal, sounding, sine.expand(-1, 3), delay + delay_step * _around(delay))
        )
        delay = delay.clamp(0, sounding.max_delay)
    return sine, delay


def _energy(signal: Tensor, sounding: Sounding, sine: Tensor, delay: Tensor) -> Tensor:
    """Return the matched filter's energy (items, G) at sines and delays (items, G)."""
    beams = signal @ steering_of(sine, signal.shape[2]).conj().mT
    matched = (sounding.over_band(delay).conj() * beams.mT).sum(dim=2)
    return matched.real.square() + matched.imag.square()


def _parabola(energy: Tensor) -> Tensor:
    """Return the offset (items, 1), in steps and one at most, of the largest of a parabola through three energies."""
    low, middle, high = energy[:, :1], energy[:, 1:2], energy[:, 2:]
    curvature = (2 * middle - low - high).clamp_min(1e-9 * middle + 1e-30)
    offset: Tensor = ((high - low) / (2 * curvature)).clamp(-1, 1)
    return offset


def _around(like: Tensor) -> Tensor:
    return torch.tensor([[-1.0, 0.0, 1.0]], device=like.device)


def _sum(gain: Tensor, response: Tensor) -> Tensor:
    return (gain.unsqueeze(1) @ response.flatten(2)).reshape(response.shape[0], *response.shape[2:])


def steering_of(sine: Tensor, antennas: int) -> Tensor:
    """Return a of sines (..., M)."""
    return cis_cycles(sine.unsqueeze(-1) * torch.arange(antennas, device=sine.device) / 2)


def _beam_sines(antennas: int, device: torch.device) -> Tensor:
    count = _BEAMS * antennas
    return (torch.arange(count, device=device) + 0.5) * (2 / count) - 1


def _delays(sounding: Sounding, device: torch.device) -> Tensor:
    count = math.ceil(sounding.max_delay / _DELAY_STEP)
    return torch.linspace(0, sounding.max_delay, count + 1, device=device)
