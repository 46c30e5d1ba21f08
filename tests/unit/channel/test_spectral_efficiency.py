"""Spectral efficiency against its definitions in float64 numpy."""

import math
from typing import Any, Literal

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cscsanet.channel.spectral_efficiency import spectral_efficiency

Noise = Literal["coloured", "paper"]


def by_definition(effective: Any, combiner: Any, snr: float, antennas: int, noise: Noise) -> float:
    e, w = effective.numpy().astype(complex), combiner.numpy().astype(complex)
    signal = e @ e.conj().T
    inside = snr * signal
    if noise == "coloured":
        inside = np.linalg.inv(w @ w.conj().T) @ signal * snr / (antennas * e.shape[1])
    return float(np.log2(np.linalg.det(np.eye(len(e)) + inside).real))


def random_case(
    generator: torch.Generator, rows: int, columns: int, antennas: int = 16
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return W H F (4, rows, columns) and W (rows, antennas), random, with 8 UE antennas."""
    combiner = torch.exp(2j * math.pi * torch.rand(rows, antennas, generator=generator))
    h = torch.randn(4, antennas, 8, generator=generator, dtype=torch.complex64)
    precoder = torch.exp(2j * math.pi * torch.rand(8, columns, generator=generator))
    return combiner @ h @ precoder, combiner


@pytest.mark.parametrize("noise", ["coloured", "paper"])
@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 4),
    columns=st.integers(1, 4),
    snr_db=st.sampled_from([-40.0, -25.0, 0.0, 10.0]),
    seed=st.integers(0, 999),
)
def test_equals_the_definition(noise: Noise, rows: int, columns: int, snr_db: float, seed: int) -> None:
    effective, combiner = random_case(torch.Generator().manual_seed(seed), rows, columns)
    snr = 10 ** (snr_db / 10)
    ours = spectral_efficiency(effective, combiner, snr, 8, noise)
    for got, element in zip(ours.tolist(), effective, strict=True):
        assert got == pytest.approx(by_definition(element, combiner, snr, 8, noise), rel=2e-4, abs=2e-5)


@pytest.mark.parametrize("noise", ["coloured", "paper"])
def test_leading_axes_of_combiner_and_snr_are_the_first_ones(
    noise: Noise, generator: torch.Generator
) -> None:
    cases = [random_case(generator, 2, 2) for _ in range(3)]
    effective = torch.stack([case[0] for case in cases])
    combiner = torch.stack([case[1] for case in cases])
    snrs = torch.tensor([0.1, 1.0, 10.0])
    ours = spectral_efficiency(effective, combiner, snrs, 8, noise)
    assert ours.shape == (3, 4)
    for drop, (element, rows) in enumerate(cases):
        torch.testing.assert_close(
            ours[drop], spectral_efficiency(element, rows, float(snrs[drop]), 8, noise)
        )


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_an_equal_row_adds_nothing(columns: int, generator: torch.Generator) -> None:
    effective, combiner = random_case(generator, 1, columns)
    single = spectral_efficiency(effective, combiner, 10.0, 8, "coloured")
    twice = spectral_efficiency(effective.repeat(1, 2, 1), combiner.repeat(2, 1), 10.0, 8, "coloured")
    rotation = torch.tensor([[1.0], [1j]])
    both = spectral_efficiency(effective * rotation, combiner * rotation, 10.0, 8, "coloured")
    torch.testing.assert_close(twice, single, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(both, single, rtol=1e-4, atol=1e-4)


def test_mixing_the_rows_changes_nothing_when_noise_is_coloured(generator: torch.Generator) -> None:
    # Invertible digital processing after the combiner loses no information.
    effective, combiner = random_case(generator, 2, 2)
    mixing = torch.randn(2, 2, generator=generator, dtype=torch.complex64)
    before = spectral_efficiency(effective, combiner, 1.0, 8, "coloured")
    after = spectral_efficiency(mixing @ effective, mixing @ combiner, 1.0, 8, "coloured")
    torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("noise", ["coloured", "paper"])
@pytest.mark.parametrize("distance", [0.0, 1e-8, 1e-5, 1e-3, 0.1])
def test_gradients_are_finite_however_close_the_rows(
    noise: Noise, distance: float, generator: torch.Generator
) -> None:
    base = torch.rand(1, 64, generator=generator) + distance * torch.rand(2, 64, generator=generator)
    phases = base.requires_grad_()
    combiner = torch.exp(1j * phases)
    h = torch.randn(10, 64, 2, generator=generator, dtype=torch.complex64)
    rate = spectral_efficiency(combiner @ h, combiner, 10.0, 8, noise)
    (gradient,) = torch.autograd.grad(rate.sum(), phases)
    assert bool(rate.isfinite().all())
    assert bool(gradient.isfinite().all())
    assert float(gradient.abs().max()) < 1e3


def test_gradient_agrees_with_finite_differences(generator: torch.Generator) -> None:
    phases = torch.rand(2, 6, generator=generator, dtype=torch.float64).requires_grad_()
    h = torch.randn(3, 6, 2, generator=generator, dtype=torch.complex128)

    def rate(angles: torch.Tensor) -> torch.Tensor:
        combiner = torch.exp(1j * angles)
        return spectral_efficiency(combiner @ h, combiner, 1.0, 8, "coloured")

    assert torch.autograd.gradcheck(rate, (phases,), atol=1e-4)


def test_low_snr_is_linear_and_exact() -> None:
    combiner = torch.ones(1, 4, dtype=torch.complex64)
    effective = torch.full((1, 1), 2.0, dtype=torch.complex64)
    rate = spectral_efficiency(effective, combiner, 1e-9, 8, "coloured")
    assert float(rate) == pytest.approx(1e-9 * 4 / (4 * 8) / math.log(2), rel=1e-5)
