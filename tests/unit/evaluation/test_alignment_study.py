"""The study of phase alignment: what its rows say, and that its figures draw them."""

import math

import pytest
import torch

from cscsanet.channel.paths import draw_paths
from cscsanet.evaluation.alignment_figures import miou_figure, phase_figure, robustness_figure
from cscsanet.evaluation.alignment_rows import Case, alignment_rows, miou_figures
from cscsanet.evaluation.phase_errors import phase_errors, rms, rms_interval
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.metrics.segmentation import miou
from cscsanet.points import OperatingPoint

POINT = OperatingPoint(-25, 8, 64, 4)
KINDS = ("learned", "oracle", "genie-first", "classical")


def counts(right, images=20):
    """Confusion matrices of two classes of 100 pixels each, `right` of which are right in each image."""
    found = torch.zeros(images, 9, 9, dtype=torch.int64)
    for image in range(images):
        hits = right + image % 3
        found[image, 0, 0] = found[image, 1, 1] = hits
        found[image, 0, 1] = found[image, 1, 0] = 100 - hits
    return found


def test_what_an_alignment_keeps_is_its_share_of_the_genie_s_gain():
    cases = {"none": 20, "learned": 50, "genie-first": 60}
    measured = {Case("noma", kind, POINT): counts(right) for kind, right in cases.items()}
    rows = alignment_rows(measured, {4: 0.9}, images=6, samples=200, seed=1)
    by_kind = {row["alignment"]: row for row in rows}
    none, own, genie = (float(miou(counts(cases[kind]).sum(dim=0))) for kind in cases)
    assert by_kind["learned"]["kept"] == pytest.approx((own - none) / (genie - none), abs=1e-6)
    assert by_kind["learned"]["kept_low"] <= by_kind["learned"]["kept"] <= by_kind["learned"]["kept_high"]
    assert by_kind["none"]["kept"] == 0
    assert by_kind["genie-first"]["kept"] == 1
    assert by_kind["learned"]["share_of_ideal"] == pytest.approx(own / 0.9, abs=1e-4)
    alone = alignment_rows(
        {Case("noma", "learned", POINT): counts(50)}, {4: 0.9}, images=6, samples=200, seed=1
    )
    assert alone[0]["kept"] is None


def test_an_interval_holds_its_mean():
    found = miou_figures(counts(40), 200, 1)
    assert found["ci_low"] < found["miou"] < found["ci_high"]


def test_phases_that_are_left_stand_in_the_order_of_what_is_known(smoke):
    torch.manual_seed(4)
    physical = PhysicalLayer(smoke, "learned").eval()
    paths = draw_paths(60, smoke.channel, torch.Generator().manual_seed(5))
    # More data symbols than the semantic networks are built for: phases are foretold for any Q.
    point = OperatingPoint(-20, 8, 64, 10)
    errors = phase_errors(physical, KINDS, paths, point, seed=1)
    left = {kind: float(rms(sums.sum(dim=(0, 1)))) for kind, sums in errors.items()}
    assert left["oracle"] < left["learned"] < left["classical"] < math.pi / math.sqrt(3)
    held = rms(errors["genie-first"].sum(dim=0))
    assert held[0] == pytest.approx(0, abs=1e-3)
    assert (held.diff() > 0).all()
    middle, low, high = rms_interval(errors["learned"].sum(dim=1), 200, 1)
    assert low < middle == left["learned"] < high


def test_phases_that_are_foretold_for_no_paths_at_all_are_of_no_use(smoke):
    """The measure's own floor: a turn by zero leaves the phase of a uniform draw, pi / sqrt(3)."""
    torch.manual_seed(4)
    physical = PhysicalLayer(smoke, "learned").eval()
    physical._foretold = lambda paths, point, received, views, beams: torch.zeros(
        len(paths), 2, point.data_symbols, smoke.channel.subcarriers, 2
    )
    paths = draw_paths(200, smoke.channel, torch.Generator().manual_seed(5))
    found = float(rms(phase_errors(physical, ["learned"], paths, POINT, 1)["learned"].sum(dim=(0, 1))))
    assert found == pytest.approx(math.pi / math.sqrt(3), rel=0.1)


def test_figures_draw_what_they_are_given(tmp_path):
    interval = {"ci_low": 0.1, "ci_high": 0.3}
    rows = [
        {
            "scheme": "noma",
            "alignment": kind,
            "snr_db": snr,
            "data_symbols": count,
            "miou": 0.2,
            "ideal_miou": 0.4,
            **interval,
        }
        for kind in ("none", "learned")
        for snr in (-30.0, -10.0)
        for count in (1, 4)
    ]
    robust = [
        {"scheme": "noma", "alignment": kind, "over": over, "value": value, "miou": 0.2, **interval}
        for kind in ("none", "slipping")
        for over, values in {
            "bs_power_offset_db": (0.0, "inf"),
            "speed_kmh": (0.0, 250.0),
            "oscillator_rad": (0.0, 1.0),
        }.items()
        for value in values
    ]
    place = {
        "csirs_snr_db": 0.0,
        "csirs_symbols": 8,
        "speed_kmh": 60.0,
        "symbol": 0,
        "rms_rad": 0.4,
        **interval,
    }
    phases = [
        {**place, "alignment": kind, "over": over, **({over: value})}
        for kind in KINDS
        for over, values in {"csirs_snr_db": (-5.0, "inf"), "csirs_symbols": (4, 8), "symbol": (0, 1)}.items()
        for value in values
    ]
    figures = {
        "miou": miou_figure(rows, "noma"),
        "robustness": robustness_figure(robust, "noma"),
        "phase": phase_figure(phases),
    }
    for name, figure in figures.items():
        figure.savefig(tmp_path / f"{name}.png", dpi=50)
        assert (tmp_path / f"{name}.png").stat().st_size > 2000
    assert len(figures["miou"].axes) == 2
    labels = [text.get_text() for text in figures["robustness"].axes[0].get_xticklabels()]
    assert labels == ["0", "inf"]
