"""Channels of the small profile's sizes, where the band is wide enough for what DMRS have to resolve."""

import pytest
import torch
import yaml

from cscsanet.channel.paths import draw_paths
from cscsanet.config.params import Params, profile_text


@pytest.fixture(scope="session")
def small() -> Params:
    return Params.model_validate(yaml.safe_load(profile_text("small")))


@pytest.fixture
def drops(small):
    return draw_paths(40, small.channel, torch.Generator().manual_seed(3))


@pytest.fixture
def still(small):
    return draw_paths(40, small.channel, torch.Generator().manual_seed(3), speed_kmh=0.0)
