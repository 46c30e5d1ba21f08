"""The estimator begins at the paths that are found, and the BS's rebuilt channel at the digits that are sent."""

from dataclasses import replace

import pytest
import torch

from cscsanet.points import OperatingPoint
from cscsanet.separated.acquisition import Acquisition, found_as_known
from cscsanet.separated.feedback import FeedbackCodec
from cscsanet.separated.feedback_code import feedback_code
from cscsanet.separated.known_channel import likeness, true_channel

POINT = OperatingPoint(10.0, 8, 1024, 1)


@pytest.fixture(scope="module")
def acquisition(small):
    torch.manual_seed(0)
    return Acquisition(small).eval()


@pytest.fixture(scope="module")
def feedback(small):
    torch.manual_seed(0)
    return FeedbackCodec(small).eval()


@pytest.fixture
def estimate(acquisition, drops):
    with torch.no_grad():
        return acquisition(drops, POINT, torch.Generator().manual_seed(1))


def test_before_training_the_estimate_is_the_pursuit(small, acquisition, drops):
    with torch.no_grad():
        found = acquisition.find(drops, POINT, torch.Generator().manual_seed(1))
        believed = acquisition.believe(found, POINT)
    for field, expected in zip(believed, found_as_known(found, POINT.csirs_symbols), strict=True):
        torch.testing.assert_close(field, expected, atol=1e-5, rtol=1e-4)


def test_the_estimate_is_of_the_last_csirs_symbol(small, estimate, drops):
    """Later or earlier moments of the same channel are less like it."""
    error = {
        length: float(
            likeness(estimate, true_channel(drops, length, small.channel), small.channel).nmse.median()
        )
        for length in (1, 8, 20)
    }
    assert error[8] < 0.03
    assert error[1] > 2 * error[8]
    assert error[20] > 2 * error[8]


def test_the_estimate_reads_what_was_received_alone(small, acquisition, drops):
    """With all noise and no signal it knows nothing: no way leads from the true paths around the air."""
    silent = Acquisition(
        small.model_copy(update={"channel": small.channel.model_copy(update={"bs_power_offset_db": -20.0})})
    )
    with torch.no_grad():
        estimate = silent(drops, replace(POINT, snr_db=-40.0), torch.Generator().manual_seed(1))
    alike = likeness(estimate, true_channel(drops, 8, small.channel), small.channel)
    assert alike.sgcs.mean() < 0.05


def test_gradients_reach_the_estimator_and_not_the_csirs(acquisition, small, drops):
    estimate = acquisition(drops, POINT, torch.Generator().manual_seed(1))
    likeness(estimate, true_channel(drops, 8, small.channel), small.channel).nmse.mean().backward()
    assert acquisition.estimator.learned.head.weight.grad.abs().sum() > 0
    assert acquisition.csirs.baseband.grad is None
    acquisition.zero_grad()


def test_the_bits_are_bits_and_say_what_the_ue_estimates(small, feedback, estimate):
    with torch.no_grad():
        bits = feedback.encode(estimate, 10.0)
        told = feedback.decode(bits, 10.0)
    assert bits.shape == (80, 1024)
    assert set(bits.unique().tolist()) == {0.0, 1.0}
    assert likeness(told.paths, estimate, small.channel).nmse.mean() < 1e-3


def test_more_bits_tell_more_and_other_bits_tell_nothing(small, feedback, estimate):
    with torch.no_grad():
        bits = feedback.encode(estimate, 10.0)
        alike = [
            float(likeness(feedback.decode(bits[:, :count], 10.0).paths, estimate, small.channel).sgcs.mean())
            for count in (4, 16, 64, 256, 1024)
        ]
        others = likeness(feedback.decode(bits.roll(1, dims=0), 10.0).paths, estimate, small.channel)
    assert alike == sorted(alike)
    assert alike[0] < 0.1
    assert alike[1] > 0.4, "sixteen bits hold the strongest path, its delay included"
    assert alike[2] > 0.9
    assert alike[4] > 0.999
    assert others.sgcs.mean() < 0.1


def test_directions_come_first_and_the_width_is_that_of_the_cell(small, feedback, estimate):
    with torch.no_grad():
        bits = feedback.encode(estimate, 10.0)
        for count, width in ((4, 2 / 16), (16, 2 / 256), (1024, 2 / 4**6)):
            told = feedback.decode(bits[:, :count], 10.0)
            torch.testing.assert_close(told.width[:, 0], torch.full((80,), width))
            apart = (told.paths.aoa[:, 0] - estimate.aoa[:, 0] + 1) % 2 - 1
            assert apart.abs().max() <= width / 2 + 1e-3
    unheard = feedback.decode(bits[:, :4], 10.0).paths
    assert unheard.gain[:, 1].abs().max() == 0, "a path whose direction is not told is none"


def test_every_digit_has_a_place_of_its_own():
    for paths in (1, 2, 3):
        code = feedback_code(paths)
        places = [place for where in code.places.values() for place in where]
        assert sorted(places) == list(range(code.length))
        # Digits of one figure are in order, so that a prefix holds its coarse ones.
        assert all(list(where) == sorted(where) and len(where) == 6 for where in code.places.values())
        assert code.length == 6 * (3 * paths + 2 * (paths - 1) + 2)


def test_a_trained_bit_carries_a_gradient(feedback, small, estimate):
    moved = estimate._replace(aoa=estimate.aoa.clone().requires_grad_())
    told = feedback.decode(feedback.encode(moved, 10.0), 10.0)
    likeness(told.paths, estimate, small.channel).nmse.mean().backward()
    assert moved.aoa.grad.abs().sum() > 0
