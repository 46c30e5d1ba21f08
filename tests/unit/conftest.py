"""Parameters that the unit tests share: the smoke profile, and drops and images of its sizes."""

import pytest
import torch
import yaml

from cscsanet.channel.paths import draw_paths
from cscsanet.config.params import Params, profile_text


@pytest.fixture(scope="session")
def smoke() -> Params:
    return Params.model_validate(yaml.safe_load(profile_text("smoke")))


@pytest.fixture
def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(7)


@pytest.fixture
def images(smoke, seeded) -> torch.Tensor:
    return torch.rand(3, 4, smoke.scenes.height, smoke.scenes.width, generator=seeded)


@pytest.fixture
def paths(smoke, seeded):
    return draw_paths(3, smoke.channel, seeded)
