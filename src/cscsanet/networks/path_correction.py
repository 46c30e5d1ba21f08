"""What a UE makes of the paths it found before it foretells phases from them.

The phase that a path has in the middle of the CSI-RS is measured; the phase at a data symbol is foretold with a Doppler
shift that a few symbols tell badly at low SNR, and a path that is not there adds its own error. So what was found is
believed in part: the Doppler shift is shrunk about the middle of the CSI-RS, paths are weighed against each other, and
each is turned, by what the UE knows of its SNR. Before training all is believed as it was found.

Axes: P paths, 2 = I/Q.
"""

import math

import torch
from torch import Tensor, nn

from cscsanet.networks.beam_layers import Mixer
from cscsanet.networks.complex_pairs import multiply, phasor
from cscsanet.networks.path_search import FoundPaths
from cscsanet.networks.phase_alignment import KnownPaths


class PathCorrection(nn.Module):
    """Paths found -> paths believed."""

    def __init__(self, paths: int, known: int, features: int) -> None:
        """known: how many figures the UE knows of the whole."""
        super().__init__()
        self.paths = paths
        self.mixer = Mixer(known + 1, features, 3 * paths)

    def forward(self, found: FoundPaths, known: Tensor, sounded: int) -> KnownPaths:
        """known: (batch, known); sounded: L, the CSI-RS symbols that were sent."""
        length = known.new_full((len(known), 1), 1 / sounded)
        logit, weight, turn = self.mixer(torch.cat((known, length), dim=-1)).chunk(3, dim=-1)
        kept = 2 * torch.sigmoid(logit)
        middle = (sounded - 1) / 2
        turned = turn + 2 * math.pi * middle * (1 - kept) * found.doppler
        gain = multiply(found.gain, phasor(turned)) * weight.exp().unsqueeze(-1)
        return KnownPaths(found.aoa, found.aod, found.delay, kept * found.doppler, gain)
