"""Feedback bits: exactly 0 or 1, and a gradient of exactly one."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from cscsanet.networks.quantiser import dequantise, quantise

features_lists = st.lists(st.floats(0, 1, width=32), min_size=1, max_size=40)


@given(features_lists)
def test_bits_are_0_or_1_and_dequantise_to_the_centre_of_the_interval(values):
    features = torch.tensor(values)
    bits = quantise(features)
    assert set(bits.tolist()) <= {0.0, 1.0}
    index = torch.clamp((features * 4).floor(), max=3)
    assert torch.equal(dequantise(bits), (index + 0.5) / 4)
    assert (dequantise(bits) - features).abs().max() <= 0.125 + 1e-6


def test_the_two_bits_count_up_with_the_interval():
    bits = quantise(torch.tensor([0.1, 0.3, 0.6, 0.9]))
    assert bits.tolist() == [0, 0, 0, 1, 1, 0, 1, 1]


@given(features_lists)
def test_the_gradient_of_the_dequantised_feature_is_straight_through(values):
    features = torch.tensor(values, requires_grad=True)
    weights = torch.arange(1.0, len(values) + 1)
    (dequantise(quantise(features)) * weights).sum().backward()
    torch.testing.assert_close(features.grad, weights)
