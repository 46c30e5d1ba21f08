"""The exported stations give the bits, masks and logits of PyTorch."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.studies.deployment import parity
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


@pytest.mark.parametrize(
    ("bits", "flipped", "same"), [(1024, 0, True), (1024, 1, True), (1024, 4, False), (64, 1, False)]
)
def test_one_bit_in_ten_thousand_may_be_a_tie(bits, flipped, same, monkeypatch):
    drops, users = 16, 2
    logits = torch.rand(drops, 9, 4, 4)
    sent = np.zeros((drops, users, bits), np.uint8)
    received = sent.copy()
    received.reshape(-1)[:flipped] = 1
    made = SimpleNamespace(bits=torch.tensor(sent), logits=logits)
    physical = SimpleNamespace(channel=None)
    link = type("Link", (), {"physical": physical, "__call__": lambda *_: made})()
    chain = SimpleNamespace(
        info=SimpleNamespace(scheme="noma", weights=""),
        transmit=lambda *_: SimpleNamespace(
            feedback=list(np.packbits(received, axis=-1).transpose(1, 0, 2)), logits=logits.numpy()
        ),
    )
    monkeypatch.setattr(parity, "draw_noise", lambda *_: None)
    row = parity.compare(link, chain, torch.rand(drops, 4, 8, 8), None, OperatingPoint(-5.0, 8, bits, 4), 1)
    assert (row["bits_unequal"], row["same"]) == (flipped, same)
