"""Refine the detected paths before phases are predicted from them.

The phase of a path in the middle of the CSI-RS is measured. Its phase at a data symbol is predicted
from the Doppler shift, which a few symbols determine poorly at low SNR; and a falsely detected path
adds an error. So the detected paths are refined: Doppler shifts are shrunk about the middle of the
CSI-RS, paths are weighted against each other, and each gain is rotated. A network sets the three
from the SNR and the number of the CSI-RS symbols and from features of the paths. Before training,
the paths stay as they were detected.

Axes: P paths, 2 = I/Q.
"""

import math

import torch
from torch import Tensor, nn

from cscsanet.networks import iq
from cscsanet.networks.beamspace.beam_layers import Mlp
from cscsanet.networks.beamspace.path_search import DetectedPaths
from cscsanet.networks.beamspace.stream_allocation import SNR_SCALE
from cscsanet.networks.interfaces import PathEstimates

_MAX_SNR_DB = 40.0  # of an SNR as input; noise-free CSI-RS count as this


class PathRefinement(nn.Module):
    """Network from detected paths to refined paths."""

    def __init__(self, paths: int, path_features: int, hidden_features: int) -> None:
        super().__init__()
        self.paths = paths
        self.mixer = Mlp(path_features + 2, hidden_features, 3 * paths)

    def forward(
        self,
        detected: DetectedPaths,
        path_features: Tensor,
        csirs_snr_db: float | Tensor,
        num_symbols: Tensor,
    ) -> PathEstimates:
        """Return the refined paths.

        path_features: (batch, features); csirs_snr_db: SNR () or (batch,) of the CSI-RS at a UE antenna;
        num_symbols: L (), the CSI-RS symbols that were sent.
        """
        snr = torch.as_tensor(csirs_snr_db, dtype=torch.float64, device=path_features.device)
        snr = snr.clamp(-_MAX_SNR_DB, _MAX_SNR_DB) / SNR_SCALE
        per_symbol = (1 / num_symbols.double()).expand_as(snr)
        csirs_features = torch.stack((snr, per_symbol), dim=-1).to(path_features.dtype)
        csirs_features = csirs_features.expand(path_features.shape[0], -1)
        learned = self.mixer(torch.cat((path_features, csirs_features), dim=-1))
        doppler_logit, log_weight, rotation = learned.chunk(3, dim=-1)
        doppler_share = 2 * torch.sigmoid(doppler_logit)
        middle = (num_symbols.double() - 1) / 2
        # A smaller Doppler shift also moves the phase at symbol 0; undone, so that the middle keeps
        # its phase.
        rotation = rotation + 2 * math.pi * middle * (1 - doppler_share) * detected.doppler
        gain = iq.mul(detected.gain, iq.cis(rotation)) * log_weight.exp().unsqueeze(-1)
        return PathEstimates(
            detected.aoa, detected.aod, detected.delay, doppler_share * detected.doppler, gain
        )
