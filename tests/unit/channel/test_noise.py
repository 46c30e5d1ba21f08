import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cscsanet.channel.noise import PIVOT_FLOOR, combined_noise, complex_normal, lower_factor, whiten


def beams(generator: torch.Generator, *shape: int) -> torch.Tensor:
    return torch.exp(2j * math.pi * torch.rand(shape, generator=generator))


def covariance(noise: torch.Tensor) -> torch.Tensor:
    samples = noise.flatten(0, -2)
    return samples.mT @ samples.conj() / len(samples)


def test_complex_normal_has_unit_power_in_both_parts(generator: torch.Generator) -> None:
    drawn = complex_normal((200_000,), generator)
    assert drawn.dtype == torch.complex64
    assert drawn.real.var().item() == pytest.approx(0.5, abs=0.005)
    assert drawn.imag.var().item() == pytest.approx(0.5, abs=0.005)
    assert (drawn.real * drawn.imag).mean().item() == pytest.approx(0, abs=0.005)


@pytest.mark.parametrize("rows", ["different", "equal", "rotated"])
def test_noise_has_the_covariance_of_the_combiner(rows: str, generator: torch.Generator) -> None:
    combiner = beams(generator, 2, 64)
    if rows == "equal":
        combiner[1] = combiner[0]
    if rows == "rotated":
        combiner[1] = combiner[0] * 1j
    noise = combined_noise(combiner, (500, 400), 0.25, generator)
    assert noise.shape == (500, 400, 2)
    wanted = 0.25 * combiner @ combiner.mH
    assert float((covariance(noise) - wanted).abs().max()) < 0.01 * 0.25 * 64
    if rows == "equal":
        assert float((noise[..., 1] - noise[..., 0]).abs().max()) < 0.02 * float(noise.abs().max())


def test_combiner_and_noise_power_may_differ_between_drops(generator: torch.Generator) -> None:
    combiner = beams(generator, 3, 2, 16)
    powers = torch.tensor([0.5, 2.0, 0.0])
    noise = combined_noise(combiner, (300, 300), powers, generator)
    for drop in range(3):
        wanted = powers[drop] * combiner[drop] @ combiner[drop].mH
        assert float((covariance(noise[drop]) - wanted).abs().max()) <= 0.02 * 16 * float(powers[drop])
    assert float((noise[0] * noise[1].conj()).mean().abs()) < 0.02 * 16


@settings(max_examples=50, deadline=None)
@given(rows=st.integers(1, 4), columns=st.integers(1, 9), repeated=st.booleans(), seed=st.integers(0, 999))
def test_factor_rebuilds_the_gram_matrix_of_any_rank(
    rows: int, columns: int, repeated: bool, seed: int
) -> None:
    combiner = beams(torch.Generator().manual_seed(seed), rows, columns)
    if repeated:
        combiner = combiner[:1].expand(rows, columns)
    factor = lower_factor(combiner)
    assert torch.equal(factor, factor.tril())
    # The floor adds up to 1e-6 of a squared row norm for each dependent row; rounding as much
    # again.
    error = (factor @ factor.mH - combiner @ combiner.mH).abs().max()
    assert float(error) <= 10 * PIVOT_FLOOR * columns
    assert float(factor.diagonal().real.min()) >= math.sqrt(PIVOT_FLOOR * columns) * 0.999


def test_factor_is_the_cholesky_factor_where_there_is_one(generator: torch.Generator) -> None:
    combiner = beams(generator, 5, 3, 16)
    torch.testing.assert_close(
        lower_factor(combiner), torch.linalg.cholesky(combiner @ combiner.mH), rtol=1e-4, atol=1e-4
    )
    received = complex_normal((5, 3, 2), generator)
    solved = torch.linalg.solve_triangular(lower_factor(combiner), received, upper=False)
    torch.testing.assert_close(whiten(received, lower_factor(combiner)), solved, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("distance", [0.0, 1e-7, 1e-4, 1e-2, 1.0])
def test_gradients_are_finite_however_close_the_rows(distance: float, generator: torch.Generator) -> None:
    phases = torch.rand(1, 64, generator=generator) + distance * torch.rand(2, 64, generator=generator)
    phases.requires_grad_()
    noise = combined_noise(torch.exp(1j * phases), (8, 8), 1.0, generator)
    (gradient,) = torch.autograd.grad(noise.abs().sum(), phases)
    assert bool(gradient.isfinite().all())
    assert float(gradient.abs().max()) > 0


def test_gradient_agrees_with_finite_differences(generator: torch.Generator) -> None:
    phases = torch.rand(2, 8, generator=generator, dtype=torch.float64).requires_grad_()

    def factor_entries(angles: torch.Tensor) -> torch.Tensor:
        return torch.view_as_real(lower_factor(torch.exp(1j * angles)))

    assert torch.autograd.gradcheck(factor_entries, (phases,))
