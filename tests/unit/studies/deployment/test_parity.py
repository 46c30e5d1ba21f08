"""The exported stations give the bits, masks and logits of PyTorch."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from cscsanet.channel.paths import PathDrops
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.links.link import Transmission
from cscsanet.studies.deployment import parity
from cscsanet.studies.deployment.parity import parity_points, parity_rows

SCHEMES = ("noma", "noma-aligned", "oma", "oma-aligned")


@pytest.mark.parametrize("name", SCHEMES)
def test_stations_compute_what_the_link_computes(name, exported_link, smoke):
    folder, link = exported_link(name)
    images = torch.rand(
        5, 4, smoke.scenes.height, smoke.scenes.width, generator=torch.Generator().manual_seed(4)
    )
    rows = parity_rows(link, folder, name, images, 8, parity_points(smoke))
    assert {row["drops"] for row in rows} == {1, 5}
    assert all(row["passed"] for row in rows), rows


class StandIn:
    """A link and its chain: the chain's bits differ in some drops, the link's when the path gains are touched."""

    def __init__(self, bits, flipped, own_flips=()):
        self.logits = torch.rand(16, 9, 4, 4)
        self.sent = np.zeros((16, 2, bits), np.uint8)
        self.received = self.sent.copy()
        for drop, count in flipped.items():
            self.received[drop, 0, :count] = 1
        self.own_flips = list(own_flips)
        self.paths = PathDrops(torch.ones(16, 2, 3, dtype=torch.complex64), *[torch.ones(16, 2, 3)] * 4)
        self.info = SimpleNamespace(scheme="noma", weights="")
        self.physical = SimpleNamespace(channel=None)

    def __call__(self, images, paths, point, generator):
        bits = self.sent.copy()
        if not torch.equal(paths.gain, self.paths.gain):
            assert torch.allclose(paths.gain, self.paths.gain, atol=1e-5)
            bits[self.own_flips, 0, :] = 1
        return Transmission(logits=self.logits, bits=torch.tensor(bits))

    def transmit(self, *arguments):
        logits = self.logits.numpy().copy()
        # Other beams change all that follows.
        logits[(self.received != self.sent).sum(axis=(1, 2)) > 100] *= -1
        return SimpleNamespace(
            feedback=list(np.packbits(self.received, axis=-1).transpose(1, 0, 2)), logits=logits
        )

    def row(self, monkeypatch):
        monkeypatch.setattr(parity, "draw_noise", lambda *_: None)
        point = OperatingPoint(-5.0, 8, self.sent.shape[-1], 4)
        return parity.compare(self, self, torch.rand(16, 4, 8, 8), self.paths, point, 1)


@pytest.mark.parametrize(
    ("bits", "flipped", "same"), [(1024, 0, True), (1024, 1, True), (1024, 4, False), (64, 1, False)]
)
def test_one_bit_in_ten_thousand_may_be_a_tie(bits, flipped, same, monkeypatch):
    row = StandIn(bits, {2: flipped}).row(monkeypatch)
    assert (row["bits_unequal"], row["same"], row["undecided"]) == (flipped, same, 0)


@pytest.mark.parametrize(
    ("flipped", "own_flips", "undecided", "same"),
    [
        ([2], [2], 1, True),
        ([2], [3], 0, False),  # another drop's tie is no excuse
        ([], [3], 0, True),  # equal bits are compared, whatever PyTorch decides
        ([2, 5], [2, 5], 2, True),
        ([2, 5, 6], [2, 5, 6], 0, False),  # too many
    ],
)
def test_a_drop_that_pytorch_does_not_decide_is_left_out(flipped, own_flips, undecided, same, monkeypatch):
    row = StandIn(1024, dict.fromkeys(flipped, 410), own_flips).row(monkeypatch)
    assert (row["undecided"], row["same"], row["passed"]) == (undecided, same, same)
    assert row["bits"] == (16 - undecided) * 2 * 1024
