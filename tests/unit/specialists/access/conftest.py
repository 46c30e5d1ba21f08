"""A tiny cell, in which every part of activity detection runs in milliseconds."""

import pytest
import torch
import yaml

from cscsanet.config.access import AccessParams
from cscsanet.config.params import profile_text


def altered(params, **sections):
    """Return parameters with other values: section={key: value}."""
    content = params.model_dump()
    for section, values in sections.items():
        content[section] = {**content[section], **values} if isinstance(values, dict) else values
    return AccessParams.model_validate(content)


@pytest.fixture(scope="session")
def params():
    return AccessParams.model_validate(yaml.safe_load(profile_text("smoke", "access")))


@pytest.fixture
def seeded():
    return lambda seed=0: torch.Generator().manual_seed(seed)


@pytest.fixture(scope="session")
def change():
    return altered
