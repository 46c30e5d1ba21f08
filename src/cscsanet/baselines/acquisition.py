"""DL-based CSI acquisition: a Transformer estimates a UE's channel from its received CSI-RS.

    Y_p[k] -> matched filter and path search = P paths -> Transformer -> P refined paths = H[k]

With 64 BS antennas the received CSI-RS hold too little information for a network to start from them
directly. It starts from the paths that the matched filter detects one after another (a matching
pursuit over angles, delay and Doppler shift), and learns to refine them: to shift a path by the
shape of the profile around its peak, to weight it by its reliability at this SNR, and to correct
the Doppler shift that extrapolates it to the last CSI-RS symbol. Before training, the paths remain
as detected.

Axes: P paths, I beams of the BS's grid, J of the UE's, N_c subcarriers, L CSI-RS symbols, 2 = I/Q.
"""

import math

import torch
from torch import Tensor, nn

from cscsanet.baselines.path_channel import at_symbol, strongest_first
from cscsanet.channel.paths import PathDrops
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.config.system import ChannelParams, CsaParams
from cscsanet.links.physical_layer import csirs_noise_power
from cscsanet.networks import iq
from cscsanet.networks.beamspace.beam_grid import wrap_direction
from cscsanet.networks.beamspace.path_search import DetectedPaths, PathSearch
from cscsanet.networks.beamspace.stream_allocation import SNR_SCALE
from cscsanet.networks.bs_csirs_net import BsCsirsNet
from cscsanet.networks.interfaces import PathEstimates
from cscsanet.networks.transformer import PathTransformer

_AROUND = 8  # grid cells on either side of a peak in the AoA profile
_MAX_SNR_DB = 40.0  # of the input feature, also for CSI-RS without noise
_MAX_SHIFT = 0.5  # of a path, in beams or samples


class Estimator(nn.Module):
    """P detected paths -> P refined paths, with gains at the last CSI-RS symbol."""

    def __init__(self, channel: ChannelParams, params: CsaParams) -> None:
        super().__init__()
        self.antennas = (channel.bs_antennas, channel.ue_antennas)
        self.beams = (params.aoa_beams, params.aod_beams)
        features = 2 * _AROUND + 1 + params.aod_beams + 12
        self.learned = PathTransformer(features, params, params.trunk_layers, 6)

    def forward(self, detected: DetectedPaths, csirs_snr_db: float, csirs_symbols: int) -> PathEstimates:
        """Return the refined paths (batch, P); detected: (batch, P)."""
        tokens = self._features(detected, csirs_snr_db, csirs_symbols)
        aoa, aod, delay, doppler, log_weight, phase = self.learned(tokens).unbind(dim=-1)
        shifted = PathEstimates(
            aoa=wrap_direction(detected.aoa + _MAX_SHIFT * 2 / self.antennas[0] * torch.tanh(aoa)),
            aod=wrap_direction(detected.aod + _MAX_SHIFT * 2 / self.antennas[1] * torch.tanh(aod)),
            delay=detected.delay + _MAX_SHIFT * torch.tanh(delay),
            doppler=2 * torch.sigmoid(doppler) * detected.doppler,
            gain=self._keep_middle_phase(detected, doppler, csirs_symbols),
        )
        at_last = at_symbol(shifted, csirs_symbols - 1)
        gain = iq.mul(at_last.gain, iq.cis(phase)) * log_weight.exp().unsqueeze(-1)
        return strongest_first(at_last._replace(gain=gain))

    def _keep_middle_phase(self, detected: DetectedPaths, doppler: Tensor, csirs_symbols: int) -> Tensor:
        """Return the gains at symbol 0 that keep the measured phase in the middle of the CSI-RS.

        doppler: the logit (batch, P) of the factor of the Doppler shift.
        """
        middle = (csirs_symbols - 1) / 2
        change = (1 - 2 * torch.sigmoid(doppler)) * detected.doppler
        return iq.mul(detected.gain, iq.cis(2 * math.pi * middle * change))

    def _features(self, detected: DetectedPaths, csirs_snr_db: float, csirs_symbols: int) -> Tensor:
        """Return the input features of each path, (batch, P, features)."""
        snr = min(max(csirs_snr_db, -_MAX_SNR_DB), _MAX_SNR_DB)
        strength = torch.log10(iq.abs2(detected.gain) + 1e-6)
        context = strength.new_tensor((snr / SNR_SCALE, 1 / csirs_symbols)).expand(*strength.shape, 2)
        order = torch.arange(strength.shape[1], device=strength.device).expand_as(strength)
        positions = [
            _grid_position(direction, beams)
            for direction, beams in zip((detected.aoa, detected.aod), self.beams, strict=True)
        ]
        offsets = [position - position.round() for position in positions]
        per_path = torch.stack(
            (strength, strength + snr / 10, strength - strength[:, :1], order.float(), *offsets), dim=-1
        )
        return torch.cat(
            (
                _around(detected.aoa_profile, _cell(detected.aoa, self.beams[0]), _AROUND),
                _around(detected.aod_profile, _cell(detected.aod, self.beams[1]), self.beams[1] // 2)[
                    ..., 1:
                ],
                context,
                per_path,
                self._interference(detected),
                detected.doppler.unsqueeze(-1) * csirs_symbols,
                torch.tanh(detected.delay - detected.delay.mean(dim=1, keepdim=True)).unsqueeze(-1),
            ),
            dim=-1,
        )

    def _interference(self, detected: DetectedPaths) -> Tensor:
        """Return the other paths' response at each path, relative to its gain, (batch, P, 2)."""

        def differences(value: Tensor) -> Tensor:
            return value.unsqueeze(1) - value.unsqueeze(2)

        response = iq.mul(detected.gain.unsqueeze(1), iq.conj(detected.gain).unsqueeze(2))
        for angle, antennas in zip((detected.aoa, detected.aod), self.antennas, strict=True):
            response = response * torch.sinc(antennas / 2 * wrap_direction(differences(angle))).unsqueeze(-1)
        response = response * torch.sinc(differences(detected.delay)).unsqueeze(-1)
        diagonal = torch.eye(response.shape[1], device=response.device).reshape(1, *response.shape[1:3], 1)
        relative = (response * (1 - diagonal)).sum(dim=2) / (iq.abs2(detected.gain).unsqueeze(-1) + 1e-6)
        return relative.clamp(-3, 3)


class Acquisition(nn.Module):
    """CSI-RS, the path search of each UE, and the estimator that all UEs share."""

    def __init__(self, params: Params) -> None:
        super().__init__()
        self.channel = params.channel
        self.csirs = BsCsirsNet(params.channel, params.points.capacity.csirs_symbols).requires_grad_(False)
        self.search = PathSearch(params.channel, params.csa.aoa_beams, params.csa.aod_beams)
        self.estimator = Estimator(params.channel, params.csa)

    def forward(self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator) -> PathEstimates:
        """Return the path estimates of all UEs, (batch x K, P), at the L and SNR of the point."""
        return self.refine(self.detect_paths(paths, point, generator), point)

    def detect_paths(
        self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator
    ) -> DetectedPaths:
        """Return the paths that each UE detects in its received CSI-RS, (batch x K, P)."""
        with torch.no_grad():
            noise_power = csirs_noise_power(point, self.channel)
            received = self.csirs(paths, point.csirs_symbols, noise_power, generator)
            sent = received[..., : point.csirs_symbols, :].flatten(0, 1)
            detected: DetectedPaths = self.search(sent, self.csirs.csirs_signals(point.csirs_symbols))
        return detected

    def refine(self, detected: DetectedPaths, point: OperatingPoint) -> PathEstimates:
        """Return the refined estimates of detected paths (batch, P)."""
        csirs_snr_db = point.snr_db + self.channel.bs_power_offset_db
        estimate: PathEstimates = self.estimator(detected, csirs_snr_db, point.csirs_symbols)
        return estimate


def as_estimates(detected: DetectedPaths, csirs_symbols: int) -> PathEstimates:
    """Return detected paths as estimates at the last CSI-RS symbol, without refinement."""
    estimates = PathEstimates(detected.aoa, detected.aod, detected.delay, detected.doppler, detected.gain)
    return at_symbol(estimates, csirs_symbols - 1)


def _cell(direction: Tensor, beams: int) -> Tensor:
    """Return the nearest cell (...) of the even grid of sines."""
    return torch.round(_grid_position(direction, beams)).long() % beams


def _grid_position(direction: Tensor, beams: int) -> Tensor:
    """Return the position of a sine on the even grid, in cells, with integers at their centres."""
    return (direction + 1) / 2 * beams - 0.5


def _around(profile: Tensor, cell: Tensor, reach: int) -> Tensor:
    """Return the part of a circular profile (batch, P, G) within `reach` of a cell (batch, P)."""
    offsets = torch.arange(-reach, reach + 1, device=cell.device)
    return profile.gather(-1, (cell.unsqueeze(-1) + offsets) % profile.shape[-1])
