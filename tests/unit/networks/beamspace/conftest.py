"""CSI-RS of the smoke profile's sizes, as both ends know them."""

import pytest
import torch

from cscsanet.networks.bs_csirs_net import BsCsirsNet
from cscsanet.networks.interfaces import CsirsSignals


@pytest.fixture
def csirs(smoke) -> BsCsirsNet:
    torch.manual_seed(2)
    return BsCsirsNet(smoke.channel, 8).requires_grad_(False)


@pytest.fixture
def signals(csirs) -> CsirsSignals:
    return csirs.csirs_signals(8)
