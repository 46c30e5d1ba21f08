"""Pairs, elimination and SLNR precoders in real numbers, against complex ones."""

import pytest
import torch

from cscsanet.channel.multiuser.slnr import Belief, principal, slnr_precoder
from cscsanet.channel.steering import cis_cycles
from cscsanet.specialists.fusion.real.pairs import (
    applied,
    cis,
    conj,
    diagonal,
    eliminated,
    inverse,
    on_diagonal,
    outer,
    power,
    product,
    times,
    transposed,
)
from cscsanet.specialists.fusion.real.slnr import real_principal, real_slnr_precoder

real = torch.view_as_real


def drawn(seeded, *shape, seed=0, dtype=torch.complex128):
    return torch.randn(shape, generator=seeded(seed), dtype=dtype)


def assert_pairs(given, expected, tolerance=1e-5):
    torch.testing.assert_close(
        torch.view_as_complex(given.contiguous()), expected, rtol=tolerance, atol=tolerance
    )


def test_products_are_those_of_complex_numbers(seeded):
    one, other, vector = drawn(seeded, 3, 4, 5), drawn(seeded, 3, 5, 2, seed=1), drawn(seeded, 3, 5, seed=2)
    assert_pairs(product(real(one), real(other)), one @ other)
    assert_pairs(applied(real(one), real(vector)), (one @ vector.unsqueeze(-1)).squeeze(-1))
    assert_pairs(times(real(one), real(vector).unsqueeze(1)), one * vector.unsqueeze(1))
    assert_pairs(conj(transposed(real(one))), one.mH.resolve_conj())
    assert_pairs(outer(real(vector)), vector.unsqueeze(-1) * vector.conj().unsqueeze(-2))
    torch.testing.assert_close(power(real(one)), one.abs().square())


def test_diagonals_are_real(seeded):
    square = drawn(seeded, 3, 4, 4)
    values = diagonal(real(square))
    torch.testing.assert_close(values, square.diagonal(dim1=1, dim2=2).real)
    assert_pairs(on_diagonal(values), torch.diag_embed(values + 0j))


def test_phases_are_wrapped_before_they_are_rounded():
    cycles = torch.tensor([0.0, 0.3, 1e5 + 0.25, -7.4], dtype=torch.float64)
    assert_pairs(cis(cycles), cis_cycles(cycles), 1e-6)


@pytest.mark.parametrize("size", [1, 2, 6, 24])
def test_the_inverse_by_elimination_is_the_inverse(size, seeded):
    matrix = drawn(seeded, 3, 2, size, size)
    assert_pairs(inverse(real(matrix)), torch.linalg.inv(matrix), 1e-8)


def test_elimination_exchanges_rows_where_it_must():
    matrix = torch.tensor([[0.0, 2.0, 1.0], [1e-9, 0.0, 3.0], [4.0, 1.0, 0.0]], dtype=torch.float64)
    torch.testing.assert_close(eliminated(matrix), torch.linalg.inv(matrix))


def test_the_principal_eigenvector_is_the_same(seeded):
    root = drawn(seeded, 20, 5, 5)
    matrix = root @ root.mH
    assert_pairs(real_principal(real(matrix)), principal(matrix), 1e-6)


# Where the load is small, rounding of moments in single precision would decide.
@pytest.mark.parametrize(("load", "dtype"), [(1.0, torch.complex64), (1e-3, torch.complex128)])
@pytest.mark.parametrize("spread", [0.0, 0.3])
def test_precoders_of_second_moments_are_the_same(spread, load, dtype, seeded):
    steering = drawn(seeded, 6, 1, 4, 6, 64, dtype=dtype)
    mean = drawn(seeded, 6, 16, 4, 6, seed=1, dtype=dtype)
    root = spread * drawn(seeded, 6, 16, 4, 6, 6, seed=2, dtype=dtype)
    loads = torch.full((6, 1), load, dtype=mean.real.dtype)
    expected = slnr_precoder(Belief(steering, mean, root @ root.mH), loads)
    given = real_slnr_precoder(real(steering), real(mean), real((root @ root.mH).contiguous()), loads)
    given = torch.view_as_complex(given.contiguous())
    # Equal but for the phase of each user: with few moments all columns are one direction, and any can be the largest.
    inner = (given.conj() * expected).sum(dim=-2, keepdim=True)
    torch.testing.assert_close(given * inner / inner.abs(), expected, rtol=1e-4, atol=1e-5)


def test_a_user_of_whom_nothing_is_known_gets_no_power(seeded):
    steering = drawn(seeded, 2, 3, 4, 16, dtype=torch.complex64)
    mean = drawn(seeded, 2, 3, 4, seed=1, dtype=torch.complex64)
    mean[:, 1] = 0
    none = torch.zeros(2, 3, 4, 4, dtype=torch.complex64)
    given = power(real_slnr_precoder(real(steering), real(mean), real(none), torch.ones(2))).sum(dim=1)
    torch.testing.assert_close(given, torch.tensor([[0.5, 0.0, 0.5]]).expand(2, -1))
