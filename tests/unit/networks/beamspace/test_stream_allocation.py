"""The shares of the paths, and the weights of beams that follow from them."""

import math

import pytest
import torch

from cscsanet.networks.beamspace.stream_allocation import (
    SNR_SCALE,
    SWITCH_DB,
    StreamAllocation,
    beam_weights,
    effective_logit,
)
from cscsanet.networks.iq import to_complex


@pytest.mark.parametrize(("snr_db", "gain"), [(-10.0, 0.5), (0.0, 0.2), (-5.0, 0.1)])
def test_the_share_is_a_sigmoid_of_the_path_s_snr(snr_db, gain):
    ones = torch.ones(1, 1)
    logit = StreamAllocation()(
        torch.full((1, 1), snr_db / SNR_SCALE), torch.tensor([[[gain, 0.0]]]), ones, ones
    )
    expected = 2 * (snr_db + 20 * math.log10(gain) + 14)
    assert float(logit.detach()) == pytest.approx(expected, abs=0.05)


def test_the_snr_decides_without_a_reported_share_and_no_stream_goes_where_no_direction_is_reported():
    logit = torch.tensor([[1.5, 1.5, 1.5]])
    snr = torch.full((1, 1), (SWITCH_DB + 3) / SNR_SCALE)
    reported = torch.tensor([[1.0, 0.0, 1.0]]), torch.tensor([[1.0, 1.0, 0.0]])
    result = torch.sigmoid(effective_logit(logit, snr, *reported))
    expected = torch.sigmoid(torch.tensor([[1.5, 3.0, -30.0]]))
    torch.testing.assert_close(result, expected)


def test_weights_follow_the_prior_and_the_learned_logits_and_phases():
    prior = torch.tensor([[[1.0, 0.0], [0.5, 0.5]]])
    zero = torch.zeros(1, 8)
    weights = to_complex(beam_weights(prior, zero, torch.ones(1, 2)))
    torch.testing.assert_close(weights.abs().sum(dim=-1), torch.ones(1, 2))
    assert weights[0, 0, 0].real > 0.99
    assert 0.001 < weights[0, 0, 1].real < 0.01
    torch.testing.assert_close(weights[0, 1], torch.full((2,), 0.5 + 0j), rtol=1e-3, atol=0)
    learned = zero.clone()
    learned[0, 1] = 10  # the logit of the first chain's second beam
    learned[0, 4] = math.pi / 2  # the phase of the first chain's first beam
    weights = to_complex(beam_weights(prior, learned, torch.ones(1, 2)))
    assert weights[0, 0, 1].abs() > 0.9
    assert float(weights[0, 0, 0].angle()) == pytest.approx(math.pi / 2)


def test_a_beam_without_a_direction_gets_almost_no_weight():
    prior = torch.tensor([[[1.0, 0.0]]])
    weights = beam_weights(prior, torch.zeros(1, 4), torch.tensor([[1.0, 0.0]]))
    assert weights[0, 0, 1].abs().max() < 1e-5
