"""Array responses against closed forms."""

import math

import pytest
import torch

from cscsanet.channel.steering import cis_cycles, steering


def test_the_phase_advances_by_pi_sin_of_the_angle_from_antenna_to_antenna() -> None:
    angle = torch.tensor([0.0, 0.4, -1.3, math.pi])
    response = steering(angle, 6)
    torch.testing.assert_close(response.abs(), torch.ones(4, 6))
    assert torch.equal(response[:, 0], torch.ones(4) + 0j)
    step = (response[:, 1:] / response[:, :-1]).angle()
    torch.testing.assert_close(
        step, (math.pi * torch.sin(angle)).unsqueeze(-1).expand(4, 5), rtol=0, atol=1e-5
    )


def test_beams_of_a_quarter_grid_are_orthogonal() -> None:
    # sin(angle) = 2 i / N: the columns of a DFT matrix.
    columns = steering(torch.asin(torch.tensor([-0.5, 0.0, 0.5])), 4)
    torch.testing.assert_close(columns @ columns.mH, 4 * torch.eye(3) + 0j, rtol=0, atol=1e-5)


def test_many_cycles_cost_no_precision() -> None:
    assert cis_cycles(torch.tensor(1e6 + 0.25)).imag.item() == pytest.approx(1.0)
    fraction = torch.tensor([0.1, 0.37], dtype=torch.float64)
    torch.testing.assert_close(cis_cycles(fraction + 123_456_789), cis_cycles(fraction))


def test_the_gradient_is_that_of_the_exponential() -> None:
    cycles = torch.tensor([0.2, 17.6], dtype=torch.float64, requires_grad=True)
    cis_cycles(cycles).imag.sum().backward()
    assert cycles.grad is not None
    torch.testing.assert_close(
        cycles.grad, 2 * math.pi * torch.cos(2 * math.pi * cycles.detach()), rtol=1e-5, atol=1e-5
    )
