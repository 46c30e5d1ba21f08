"""Equal elements and energy for every scheme, paired comparisons, and phases at their bound."""

import math
from types import SimpleNamespace

import pytest
import torch
from fixtures.params import altered

from cscsanet.channel.paths import draw_paths
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.evaluation.budgets import budget
from cscsanet.evaluation.schemes import BUILD
from cscsanet.links.shared_copy import with_channel
from cscsanet.studies.robustness import measure
from cscsanet.studies.robustness.conditions import Condition
from cscsanet.studies.robustness.phases import common_phases, rms_of
from cscsanet.studies.robustness.rows import bar_verdict


def test_every_scheme_of_the_study_has_equal_elements_and_energy(smoke, images, paths):
    elements, energies = set(), set()
    for name in smoke.robustness.schemes:
        torch.manual_seed(1)
        link = BUILD[name](smoke).eval()
        symbols = measure._payload_symbols(link, smoke.robustness.data_symbols)
        point = OperatingPoint(-10.0, 8, 64, symbols)
        with torch.inference_mode():
            spent = budget(link(images, paths, point, torch.Generator().manual_seed(1)), point)
        share = 2 if name.startswith("oma") else 1
        elements.add(spent["elements"] * share)
        energies.add(round(spent["energy"]))
    assert elements == energies == {smoke.robustness.data_symbols * smoke.channel.subcarriers}


def counts_of(right, sequences=20):
    """Return confusion matrices in which `right` of 100 pixels of each of two classes are right."""
    one = torch.zeros(9, 9, dtype=torch.int64)
    one[0, 0], one[0, 1], one[1, 1], one[1, 0] = right, 100 - right, right, 100 - right
    return one.repeat(sequences, 1, 1)


def late(smoke, delay, speed=120.0):
    channel = smoke.channel.model_copy(update={"feedback_delay_symbols": delay})
    return Condition("feedback_delay_symbols", delay, channel, speed_kmh=speed)


def test_losses_and_leads_are_differences_at_the_same_delay_and_the_highest_speed(smoke):
    changed = {"feedback_delay_symbols": [0, 56, 112], "speeds_kmh": [3.0, 120.0], "snr_db": [-25.0]}
    params = altered(smoke, robustness=changed)
    counts = {
        ("noma-tracked", -25.0, late(params, 0)): counts_of(80),
        ("noma-tracked", -25.0, late(params, 56)): counts_of(78),
        ("noma-tracked", -25.0, late(params, 112)): counts_of(20),
        ("noma-tracked", -25.0, late(params, 56, 3.0)): counts_of(10),
        ("codebook", -25.0, late(params, 0)): counts_of(70),
        ("codebook", -25.0, late(params, 56)): counts_of(60),
    }
    found = {(each.kind, each.scheme, each.other): each for each in measure.comparisons(params, counts)}
    assert set(found) == {
        ("loss", "noma-tracked", "D56"),
        ("loss", "codebook", "D56"),
        ("lead", "noma-tracked", "codebook"),
    }
    iou = {right: right / (200 - right) for right in (80, 78, 70, 60)}
    assert found["loss", "noma-tracked", "D56"].difference.value == pytest.approx(iou[80] - iou[78], abs=1e-6)
    assert found["lead", "noma-tracked", "codebook"].difference.value == pytest.approx(
        iou[78] - iou[60], abs=1e-6
    )


@pytest.mark.parametrize(
    ("kind", "low", "high", "verdict"),
    [
        ("loss", -0.002, 0.004, "yes"),
        ("loss", 0.002, 0.014, "open"),
        ("loss", 0.012, 0.02, "no"),
        ("lead", 0.021, 0.03, "yes"),
        ("lead", 0.01, 0.03, "open"),
        ("lead", -0.01, 0.01, "no"),
    ],
)
def test_a_bar_is_met_or_missed_by_the_whole_interval(kind, low, high, verdict):
    assert bar_verdict(kind, low, high) == verdict


def test_no_tracking_study_without_the_scheme(smoke):
    point = SimpleNamespace(kind="nothing")
    assert not measure._tracks(point)


def test_tracked_phases_reach_their_bound_where_it_is_small_and_untracked_ones_do_not(smoke):
    torch.manual_seed(1)
    link = BUILD["noma-tracked"](altered(smoke, pilots={"share": 0.0625})).eval()
    channel = smoke.channel.model_copy(update={"feedback_delay_symbols": 500})
    link = with_channel(link, channel)
    drops = draw_paths(200, channel, torch.Generator().manual_seed(2))
    images = torch.rand(
        8, 4, smoke.scenes.height, smoke.scenes.width, generator=torch.Generator().manual_seed(3)
    )
    sums = common_phases(link, images, drops, OperatingPoint(0.0, 8, 64, 4), 1).sum(dim=0)
    untracked, tracked, bound = (float(rms_of(column)(sums)) for column in range(3))
    assert untracked > 0.5
    assert bound < 0.1
    # The residual within the block and the other UE add to the noise.
    assert 0.5 * bound < tracked < 0.3 * untracked
    assert math.isfinite(tracked)
