"""The exported stations give the bits, masks and logits of PyTorch."""

import pytest
import torch

from cscsanet.studies.deployment.parity import parity_points, parity_rows

SCHEMES = ("noma", "noma-aligned", "oma", "oma-aligned")


@pytest.mark.parametrize("name", SCHEMES)
def test_stations_compute_what_the_link_computes(name, exported_link, smoke):
    folder, link = exported_link(name)
    images = torch.rand(
        5, 4, smoke.scenes.height, smoke.scenes.width, generator=torch.Generator().manual_seed(4)
    )
    rows = parity_rows(link, folder, name, images, 7, parity_points(smoke))
    assert {row["drops"] for row in rows} == {1, 5}
    assert all(row["passed"] for row in rows), rows
