"""Pairs and complex tensors: conversions, products, and automatic gain control."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cscsanet.networks import iq
from cscsanet.networks.iq import normalize_power, to_complex, to_pairs, unit_modulus


def test_pairs_and_complex_are_inverse_and_phases_have_unit_modulus():
    signal = torch.randn(3, 4, dtype=torch.complex64)
    assert torch.equal(to_complex(to_pairs(signal)), signal)
    assert torch.equal(to_complex(to_pairs(signal.conj())), signal.conj())
    assert (unit_modulus(torch.randn(100) * 10).abs() - 1).abs().max() < 1e-6


def test_products_of_pairs_are_the_complex_products(seeded):
    a = torch.randn(3, 4, 5, dtype=torch.complex64, generator=seeded)
    b = torch.randn(3, 5, 2, dtype=torch.complex64, generator=seeded)
    torch.testing.assert_close(to_complex(iq.matmul(to_pairs(a), to_pairs(b))), a @ b)
    c = torch.randn(3, 4, 5, dtype=torch.complex64, generator=seeded)
    torch.testing.assert_close(to_complex(iq.mul(to_pairs(a), iq.conj(to_pairs(c)))), a * c.conj())
    torch.testing.assert_close(iq.abs2(to_pairs(a)), a.abs().square())
    torch.testing.assert_close(to_complex(iq.cis(a.angle())), a / a.abs())


def test_a_magnitude_is_that_of_the_complex_number_and_has_a_gradient_at_zero(seeded):
    pairs = torch.randn(50, 2, generator=seeded)
    pairs[3] = 0.0
    pairs[4] = 1e-30  # whose square is zero in float32
    pairs.requires_grad_()
    magnitude = iq.magnitude(pairs)
    torch.testing.assert_close(magnitude, to_complex(pairs.detach()).abs())
    magnitude.sum().backward()
    torch.testing.assert_close(pairs.grad.square().sum(dim=-1)[5:], torch.ones(45))
    assert not pairs.grad[3:5].any()


@given(st.floats(-3, 3), st.integers(1, 4), st.integers(0, 10_000))
def test_gain_control_gives_unit_power_over_the_used_symbols_at_any_gain(exponent, used, seed):
    generator = torch.Generator().manual_seed(seed)
    block = torch.randn(2, 6, 4, 2, 2, generator=generator) * 10.0**exponent
    block[:, :, used:] = 0
    normalised = normalize_power(block, symbol_axis=2)
    power = to_complex(normalised[:, :, :used]).abs().square().mean(dim=(1, 2, 3))
    torch.testing.assert_close(power, torch.ones(2), rtol=1e-4, atol=1e-4)
    assert not normalised[:, :, used:].any()


@pytest.mark.parametrize("symbol_axis", [1, 2, -2])
def test_an_empty_block_stays_zero(symbol_axis):
    assert not normalize_power(torch.zeros(1, 2, 3, 2), symbol_axis=symbol_axis).any()
