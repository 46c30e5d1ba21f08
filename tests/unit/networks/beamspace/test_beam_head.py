"""Beams and their phases."""

import math

import torch

from cscsanet.channel.steering import steering
from cscsanet.networks.beamspace.beam_head import BeamHead, chirp_of_width, phase


def test_one_beam_of_the_head_is_its_steering_vector(seeded):
    head = BeamHead(64, 128)
    angle = torch.rand(5, 1, generator=seeded) * 2 * math.pi - math.pi
    weights = torch.tensor([1.0, 0.0]).expand(5, 1, 1, 2)
    phases = head(torch.sin(angle), weights, torch.zeros(5, 1), torch.zeros(5, 1, 128, 2))
    gain = (torch.polar(torch.ones_like(phases), phases) * steering(angle, 64).conj()).sum(dim=-1).abs()
    torch.testing.assert_close(gain, torch.full_like(gain, 64.0), rtol=1e-4, atol=0)


def test_a_chirp_spreads_a_beam_over_its_cell():
    head, width = BeamHead(64, 128), 0.5
    beam = torch.tensor([1.0, 0.0]).reshape(1, 1, 1, 2)
    chirp = chirp_of_width(torch.tensor([[width]]), 64)
    phases = head(torch.zeros(1, 1), beam, chirp, torch.zeros(1, 1, 128, 2))
    cell = torch.asin(torch.linspace(-0.4 * width, 0.4 * width, 9))
    gain = (torch.polar(torch.ones_like(phases), phases) * steering(cell, 64).conj()).sum(dim=-1).abs()
    # The energy of 64 antennas spread over a cell of 16 beams; a plain beam leaves its edges almost
    # without gain.
    assert gain.min() > 0.7 * 64 / math.sqrt(16)
    assert gain.max() < 1.6 * 64 / math.sqrt(16)
    assert float(chirp_of_width(torch.tensor(1 / 64), 64)) == 0


def test_the_phase_has_the_right_gradient_and_a_finite_one_at_zero():
    pairs = torch.tensor([[3.0, -4.0]], requires_grad=True)
    phase(pairs).sum().backward()
    torch.testing.assert_close(pairs.grad, torch.tensor([[4.0, 3.0]]) / 25, rtol=1e-3, atol=0)
    zero = torch.zeros(1, 2, requires_grad=True)
    phase(zero).sum().backward()
    assert torch.isfinite(zero.grad).all()
