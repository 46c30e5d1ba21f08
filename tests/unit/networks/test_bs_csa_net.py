"""The interface of eqs. (18)-(19), for both networks that have it."""

import pytest
import torch

from cscsanet.config.operating_point import Capacity
from cscsanet.networks.beamspace.bs_net import BeamspaceBs
from cscsanet.networks.bs_csa_net import BsCsaNet
from cscsanet.networks.quantiser import quantise


@pytest.fixture(params=[BsCsaNet, BeamspaceBs])
def decode(smoke, request):
    """Function from bits and their mask to the BS's output, at one SNR."""
    torch.manual_seed(3)
    net = request.param(smoke.channel, smoke.csa, Capacity(8, 64, 4)).eval()

    def decode(bits, active):
        snr_db = (torch.full((len(bits), 1), -25.0),) if request.param is BeamspaceBs else ()
        return net(bits, active, *snr_db)

    return decode


def test_features_that_fall_into_the_same_bits_give_the_same_combiner(decode):
    cells = torch.randint(0, 4, (2, 2, 32), generator=torch.Generator().manual_seed(1))
    lower, upper = (quantise((cells + offset) / 4) for offset in (0.1, 0.9))
    assert torch.equal(lower, upper)
    active = torch.ones(32)
    assert torch.equal(decode(lower, active).combiner_phases, decode(upper, active).combiner_phases)


def test_bits_beyond_the_prefix_do_not_matter(decode):
    bits = torch.randint(0, 2, (2, 2, 64)).float()
    flipped = bits.clone()
    flipped[..., 16:] = 1 - flipped[..., 16:]
    active = (torch.arange(32) < 8).float()
    torch.testing.assert_close(decode(bits, active), decode(flipped, active))
    all_active = torch.ones(32)
    assert not torch.allclose(
        decode(bits, all_active).combiner_phases, decode(flipped, all_active).combiner_phases
    )
