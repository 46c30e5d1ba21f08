"""The start of the CSI-RS: what their objective means at its ends, and that steps of it help where it matters."""

import pytest
import torch

from cscsanet.channel.bounds import hybrid_sum
from cscsanet.channel.paths import draw_paths
from cscsanet.links.codebook_layer import CodebookLayer
from cscsanet.networks.bs_csirs_net import BsCsirsNet
from cscsanet.points import OperatingPoint
from cscsanet.training.sounding import design_csirs, expected_gain


@pytest.fixture
def net(smoke):
    torch.manual_seed(2)
    return BsCsirsNet(smoke.channel, 8)


def gain(net, powers, prefixes=(1, 8)):
    with torch.no_grad():
        return expected_gain(net, powers, prefixes, torch.Generator().manual_seed(1))


def test_without_power_a_beam_is_a_guess_and_with_much_it_is_a_hit(net):
    """A random beam has 1/N_r of the gain at the BS and 1/N_t at a UE where directions are even."""
    silent, loud = gain(net, (0.0, 1e3)).unbind(dim=1)
    torch.testing.assert_close(silent[0], silent[1])
    assert 1 / (64 * 8) < silent[0] < 4 / (64 * 8)
    # The grid's nearest beam is up to a quarter of a beam away at either end.
    assert 0.7 < loud[1] <= 1


def test_more_symbols_and_more_power_tell_more(net):
    found = gain(net, (0.03, 0.3), (1, 2, 8))
    assert (found.diff(dim=0) > 0).all()
    assert (found.diff(dim=1) > 0).all()


def test_the_gain_does_not_depend_on_symbols_beyond_the_prefix(net):
    before = gain(net, (0.3,), (2,))
    with torch.no_grad():
        for value in net.parameters():
            value[2:] += 1.0
    torch.testing.assert_close(gain(net, (0.3,), (2,)), before)


def test_steps_of_it_raise_what_the_search_finds_with_few_symbols(smoke):
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
        steps=120,
        learning_rate=0.2,
        generator=torch.Generator().manual_seed(5),
    )
    assert len(history) == 120
    assert sum(history[-20:]) > sum(history[:20])
    assert beam_gain() > 1.05 * before
