"""Refine the detected paths before phases are predicted from them.

The phase of a path in the middle of the CSI-RS is measured. Its phase at a data symbol is predicted
from the Doppler shift, which a few symbols determine poorly at low SNR; and a falsely detected path
adds an error. So the detected paths are refined: Doppler shifts are shrunk about the middle of the
CSI-RS, paths are weighted against each other, and each gain is rotated.

How far a Doppler shift can be trusted is known. With the SNR rho_p of path p in one CSI-RS symbol,
the Cramer-Rao bound of its frequency from L symbols, and the variance of a uniform prior up to the
largest Doppler shift f_max,

    sigma_p^2 = 1 / ((2 pi)^2 rho_p L (L^2 - 1) / 6 + 3 / f_max^2) + kappa^2 / L^3    [(cycles / symbol)^2]

The search does not reach the bound: its coordinates disturb each other, so that even without noise an
error remains, which falls with L as the last term does. kappa starts as measured, and is learned.

After t symbols the expected phasor of the path has shrunk to

    c_p = exp(-(2 pi sigma_p t)^2 / 2)

which is its weight among the paths. A network changes the weights, shrinks the Doppler shifts and rotates
the gains; its inputs are the SNR and the number of the CSI-RS symbols, t, c and features of the paths.
Before training it changes nothing.

Axes: P paths, 2 = I/Q.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cscsanet.networks import iq
from cscsanet.networks.beamspace.beam_layers import Mlp
from cscsanet.networks.beamspace.path_search import DetectedPaths
from cscsanet.networks.beamspace.stream_allocation import SNR_SCALE
from cscsanet.networks.interfaces import PathEstimates

_MAX_SNR_DB = 40.0  # of an SNR as input; noise-free CSI-RS count as this
_TIME_SCALE = 50.0  # [symbols], of a time as input
_FLOOR = 0.025  # kappa, cycles per symbol
_MOST_DAMPING = 8.0  # of minus the logarithm of c


class RefinedPaths(NamedTuple):
    """Refined paths, and the certainty c (batch, P) in [0, 1] of their phases at the first data symbol."""

    paths: PathEstimates
    certainty: Tensor


class PathRefinement(nn.Module):
    """Network from detected paths to refined paths."""

    def __init__(
        self,
        paths: int,
        path_features: int,
        hidden_features: int,
        samples_per_symbol: int,
        max_doppler: float,
        *,
        certainty: bool = True,
    ) -> None:
        """samples_per_symbol: N_c R of the CSI-RS; max_doppler: f_max [cycles per symbol].

        certainty: whether c and t count; without, all c are 1, and the network sees neither.
        """
        super().__init__()
        self.has_certainty = certainty
        self.paths = paths
        self.samples_per_symbol = samples_per_symbol
        self.prior_precision = 3 / max(max_doppler, 1e-6) ** 2
        if certainty:
            self.log_floor = nn.Parameter(torch.tensor(math.log(_FLOOR)))
        self.mixer = Mlp(path_features + 2 + (1 + paths if certainty else 0), hidden_features, 3 * paths)

    def forward(
        self,
        detected: DetectedPaths,
        path_features: Tensor,
        csirs_snr_db: float | Tensor,
        num_symbols: Tensor,
        first_data_symbol: Tensor,
    ) -> RefinedPaths:
        """Return the refined paths.

        path_features: (batch, features); csirs_snr_db: SNR () or (batch,) of the CSI-RS at a UE antenna;
        num_symbols: L (), the CSI-RS symbols that were sent; first_data_symbol: its index () or (batch,) in
        the frame.
        """
        batch, dtype = path_features.shape[0], path_features.dtype
        snr_db = torch.as_tensor(csirs_snr_db, dtype=torch.float64, device=path_features.device)
        snr_db = snr_db.clamp(-_MAX_SNR_DB, _MAX_SNR_DB).expand(batch).to(dtype)
        length = num_symbols.to(dtype)
        middle = (length - 1) / 2
        elapsed = (first_data_symbol.to(dtype) - middle).expand(batch)
        certainty = torch.ones_like(detected.doppler)
        inputs = [path_features, torch.stack((snr_db / SNR_SCALE, (1 / length).expand(batch)), dim=-1)]
        if self.has_certainty:
            certainty = self._certainty(detected.gain, snr_db, length, elapsed)
            inputs += [elapsed.unsqueeze(-1) / _TIME_SCALE, certainty]
        learned = self.mixer(torch.cat(inputs, dim=-1))
        doppler_logit, log_weight, rotation = learned.chunk(3, dim=-1)
        doppler_share = 2 * torch.sigmoid(doppler_logit)
        # A smaller Doppler shift also moves the phase at symbol 0; undone, so that the middle keeps
        # its phase.
        rotation = rotation + 2 * math.pi * middle * (1 - doppler_share) * detected.doppler
        weight = certainty * log_weight.exp()
        gain = iq.mul(detected.gain, iq.cis(rotation)) * weight.unsqueeze(-1)
        paths = PathEstimates(
            detected.aoa, detected.aod, detected.delay, doppler_share * detected.doppler, gain
        )
        return RefinedPaths(paths, certainty)

    def _certainty(self, gain: Tensor, snr_db: Tensor, length: Tensor, elapsed: Tensor) -> Tensor:
        """Return c (batch, P). gain: (batch, P, 2); snr_db, elapsed: (batch,); length: L ()."""
        symbol_snr = self.samples_per_symbol * iq.abs2(gain.detach()) * (10 ** (snr_db / 10)).unsqueeze(-1)
        measured = (2 * math.pi) ** 2 * symbol_snr * length * (length.square() - 1) / 6
        variance = 1 / (measured + self.prior_precision) + (2 * self.log_floor).exp() / length**3
        damping = (2 * math.pi * elapsed.unsqueeze(-1)).square() * variance / 2
        return torch.exp(-damping.clamp_max(_MOST_DAMPING))
