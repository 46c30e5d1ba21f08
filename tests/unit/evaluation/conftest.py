"""Scenes and drops of the smoke profile's sizes."""

import pytest
import torch

from cscsanet.channel.dataset import open_drops, write_drops
from cscsanet.scenes.scene_set import SceneSet


@pytest.fixture
def scenes(smoke):
    generator = torch.Generator().manual_seed(0)
    size = (smoke.scenes.height, smoke.scenes.width)
    labels = torch.randint(0, 5, (40, *size), generator=generator, dtype=torch.uint8)
    images = torch.randint(0, 256, (40, 4, *size), generator=generator, dtype=torch.uint8)
    return SceneSet(images, labels, [f"{number:05d}{'DN'[number % 2]}" for number in range(40)])


@pytest.fixture
def drops(smoke, tmp_path):
    write_drops(tmp_path / "drops", 30, 1, smoke.channel)
    return open_drops(tmp_path / "drops")
