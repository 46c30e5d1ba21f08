"""Refined paths: as detected before training but for their certainty, and with the measured phase kept."""

import math

import pytest
import torch

from cscsanet.config.channel_notes import doppler_turns
from cscsanet.networks.beamspace.path_refinement import PathRefinement
from cscsanet.networks.beamspace.path_search import PathSearch
from cscsanet.networks.iq import to_complex

FEATURES = 7
EIGHT = torch.tensor(8)


@pytest.fixture
def detected(smoke, csirs, signals, paths, seeded):
    return PathSearch(smoke.channel, 256, 32)(csirs(paths, 8, 0.01, seeded)[:, 0], signals)


@pytest.fixture
def refinement(smoke):
    channel = smoke.channel
    samples = channel.subcarriers * channel.rf_chains
    refinement = PathRefinement(channel.rf_chains, FEATURES, 16, samples, doppler_turns(channel))
    torch.nn.init.zeros_(refinement.mixer.layers[-1].weight)
    return refinement.requires_grad_(False)


@pytest.mark.parametrize("csirs_snr_db", [-5.0, float("inf")])
def test_paths_stay_as_detected_but_for_their_weights_while_the_network_puts_out_zero(
    refinement, detected, csirs_snr_db
):
    refined, certainty = refinement(detected, torch.randn(3, FEATURES), csirs_snr_db, EIGHT, EIGHT + 14)
    for field in ("aoa", "aod", "delay", "doppler"):
        torch.testing.assert_close(getattr(refined, field), getattr(detected, field))
    torch.testing.assert_close(refined.gain, certainty.unsqueeze(-1) * detected.gain)


def test_a_smaller_doppler_shift_keeps_the_phase_in_the_middle_of_the_csirs(refinement, detected):
    """The phase is measured best there."""
    # Doppler shifts are shrunk, weights and rotations are left alone.
    refinement.mixer.layers[-1].bias.copy_(torch.tensor([-1.0, -1.0, 0.0, 0.0, 0.0, 0.0]))
    refined, certainty = refinement(detected, torch.zeros(3, FEATURES), float("inf"), EIGHT, EIGHT)
    share = 2 * torch.sigmoid(torch.tensor(-1.0))
    torch.testing.assert_close(refined.doppler, share * detected.doppler)

    def middle(paths, weight):
        return weight * to_complex(paths.gain) * torch.exp(2j * math.pi * 3.5 * paths.doppler)

    torch.testing.assert_close(middle(refined, 1), middle(detected, certainty))


def test_certainty_is_the_expected_phasor_under_the_cramer_rao_bound(smoke, refinement, detected):
    """By the bound of a frequency from the Fisher information of L samples, written out as sums."""
    snr_db, delay = -5.0, 56
    _, certainty = refinement(detected, torch.zeros(3, FEATURES), snr_db, EIGHT, EIGHT + delay)
    samples = smoke.channel.subcarriers * smoke.channel.rf_chains
    for drop in range(3):
        for path in range(2):
            power = float(detected.gain[drop, path].square().sum())
            per_symbol = samples * power * 10 ** (snr_db / 10)
            # Phase unknown: the information on the frequency is that about the middle of the symbols.
            information = 2 * per_symbol * sum((2 * math.pi * (symbol - 3.5)) ** 2 for symbol in range(8))
            prior = 3 / doppler_turns(smoke.channel) ** 2
            variance = 1 / (information + prior) + 0.025**2 / 8**3
            expected = math.exp(-((2 * math.pi * (8 + delay - 3.5)) ** 2) * variance / 2)
            assert float(certainty[drop, path]) == pytest.approx(max(expected, math.exp(-8)), rel=1e-3)


def test_certainty_falls_with_the_delay_and_with_noise(refinement, detected):
    def certainty(snr_db, first):
        return refinement(detected, torch.zeros(3, FEATURES), snr_db, EIGHT, torch.tensor(first))[1]

    assert bool((certainty(-5.0, 8) > certainty(-5.0, 64)).all())
    assert bool((certainty(10.0, 64) > certainty(-5.0, 64)).all())
    assert float(certainty(float("inf"), 8).min()) > 0.99


def test_every_item_of_a_batch_has_its_own_delay(refinement, detected):
    features, first = torch.randn(3, FEATURES), torch.tensor([8, 22, 64])
    together, certainty = refinement(detected, features, -5.0, EIGHT, first)
    for index in range(3):
        one = type(detected)(*(field[index : index + 1] for field in detected))
        alone, alone_certainty = refinement(one, features[index : index + 1], -5.0, EIGHT, first[index])
        torch.testing.assert_close(together.gain[index], alone.gain[0])
        torch.testing.assert_close(certainty[index], alone_certainty[0])
