"""BS-CSANet over beams: its combiner before training."""

import pytest
import torch

from cscsanet.channel.steering import steering
from cscsanet.config.operating_point import Capacity
from cscsanet.networks.beamspace.bs_net import BeamspaceBs
from cscsanet.networks.beamspace.direction_code import DIGITS, to_digits
from cscsanet.networks.iq import unit_modulus
from cscsanet.networks.quantiser import quantise


def feedback_of(direction, order, features):
    """Bits of a codeword at low SNR that holds the directions (batch, K) of the strongest paths."""
    head = torch.full((*direction.shape, order.head_length), 0.5)
    head[..., list(order.digits[0])] = to_digits((direction + 1) / 2)
    fed_back = order.to_feedback_order(head, torch.ones(1, dtype=torch.bool))
    return quantise(torch.nn.functional.pad(fed_back, (0, features))[..., :features])


@pytest.mark.parametrize("phase_reference", [False, True])
def test_at_low_snr_chain_k_points_at_the_direction_that_ue_k_fed_back(smoke, seeded, phase_reference):
    torch.manual_seed(4)
    net = BeamspaceBs(smoke.channel, smoke.csa, Capacity(8, 64, 4), phase_reference=phase_reference)
    direction = torch.rand(5, 2, generator=seeded) * 1.9 - 0.95
    active = (torch.arange(net.features) < DIGITS).float()
    with torch.no_grad():
        # As if training had changed the phase of every beam in every chain.
        bias = net.mixer.layers[-1].bias[: net.num_weights]
        bias[net.num_weights // 2 :] = 2 * torch.randn(net.num_weights // 2, generator=seeded)
        bits = feedback_of(direction, net.order, net.features)
        combiner = unit_modulus(net(bits, active, torch.full((5, 1), -25.0)).combiner_phases)
    response = (combiner * steering(torch.asin(direction), 64)).sum(dim=-1)
    assert (response.abs() > 0.95 * 64).all()
    # The rule of phase_prediction: real and positive, with the phase reference in the middle of the
    # array.
    middle = response * torch.exp(-1j * torch.pi * 31.5 * direction)
    assert bool((middle.angle().abs() < 0.05).all()) == phase_reference


def test_a_beam_that_a_chain_has_given_up_leaves_gradients_finite(smoke, seeded):
    """Its weight is zero in float32, where a square root has an infinite gradient."""
    torch.manual_seed(4)
    net = BeamspaceBs(smoke.channel, smoke.csa, Capacity(8, 64, 4), phase_reference=True)
    with torch.no_grad():
        net.mixer.layers[-1].bias[0] = -200.0
    direction = torch.rand(5, 2, generator=seeded) * 1.9 - 0.95
    bits = feedback_of(direction, net.order, net.features)
    net(bits, torch.ones(net.features), torch.full((5, 1), -25.0)).combiner_phases.square().sum().backward()
    assert all(weight.grad.isfinite().all() for weight in net.parameters() if weight.grad is not None)
