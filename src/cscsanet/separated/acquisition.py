"""DL-based CSI acquisition: a Transformer turns received CSI-RS into a UE's channel.

    Y_p[k] -> matched filter and path search = P paths -> tokens -> Transformer -> P paths believed = H[k]

Received CSI-RS of 64 antennas tell too little for a network to begin at them; it begins at the paths that the matched
filter finds one after another (a matching pursuit over angles, delay and Doppler shift), and learns what to
make of them: where the profile around a peak says that it lies, how far to believe it at this SNR, how its Doppler shift
carries it to the last CSI-RS symbol. Before training it believes all as it was found.

Axes: P paths, I beams of the BS's grid, J of the UE's, N_c subcarriers, L CSI-RS symbols, 2 = I/Q.
"""

import math

import torch
from torch import Tensor, nn

from cscsanet.channel.paths import PathDrops
from cscsanet.links.physical_layer import csirs_noise_power
from cscsanet.networks.beam_grid import wrapped
from cscsanet.networks.bs_csirs_net import BsCsirsNet
from cscsanet.networks.complex_pairs import conjugate, energy, multiply, phasor
from cscsanet.networks.path_search import FoundPaths, PathSearch
from cscsanet.networks.phase_alignment import KnownPaths
from cscsanet.networks.strategy_gate import SNR_SCALE
from cscsanet.params import ChannelParams, CsaParams, Params
from cscsanet.points import OperatingPoint
from cscsanet.separated.known_channel import at_symbol, strongest_first
from cscsanet.separated.path_transformer import PathTransformer

_AROUND = 8  # grid cells to either side of a peak in the AoA's profile
_MOST_DB = 40.0  # of an SNR as input; CSI-RS without noise count as this
_MOVE = 0.5  # of a beam, or of a sample: how far a path can be moved


class Estimator(nn.Module):
    """P paths found -> P paths believed, at the last CSI-RS symbol."""

    def __init__(self, channel: ChannelParams, params: CsaParams) -> None:
        super().__init__()
        self.antennas = (channel.bs_antennas, channel.ue_antennas)
        self.beams = (params.aoa_beams, params.aod_beams)
        figures = 2 * _AROUND + 1 + params.aod_beams + 12
        self.learned = PathTransformer(figures, params, params.trunk_layers, 6)

    def forward(self, found: FoundPaths, csirs_snr_db: float, csirs_symbols: int) -> KnownPaths:
        """Return paths whose gains are those at the last CSI-RS symbol; found, result: (batch, P)."""
        tokens = self._figures(found, csirs_snr_db, csirs_symbols)
        aoa, aod, delay, kept, weight, turn = self.learned(tokens).unbind(dim=-1)
        moved = KnownPaths(
            aoa=wrapped(found.aoa + _MOVE * 2 / self.antennas[0] * torch.tanh(aoa)),
            aod=wrapped(found.aod + _MOVE * 2 / self.antennas[1] * torch.tanh(aod)),
            delay=found.delay + _MOVE * torch.tanh(delay),
            doppler=2 * torch.sigmoid(kept) * found.doppler,
            gain=self._about_the_middle(found, kept, csirs_symbols),
        )
        at_last = at_symbol(moved, csirs_symbols - 1)
        gain = multiply(at_last.gain, phasor(turn)) * weight.exp().unsqueeze(-1)
        return strongest_first(at_last._replace(gain=gain))

    def _about_the_middle(self, found: FoundPaths, kept: Tensor, csirs_symbols: int) -> Tensor:
        """The gains at symbol 0 that leave the phase in the middle of the CSI-RS, which was measured, as it is."""
        middle = (csirs_symbols - 1) / 2
        shrunk = (1 - 2 * torch.sigmoid(kept)) * found.doppler
        return multiply(found.gain, phasor(2 * math.pi * middle * shrunk))

    def _figures(self, found: FoundPaths, csirs_snr_db: float, csirs_symbols: int) -> Tensor:
        """What the UE knows of each path, (batch, P, figures)."""
        snr = min(max(csirs_snr_db, -_MOST_DB), _MOST_DB)
        strength = torch.log10(energy(found.gain) + 1e-6)
        known = strength.new_tensor((snr / SNR_SCALE, 1 / csirs_symbols)).expand(*strength.shape, 2)
        order = torch.arange(strength.shape[1], device=strength.device).expand_as(strength)
        places = [_place(part, beams) for part, beams in zip((found.aoa, found.aod), self.beams, strict=True)]
        beside = [place - place.round() for place in places]
        own = torch.stack(
            (strength, strength + snr / 10, strength - strength[:, :1], order.float(), *beside), dim=-1
        )
        return torch.cat(
            (
                _around(found.aoa_profile, _cell(found.aoa, self.beams[0]), _AROUND),
                _around(found.aod_profile, _cell(found.aod, self.beams[1]), self.beams[1] // 2)[..., 1:],
                known,
                own,
                self._others(found),
                found.doppler.unsqueeze(-1) * csirs_symbols,
                torch.tanh(found.delay - found.delay.mean(dim=1, keepdim=True)).unsqueeze(-1),
            ),
            dim=-1,
        )

    def _others(self, found: FoundPaths) -> Tensor:
        """How much of the other paths is heard at the place of each, relative to it, (batch, P, 2)."""

        def apart(value: Tensor) -> Tensor:
            return value.unsqueeze(1) - value.unsqueeze(2)

        heard = multiply(found.gain.unsqueeze(1), conjugate(found.gain).unsqueeze(2))
        for angle, antennas in zip((found.aoa, found.aod), self.antennas, strict=True):
            heard = heard * torch.sinc(antennas / 2 * wrapped(apart(angle))).unsqueeze(-1)
        heard = heard * torch.sinc(apart(found.delay)).unsqueeze(-1)
        own = torch.eye(heard.shape[1], device=heard.device).reshape(1, *heard.shape[1:3], 1)
        relative = (heard * (1 - own)).sum(dim=2) / (energy(found.gain).unsqueeze(-1) + 1e-6)
        return relative.clamp(-3, 3)


class Acquisition(nn.Module):
    """CSI-RS, the search of every UE, and the estimator that all UEs share."""

    def __init__(self, params: Params) -> None:
        super().__init__()
        self.channel = params.channel
        self.csirs = BsCsirsNet(params.channel, params.points.capacity.csirs_symbols).requires_grad_(False)
        self.search = PathSearch(params.channel, params.csa.aoa_beams, params.csa.aod_beams)
        self.estimator = Estimator(params.channel, params.csa)

    def forward(self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator) -> KnownPaths:
        """Return what each UE estimates, (batch x K, P), at the L and SNR of the point."""
        return self.believe(self.find(paths, point, generator), point)

    def find(self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator) -> FoundPaths:
        """Return what each UE finds in the CSI-RS it receives, (batch x K, P)."""
        with torch.no_grad():
            noise_power = csirs_noise_power(point, self.channel)
            received = self.csirs(paths, point.csirs_symbols, noise_power, generator)
            heard = received[..., : point.csirs_symbols, :].flatten(0, 1)
            found: FoundPaths = self.search(heard, self.csirs.sounding(point.csirs_symbols))
        return found

    def believe(self, found: FoundPaths, point: OperatingPoint) -> KnownPaths:
        """Return the estimate of paths found (batch, P)."""
        csirs_snr_db = point.snr_db + self.channel.bs_power_offset_db
        estimate: KnownPaths = self.estimator(found, csirs_snr_db, point.csirs_symbols)
        return estimate


def found_as_known(found: FoundPaths, csirs_symbols: int) -> KnownPaths:
    """Take paths for what they were found to be, at the last CSI-RS symbol: the pursuit alone, nothing learned."""
    known = KnownPaths(found.aoa, found.aod, found.delay, found.doppler, found.gain)
    return at_symbol(known, csirs_symbols - 1)


def _cell(direction: Tensor, beams: int) -> Tensor:
    """Return the nearest cell (...) of the even grid of sines."""
    return torch.round(_place(direction, beams)).long() % beams


def _place(direction: Tensor, beams: int) -> Tensor:
    """Return where a sine lies on the even grid, in cells; a whole number is the middle of a cell."""
    return (direction + 1) / 2 * beams - 0.5


def _around(profile: Tensor, cell: Tensor, reach: int) -> Tensor:
    """Return a circular profile (batch, P, G) from `reach` cells before a cell (batch, P) to `reach` after it."""
    offsets = torch.arange(-reach, reach + 1, device=cell.device)
    return profile.gather(-1, (cell.unsqueeze(-1) + offsets) % profile.shape[-1])
