"""The values that channel networks exchange."""

import pytest
import torch

from cscsanet.networks.bs_csirs_net import BsCsirsNet


@pytest.mark.parametrize("sent", [1, 3, 8])
def test_the_number_of_csirs_symbols_counts_those_with_energy(smoke, sent):
    signals = BsCsirsNet(smoke.channel, 8).csirs_signals(8)
    masked = signals._replace(
        baseband=signals.baseband * (torch.arange(8) < sent).reshape(-1, 1, 1, 1).float()
    )
    assert int(masked.num_symbols()) == sent
