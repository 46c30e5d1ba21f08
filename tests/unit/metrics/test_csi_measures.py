"""NMSE and SGCS in closed form."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cscsanet.metrics.csi import nmse_db, sgcs


def channels(seed=0, shape=(6, 5, 4, 3)):
    return torch.randn(shape, dtype=torch.complex64, generator=torch.Generator().manual_seed(seed))


@given(scale=st.floats(0.01, 100), phase=st.floats(0, 2 * math.pi), seed=st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_sgcs_of_a_scaled_and_rotated_copy_is_one(scale, phase, seed):
    truth = channels(seed)
    factor = torch.polar(torch.tensor(scale), torch.tensor(phase))
    assert float(sgcs(truth * factor, truth)) == pytest.approx(1.0, abs=1e-5)


def test_each_drop_may_have_its_own_scale():
    truth = channels()
    factor = channels(1, (6, 1, 1, 1))
    assert float(sgcs(truth * factor, truth)) == pytest.approx(1.0, abs=1e-5)


def test_sgcs_of_orthogonal_vectors_is_zero_and_of_half_way_one_half():
    truth = torch.tensor([[1, 0], [1, 0]], dtype=torch.complex64)
    assert float(sgcs(torch.tensor([[0, 1], [0, 2j]]), truth)) == 0.0
    # 45 degrees between the two: cos^2 = 1/2; the mean with a perfect drop is 3/4.
    assert float(sgcs(torch.tensor([[1, 1j], [3j, 0]]), truth)) == pytest.approx(0.75)


def test_sgcs_conjugates_the_estimate():
    h = torch.tensor([[1, 1j]])
    assert float(sgcs(h, h)) == pytest.approx(1.0)
    assert float(sgcs(h.conj(), h)) == pytest.approx(0.0)


def test_sgcs_of_random_vectors_is_one_over_the_dimension():
    a, b = channels(2, (20_000, 8)), channels(3, (20_000, 8))
    assert float(sgcs(a, b)) == pytest.approx(1 / 8, abs=0.003)


def test_an_estimate_of_zeros_is_like_nothing():
    truth = channels()
    assert float(sgcs(torch.zeros_like(truth), truth)) == 0.0
    assert float(nmse_db(torch.zeros_like(truth), truth)) == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize(("error", "decibel"), [(0.1, -20.0), (1.0, 0.0), (10.0, 20.0)])
def test_nmse_of_a_relative_error_is_its_square(error, decibel):
    truth = channels()
    assert float(nmse_db(truth * (1 + error), truth)) == pytest.approx(decibel, abs=1e-4)
    assert float(nmse_db(truth * (1 + 1j * error), truth)) == pytest.approx(decibel, abs=1e-4)


def test_nmse_averages_ratios_not_energies():
    truth = torch.tensor([[1.0], [100.0]], dtype=torch.complex64)
    estimate = torch.tensor([[1.0 + 1.0], [100.0]], dtype=torch.complex64)
    assert float(nmse_db(estimate, truth)) == pytest.approx(10 * math.log10(0.5))


def test_nmse_of_the_truth_is_minus_infinity():
    assert float(nmse_db(channels(), channels())) == -math.inf


def test_gradients_flow_through_the_similarity():
    estimate, truth = channels(4).requires_grad_(), channels()
    (1 - sgcs(estimate, truth)).backward()
    assert estimate.grad is not None
    assert estimate.grad.abs().max() > 0
