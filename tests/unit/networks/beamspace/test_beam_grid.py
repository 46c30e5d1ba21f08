"""Beams of a uniform linear array against closed forms, and peaks finer than a grid."""

import math

import pytest
import torch

from cscsanet.channel.steering import steering
from cscsanet.networks.beamspace.beam_grid import (
    array_response,
    circular_mean,
    directions,
    overlap,
    parabolic_peak,
    wrap_direction,
)
from cscsanet.networks.iq import to_complex


def test_the_array_response_is_the_channel_s_steering_vector(seeded):
    angle = torch.rand(5, generator=seeded) * 2 * math.pi - math.pi
    response = to_complex(array_response(torch.sin(angle), 16))
    torch.testing.assert_close(response, steering(angle, 16), rtol=1e-4, atol=1e-4)
    # Counted from the middle, the response to a direction and to its mirror image are conjugates.
    centred = to_complex(array_response(torch.sin(angle), 16, centred=True))
    mirrored = to_complex(array_response(-torch.sin(angle), 16, centred=True))
    torch.testing.assert_close(centred, mirrored.conj())


def test_overlap_is_the_squared_inner_product_of_the_beams():
    u, v = torch.tensor([0.1, 0.1, 0.1, -0.9]), torch.tensor([0.1, 0.15, 0.35, 0.9])
    inner = (to_complex(array_response(u, 8)).conj() * to_complex(array_response(v, 8))).sum(dim=-1)
    torch.testing.assert_close(overlap(u, v, 8), inner.abs().square() / 64, rtol=1e-4, atol=1e-6)
    # 2 / N apart, beams of N antennas are orthogonal.
    assert overlap(u[2], v[2], 8) < 1e-6


def test_directions_wrap_around_the_circle():
    wrapped = wrap_direction(torch.tensor([1.0, -1.0, 1.25, -1.25, 3.5, 0.3]))
    torch.testing.assert_close(wrapped, torch.tensor([-1.0, -1.0, -0.75, 0.75, -0.5, 0.3]))


def test_the_mean_direction_is_circular():
    grid = directions(8)
    ends = torch.tensor([1.0, 0, 0, 0, 0, 0, 0, 1.0])
    assert abs(float(circular_mean(ends, grid))) == pytest.approx(1)
    assert float(circular_mean(ends.roll(2), grid)) == pytest.approx(-0.5)


@pytest.mark.parametrize("peak", [0.31, -0.62])
def test_the_peak_of_a_parabola_is_exact(peak):
    grid = torch.linspace(-1, 1, 21)
    assert float(parabolic_peak(-(grid - peak).square().unsqueeze(0), grid)) == pytest.approx(peak, abs=1e-5)


def test_a_circular_peak_lies_between_the_ends_of_the_grid_and_others_stay_within_it():
    grid = directions(8)
    profile = torch.tensor([[0.9, 0.3, 0, 0, 0, 0, 0.2, 1.0]])
    assert grid[-1] < float(parabolic_peak(profile, grid, circular=True)) < 1
    assert float(parabolic_peak(profile, grid)) == pytest.approx(float(grid[-1]))
