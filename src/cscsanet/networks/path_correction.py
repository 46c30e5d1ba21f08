"""What a UE makes of the paths it found before it foretells phases from them.

The phase that a path has in the middle of the CSI-RS is measured; the phase at a data symbol is foretold with a Doppler
shift that a few symbols tell badly at low SNR, and a path that is not there adds its own error. So what was found is
believed in part: the Doppler shift is shrunk about the middle of the CSI-RS, paths are weighed against each other, and
each is turned, by what the UE knows: SNR and number of the CSI-RS, and its paths. Before training all is believed as it
was found.

Axes: P paths, 2 = I/Q.
"""

import math

import torch
from torch import Tensor, nn

from cscsanet.networks.beam_layers import Mixer
from cscsanet.networks.complex_pairs import multiply, phasor
from cscsanet.networks.path_search import FoundPaths
from cscsanet.networks.phase_alignment import KnownPaths
from cscsanet.networks.strategy_gate import SNR_SCALE

_MOST_DB = 40.0  # of an SNR as input; CSI-RS without noise count as this


class PathCorrection(nn.Module):
    """Paths found -> paths believed."""

    def __init__(self, paths: int, known: int, features: int) -> None:
        """known: how many figures the UE knows of its paths."""
        super().__init__()
        self.paths = paths
        self.mixer = Mixer(known + 2, features, 3 * paths)

    def forward(
        self, found: FoundPaths, known: Tensor, csirs_snr_db: float | Tensor, sounded: Tensor
    ) -> KnownPaths:
        """known: of the paths (batch, known); csirs_snr_db: at a UE antenna; sounded: L, the CSI-RS symbols that were sent.

        The last two are single figures, ().
        """
        snr = torch.as_tensor(csirs_snr_db, dtype=torch.float64, device=known.device)
        snr = snr.clamp(-_MOST_DB, _MOST_DB) / SNR_SCALE
        sounding = torch.stack((snr, 1 / sounded.double())).to(known.dtype).expand(known.shape[0], -1)
        logit, weight, turn = self.mixer(torch.cat((known, sounding), dim=-1)).chunk(3, dim=-1)
        kept = 2 * torch.sigmoid(logit)
        middle = (sounded.double() - 1) / 2
        turned = turn + 2 * math.pi * middle * (1 - kept) * found.doppler
        gain = multiply(found.gain, phasor(turned)) * weight.exp().unsqueeze(-1)
        return KnownPaths(found.aoa, found.aod, found.delay, kept * found.doppler, gain)
