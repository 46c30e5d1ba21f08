"""Channels as sums of paths: their accuracy against that of the matrices."""

import math

import pytest
import torch

from cscsanet.baselines.path_channel import _phase_sum, csi_accuracy, true_channel
from cscsanet.channel.response import materialise

LAST = 7  # index of the last of eight CSI-RS symbols


def matrices(drops, channel):
    """H (drops x K, N_c, N_r, N_t) at the last CSI-RS symbol."""
    return materialise(drops, torch.tensor([LAST]), channel).squeeze(2).flatten(0, 1)


def test_nmse_and_sgcs_equal_those_of_the_matrices(small, drops):
    """In the path domain and from the whole channel matrices."""
    channel, truth = small.channel, true_channel(drops, LAST + 1, small.channel)
    aged = true_channel(drops, LAST + 9, channel)
    accuracy = csi_accuracy(aged, truth, channel)
    now = matrices(drops, channel)
    later = materialise(drops, torch.tensor([LAST + 8]), channel).squeeze(2).flatten(0, 1)
    assert float(10 * accuracy.nmse.mean().log10()) == pytest.approx(float(nmse_db(later, now)), abs=1e-2)
    assert float(accuracy.sgcs.mean()) == pytest.approx(float(sgcs(later, now)), abs=1e-4)
    same = csi_accuracy(truth, truth, channel)
    assert same.nmse.max() < 1e-4
    assert same.sgcs.min() > 0.9999


def nmse_db(estimate, truth):
    """Return 10 log10 of the mean over drops of ||A - B||^2 / ||B||^2, from the matrices themselves."""
    error = (estimate - truth).abs().square().flatten(1).sum(dim=1)
    return 10 * (error / truth.abs().square().flatten(1).sum(dim=1)).mean().log10()


def sgcs(estimate, truth):
    """Return the mean over drops of |<A, B>|^2 / (||A||^2 ||B||^2), from the matrices themselves."""
    product = (estimate.conj() * truth).flatten(1).sum(dim=1).abs().square()
    norms = [matrix.abs().square().flatten(1).sum(dim=1) for matrix in (estimate, truth)]
    return (product / (norms[0] * norms[1])).mean()


@pytest.mark.parametrize("count", [1, 8, 64])
def test_the_sum_of_phases_is_that_of_its_terms_around_every_period(count):
    near = torch.tensor([0.0, 1e-7, 1e-5, 1.9e-3, 2.1e-3, 1e-2, 0.3, math.pi - 1e-3, math.pi])
    step = torch.cat([offset + sign * near for offset in (0.0, 2 * math.pi) for sign in (1, -1)])
    step = step.double().requires_grad_()
    terms = step.unsqueeze(-1) * torch.arange(count, dtype=torch.float64)
    direct = torch.stack((terms.cos().sum(dim=-1), terms.sin().sum(dim=-1)), dim=-1)
    closed = _phase_sum(step, count)
    torch.testing.assert_close(closed, direct, rtol=1e-6, atol=1e-6 * count)
    slopes = [torch.autograd.grad(each.sum(), step, retain_graph=True)[0] for each in (direct, closed)]
    torch.testing.assert_close(slopes[1], slopes[0], rtol=1e-4, atol=1e-3 * count)
