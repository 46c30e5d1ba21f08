"""Rates of finite blocks against closed forms and drawn codewords."""

import math

import pytest
import torch

from cscsanet.baselines.digital.block_rates import (
    block_error,
    capacity,
    dispersion,
    information_density,
    normal_approximation,
)


def test_capacity_is_shannons():
    assert float(capacity(torch.tensor([1.0, 3.0, 0.0]))) == pytest.approx(1 + 2)


def test_the_rate_and_its_error_agree():
    sinr = torch.tensor([0.5, 2.0, 1.0]).repeat(80)
    for error in (0.1, 1e-3):
        bits = normal_approximation(sinr, error)
        assert float(block_error(sinr, bits)) == pytest.approx(error, rel=1e-6)
        assert bits < capacity(sinr)


def test_a_gaussian_channel_of_0_db_has_the_published_dispersion():
    """rho (rho + 2) / (rho + 1)^2 (log2 e)^2 of a complex channel use, 1.561 at rho = 1."""
    assert float(dispersion(torch.tensor([1.0]))) == pytest.approx(0.75 / math.log(2) ** 2)


@pytest.mark.parametrize("error", [1e-3, 0.5])
def test_a_rate_is_between_nothing_and_capacity(error):
    weak = torch.full((10,), 1e-3)
    assert 0 <= float(normal_approximation(weak, error)) <= float(capacity(weak))


@pytest.mark.parametrize("rate", [0.5, 1.0, 2.0])
def test_the_outage_of_rayleigh_fading_has_its_closed_form(rate):
    """Blocks so long that only the fading decides: 1 - exp(-(2^R - 1) / rho)."""
    source, rho, length = torch.Generator().manual_seed(2), 4.0, 2000
    fading = -torch.rand(2000, generator=source, dtype=torch.float64).log()
    sinr = (rho * fading).unsqueeze(-1).expand(-1, length)
    bits = torch.full((2000,), rate * length, dtype=torch.float64)
    exact = 1 - math.exp(-(2**rate - 1) / rho)
    assert float(block_error(sinr, bits).mean()) == pytest.approx(exact, abs=0.02)


def test_the_density_of_drawn_codewords_has_the_mean_and_the_variance_of_theory():
    source = torch.Generator().manual_seed(3)
    blocks, length = 4000, 200
    gain = torch.tensor([0.3, 0.6]).repeat(length // 2).expand(blocks, -1)

    def drawn():
        pairs = torch.randn(blocks, length, 2, generator=source, dtype=torch.float64)
        return torch.view_as_complex(pairs) / math.sqrt(2)

    sent = drawn()
    shell = sent / sent.abs().square().mean(dim=-1, keepdim=True).sqrt()
    detected = gain * shell + (gain * (1 - gain)).sqrt() * drawn()
    density = information_density(shell, detected, gain)
    sinr = gain[0] / (1 - gain[0])
    assert float(density.mean()) == pytest.approx(float(capacity(sinr)), abs=1.5)
    assert float(density.var()) == pytest.approx(float(dispersion(sinr)), rel=0.12)


def test_a_codeword_that_was_not_sent_has_no_density():
    source = torch.Generator().manual_seed(4)
    first, second = torch.view_as_complex(torch.randn(2, 300, 2, generator=source) / math.sqrt(2))
    gain = torch.full((300,), 0.5)
    assert information_density(first, 0.5 * second, gain) < 0 < information_density(first, 0.5 * first, gain)
