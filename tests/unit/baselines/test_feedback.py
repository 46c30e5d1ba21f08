"""The feedback codec: its bits, prefixes, and the channel that the BS decodes."""

import pytest
import torch

from cscsanet.baselines.acquisition import Acquisition
from cscsanet.baselines.feedback import FeedbackCodec
from cscsanet.baselines.path_channel import csi_accuracy
from cscsanet.config.operating_point import OperatingPoint

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


def test_bits_are_binary_and_describe_the_estimate(small, feedback, estimate):
    with torch.no_grad():
        bits = feedback.encode(estimate, 10.0)
        decoded = feedback.decode(bits, 10.0)
    assert bits.shape == (80, 1024)
    assert set(bits.unique().tolist()) == {0.0, 1.0}
    assert csi_accuracy(decoded.paths, estimate, small.channel).nmse.mean() < 1e-3


def test_more_bits_are_more_accurate_and_other_bits_are_useless(small, feedback, estimate):
    with torch.no_grad():
        bits = feedback.encode(estimate, 10.0)
        similarity = [
            float(
                csi_accuracy(
                    feedback.decode(bits[:, :count], 10.0).paths, estimate, small.channel
                ).sgcs.mean()
            )
            for count in (4, 16, 64, 256, 1024)
        ]
        others = csi_accuracy(feedback.decode(bits.roll(1, dims=0), 10.0).paths, estimate, small.channel)
    assert similarity == sorted(similarity)
    assert similarity[0] < 0.1
    assert similarity[1] > 0.4, "sixteen bits hold the strongest path, its delay included"
    assert similarity[2] > 0.9
    assert similarity[4] > 0.999
    assert others.sgcs.mean() < 0.1


def test_directions_come_first_and_the_width_is_that_of_the_cell(small, feedback, estimate):
    with torch.no_grad():
        bits = feedback.encode(estimate, 10.0)
        for count, width in ((4, 2 / 16), (16, 2 / 256), (1024, 2 / 4**6)):
            decoded = feedback.decode(bits[:, :count], 10.0)
            torch.testing.assert_close(decoded.width[:, 0], torch.full((80,), width))
            difference = (decoded.paths.aoa[:, 0] - estimate.aoa[:, 0] + 1) % 2 - 1
            assert difference.abs().max() <= width / 2 + 1e-3
    truncated = feedback.decode(bits[:, :4], 10.0).paths
    assert truncated.gain[:, 1].abs().max() == 0, "a path without a direction in the feedback has no gain"


def test_a_trained_bit_carries_a_gradient(feedback, small, estimate):
    moved = estimate._replace(aoa=estimate.aoa.clone().requires_grad_())
    decoded = feedback.decode(feedback.encode(moved, 10.0), 10.0)
    csi_accuracy(decoded.paths, estimate, small.channel).nmse.mean().backward()
    assert moved.aoa.grad.abs().sum() > 0
