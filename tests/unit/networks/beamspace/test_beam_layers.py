"""Layers over beams: circular, and with an output that starts near zero."""

import torch

from cscsanet.networks.beamspace.beam_layers import BeamTrunk, Mlp


def test_the_trunk_commutes_with_a_rotation_of_the_beams(seeded):
    torch.manual_seed(1)
    trunk = BeamTrunk(3, 4, 8, 2)
    beams, context = torch.randn(2, 3, 16, generator=seeded), torch.randn(2, 4, generator=seeded)
    hidden, pool = trunk(beams, context)
    rotated, same_pool = trunk(beams.roll(5, dims=-1), context)
    torch.testing.assert_close(rotated, hidden.roll(5, dims=-1), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(same_pool, pool, rtol=1e-4, atol=1e-5)


def test_a_perceptron_starts_near_zero(seeded):
    torch.manual_seed(1)
    outputs = Mlp(6, 32, 10)(torch.randn(100, 6, generator=seeded))
    assert 0 < outputs.abs().max() < 0.02
