"""The pretraining of the CSI-RS: the limits of its objective, and the beam gain after some steps."""

import pytest
import torch

from cscsanet.baselines.codebook import CodebookLayer
from cscsanet.channel.bounds import hybrid_sum
from cscsanet.channel.paths import draw_paths
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.networks.bs_csirs_net import BsCsirsNet
from cscsanet.training.csirs_design import design_csirs, expected_gain


@pytest.fixture
def net(smoke):
    torch.manual_seed(2)
    return BsCsirsNet(smoke.channel, 8)


def gain(net, powers, prefixes=(1, 8)):
    with torch.no_grad():
        return expected_gain(net, powers, prefixes, torch.Generator().manual_seed(1))


def test_without_power_the_gain_is_that_of_a_random_beam_and_with_much_power_it_is_full(net):
    """A random beam has 1/N_r of the gain at the BS and 1/N_t at a UE where directions are even."""
    low, high = gain(net, (0.0, 1e3)).unbind(dim=1)
    torch.testing.assert_close(low[0], low[1])
    assert 1 / (64 * 8) < low[0] < 4 / (64 * 8)
    # The grid's nearest beam is up to a quarter of a beam away at either end.
    assert 0.7 < high[1] <= 1


def test_the_gain_grows_with_symbols_and_power(net):
    gains = gain(net, (0.03, 0.3), (1, 2, 8))
    assert (gains.diff(dim=0) > 0).all()
    assert (gains.diff(dim=1) > 0).all()


def test_the_gain_does_not_depend_on_symbols_beyond_the_prefix(net):
    before = gain(net, (0.3,), (2,))
    with torch.no_grad():
        for value in net.parameters():
            value[2:] += 1.0
    torch.testing.assert_close(gain(net, (0.3,), (2,)), before)


def test_some_steps_raise_the_beam_gain_of_the_search_with_few_symbols(smoke):
    torch.manual_seed(2)
    codebook = CodebookLayer(smoke.channel, smoke.csa, 2)
    paths = draw_paths(256, smoke.channel, torch.Generator().manual_seed(3))

    def beam_gain():
        beams = codebook(paths, OperatingPoint(-20, 2, 64, 1), torch.Generator().manual_seed(4))
        return float(
            hybrid_sum(paths, beams.precoder, beams.combiner, 0.01, torch.tensor([2]), smoke.channel).mean()
        )

    before = beam_gain()
    codebook.csirs.requires_grad_(True)
    history = design_csirs(
        codebook.csirs,
        (-10.0, 20.0),
        (1, 2),
        steps=20,
        learning_rate=0.5,
        generator=torch.Generator().manual_seed(5),
    )
    assert len(history) == 20
    assert sum(history[-5:]) > sum(history[:5])
    assert beam_gain() > 1.05 * before
