"""The probabilities of bits: a proper distribution, read in the order of the bits."""

import itertools

import pytest
import torch

from cscsanet.baselines.digital.bit_prior import TERMINATION, BitPrior


@pytest.fixture(scope="module")
def tiny(small):
    """Return priors over 2 planes of 2 x 2 positions, of random weights."""
    msf = small.msf.model_copy(update={"latent_height": 2, "latent_width": 2})
    digital = small.digital.model_copy(update={"planes": 2})
    torch.manual_seed(0)
    return BitPrior(small.model_copy(update={"msf": msf, "digital": digital}))


def test_the_lengths_of_all_messages_are_those_of_one_distribution(tiny):
    """Kraft's sum over all 2^8 messages is 1: each bit is conditioned on those before it alone."""
    with torch.no_grad():
        for parameter in tiny.parameters():
            parameter.mul_(3)  # far from probabilities of a half
        messages = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=8))).reshape(-1, 1, 2, 4)
        lengths = tiny(messages.expand(-1, 2, -1, -1))[..., -1] - TERMINATION
    assert (2.0**-lengths).sum(dim=0).tolist() == pytest.approx([1, 1], rel=1e-5)
    assert lengths.std() > 0.2


def test_the_length_of_a_prefix_does_not_depend_on_what_follows(small):
    torch.manual_seed(1)
    prior = BitPrior(small)
    signs = torch.randint(0, 2, (3, 2, small.digital.planes, 64)).float() * 2 - 1
    changed = signs.clone()
    changed[:, :, 5, 20:] *= -1
    changed[:, :, 6:] *= -1
    sent = 5 * 64 + 20
    with torch.no_grad():
        before, after = prior(signs), prior(changed)
    assert torch.equal(before[..., :sent], after[..., :sent])
    assert not torch.equal(before[..., sent:], after[..., sent:])


def test_every_further_bit_makes_a_message_longer(small):
    signs = torch.ones(1, 2, small.digital.planes, 64)
    with torch.no_grad():
        lengths = BitPrior(small)(signs)
    assert (lengths.diff(dim=-1) > 0).all()
    assert (lengths[..., 0] > TERMINATION).all()
