"""Refined paths: as detected before training, and with the measured phase kept."""

import math

import pytest
import torch

from cscsanet.networks.beamspace.path_refinement import PathRefinement
from cscsanet.networks.beamspace.path_search import PathSearch
from cscsanet.networks.iq import to_complex

FEATURES = 7


@pytest.fixture
def detected(smoke, csirs, signals, paths, seeded):
    return PathSearch(smoke.channel, 256, 32)(csirs(paths, 8, 0.01, seeded)[:, 0], signals)


@pytest.fixture
def refinement(smoke):
    refinement = PathRefinement(smoke.channel.rf_chains, FEATURES, 16)
    torch.nn.init.zeros_(refinement.mixer.layers[-1].weight)
    return refinement.requires_grad_(False)


@pytest.mark.parametrize("csirs_snr_db", [-5.0, float("inf")])
def test_paths_stay_as_detected_while_the_network_puts_out_zero(refinement, detected, csirs_snr_db):
    refined = refinement(detected, torch.randn(3, FEATURES), csirs_snr_db, torch.tensor(8))
    for field in ("aoa", "aod", "delay", "doppler", "gain"):
        torch.testing.assert_close(getattr(refined, field), getattr(detected, field))


def test_a_smaller_doppler_shift_keeps_the_phase_in_the_middle_of_the_csirs(refinement, detected):
    """The phase is measured best there."""
    # Doppler shifts are shrunk, weights and rotations are left alone.
    refinement.mixer.layers[-1].bias.copy_(torch.tensor([-1.0, -1.0, 0.0, 0.0, 0.0, 0.0]))
    refined = refinement(detected, torch.zeros(3, FEATURES), -5.0, torch.tensor(8))
    share = 2 * torch.sigmoid(torch.tensor(-1.0))
    torch.testing.assert_close(refined.doppler, share * detected.doppler)

    def middle(paths):
        return to_complex(paths.gain) * torch.exp(2j * math.pi * 3.5 * paths.doppler)

    torch.testing.assert_close(middle(refined), middle(detected))
