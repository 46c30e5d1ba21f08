"""Residual phase errors: their order over the kinds of alignment, and their value without any."""

import math
from dataclasses import replace

import pytest
import torch

from cscsanet.channel.paths import draw_paths
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.metrics.estimate import estimate
from cscsanet.studies.alignment.phase_errors import phase_errors, rms

KINDS = ("learned", "oracle", "genie-first", "classical")


@pytest.fixture(scope="module")
def physical(smoke):
    torch.manual_seed(4)
    return PhysicalLayer(smoke, "learned").eval()


def test_better_channel_knowledge_leaves_smaller_errors(smoke, physical):
    paths = draw_paths(60, smoke.channel, torch.Generator().manual_seed(5))
    # More data symbols than the semantic networks have: phases can be predicted for any Q.
    point = OperatingPoint(-20, 8, 64, 10)
    errors = phase_errors(physical, KINDS, paths, point, seed=1)
    assert {sums.shape for sums in errors.values()} == {(60, 10, 2)}
    total = {kind: float(rms(sums.sum(dim=(0, 1)))) for kind, sums in errors.items()}
    assert total["oracle"] < total["learned"] < total["classical"] < math.pi / math.sqrt(3)
    # The genie's phases are exact at the first data symbol, and are held from there on.
    held = rms(errors["genie-first"].sum(dim=0))
    assert held[0] == pytest.approx(0, abs=1e-3)
    assert (held.diff() > 0).all()
    mean = estimate(errors["learned"].sum(dim=1), rms, 200, 1)
    assert mean.value == pytest.approx(total["learned"])
    assert mean.low < mean.value < mean.high


def test_a_rotation_by_zero_leaves_uniform_phases(smoke, physical, monkeypatch):
    """Without prediction the error is that of a uniform phase, pi / sqrt(3)."""
    original = PhysicalLayer.forward

    def without_prediction(layer, *arguments):
        beams = original(layer, *arguments)
        return replace(beams, alignment=torch.zeros_like(beams.alignment))

    monkeypatch.setattr(PhysicalLayer, "forward", without_prediction)
    paths = draw_paths(200, smoke.channel, torch.Generator().manual_seed(5))
    errors = phase_errors(physical, ["learned"], paths, OperatingPoint(-25, 8, 64, 4), 1)
    assert float(rms(errors["learned"].sum(dim=(0, 1)))) == pytest.approx(math.pi / math.sqrt(3), rel=0.1)
