"""Untrained physical layers of the smoke profile's sizes."""

import pytest
import torch

from cscsanet.baselines.codebook import CodebookLayer
from cscsanet.links.physical_layer import PhysicalLayer


@pytest.fixture(scope="module")
def layers(smoke):
    torch.manual_seed(4)
    learned = PhysicalLayer(smoke).eval()
    return learned, CodebookLayer(smoke.channel, smoke.csa, 8).eval()
