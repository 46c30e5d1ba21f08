"""The estimator: the detected paths before training, the moment of its estimate, and its inputs."""

from dataclasses import replace

import pytest
import torch

from cscsanet.baselines.acquisition import Acquisition, as_estimates
from cscsanet.baselines.path_channel import csi_accuracy, true_channel
from cscsanet.config.operating_point import OperatingPoint

POINT = OperatingPoint(10.0, 8, 1024, 1)


@pytest.fixture(scope="module")
def acquisition(small):
    torch.manual_seed(0)
    return Acquisition(small).eval()


@pytest.fixture
def estimate(acquisition, drops):
    with torch.no_grad():
        return acquisition(drops, POINT, torch.Generator().manual_seed(1))


def test_before_training_the_estimate_is_the_pursuit(small, acquisition, drops):
    with torch.no_grad():
        detected = acquisition.detect_paths(drops, POINT, torch.Generator().manual_seed(1))
        refined = acquisition.refine(detected, POINT)
    for field, expected in zip(refined, as_estimates(detected, POINT.csirs_symbols), strict=True):
        torch.testing.assert_close(field, expected, atol=1e-5, rtol=1e-4)


def test_the_estimate_is_of_the_last_csirs_symbol(small, estimate, drops):
    """Later or earlier moments of the same channel are less like it."""
    error = {
        length: float(
            csi_accuracy(estimate, true_channel(drops, length, small.channel), small.channel).nmse.median()
        )
        for length in (1, 8, 20)
    }
    assert error[8] < 0.03
    assert error[1] > 2 * error[8]
    assert error[20] > 2 * error[8]


def test_the_estimate_uses_the_received_signal_alone(small, acquisition, drops):
    """With noise alone the estimate is useless, so it cannot use the true paths directly."""
    silent = Acquisition(
        small.model_copy(update={"channel": small.channel.model_copy(update={"bs_power_offset_db": -20.0})})
    )
    with torch.no_grad():
        estimate = silent(drops, replace(POINT, snr_db=-40.0), torch.Generator().manual_seed(1))
    accuracy = csi_accuracy(estimate, true_channel(drops, 8, small.channel), small.channel)
    assert accuracy.sgcs.mean() < 0.05


def test_gradients_reach_the_estimator_and_not_the_csirs(acquisition, small, drops):
    estimate = acquisition(drops, POINT, torch.Generator().manual_seed(1))
    csi_accuracy(estimate, true_channel(drops, 8, small.channel), small.channel).nmse.mean().backward()
    assert acquisition.estimator.learned.head.weight.grad.abs().sum() > 0
    assert acquisition.csirs.baseband.grad is None
    acquisition.zero_grad()
