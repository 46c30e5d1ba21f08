"""The figures of the study of phase alignment: panels, curves and labels from given rows."""

import math

import pytest

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.metrics.estimate import Estimate
from cscsanet.studies.alignment.figures import draw_figures, robustness_figure
from cscsanet.studies.alignment.rows import AlignmentRow, Case, PhaseRow, RobustnessRow

KINDS = ("learned", "oracle", "genie-first", "classical")


@pytest.fixture
def figures():
    rows = [
        AlignmentRow(
            Case("noma", kind, OperatingPoint(snr_db, 8, 64, count)),
            Estimate(0.2 * count, 0.1 * count, 0.22 * count),
            ideal_miou=0.4,
            floor_miou=0.1,
            gain_share=None,
            images=4,
            seed=1,
        )
        for kind in ("none", "learned")
        for snr_db in (-30.0, -10.0)
        for count in (1, 4)
    ]
    conditions = {
        "bs_power_offset_db": (0.0, math.inf),
        "speed_kmh": (0.0, 250.0),
        "oscillator_rad": (0.0, 1.0),
    }
    point = OperatingPoint(-25, 8, 64, 4)
    robustness = [
        RobustnessRow("noma", label, over, value, point, Estimate(0.2, 0.1, 0.3), 1)
        for label in ("none", "phase-offset")
        for over, values in conditions.items()
        for value in values
    ]
    error = Estimate(0.4, 0.3, 0.5)
    phases = [
        *(
            PhaseRow(kind, "csirs_snr_db", snr, 8, None, None, error)
            for kind in KINDS
            for snr in (-5.0, math.inf)
        ),
        *(
            PhaseRow(kind, "csirs_symbols", 0.0, length, None, None, error)
            for kind in KINDS
            for length in (4, 8)
        ),
        *(PhaseRow(kind, "symbol", 0.0, 8, 60.0, symbol, error) for kind in KINDS for symbol in (0, 1)),
    ]
    return draw_figures(rows, robustness, phases, "noma")


def curves(panel):
    """Return the curves that the legend names: title -> (x, y)."""
    return {
        line.get_label(): (list(line.get_xdata()), list(line.get_ydata()))
        for line in panel.get_lines()
        if not line.get_label().startswith("_")
    }


def test_the_miou_has_a_panel_for_each_q(figures):
    one, four = figures["miou_noma"].axes
    assert [panel.get_title() for panel in (one, four)] == ["noma, Q = 1", "noma, Q = 4"]
    assert curves(four) == {
        "learned (ours)": ([-30.0, -10.0], [0.8, 0.8]),
        "none: the paper's form": ([-30.0, -10.0], [0.8, 0.8]),
    }
    assert [text.get_text() for text in four.texts] == ["error-free link"]


@pytest.mark.parametrize("name", ["miou_noma", "robustness_noma"])
def test_panels_share_a_scale_that_holds_the_curves_of_all(figures, name):
    panels = figures[name].axes
    highest = max(max(line.get_ydata()) for panel in panels for line in panel.get_lines())
    for panel in panels:
        assert panel.get_ylim()[0] == 0
        assert panel.get_ylim()[1] >= highest


def test_an_infinite_csirs_power_is_drawn_beyond_the_largest(figures):
    power, speed, offset = figures["robustness_noma"].axes
    title = "learned, trained with phase offsets"
    assert curves(power)[title] == ([0.0, 1.0], [0.2, 0.2])
    assert [label.get_text() for label in power.get_xticklabels()] == ["0", "inf"]
    assert curves(speed)[title][0] == [0.0, 250.0]
    assert [text.get_text() for text in speed.get_legend().get_texts()] == ["none: the paper's form", title]
    assert "phase offset" in offset.get_xlabel()


def test_residual_phases_have_a_panel_for_each_axis(figures):
    over_snr, over_length, over_time = figures["phase"].axes
    assert len(curves(over_snr)) == len(curves(over_length)) == 4
    assert curves(over_length)["perfect downlink CSI"] == ([4, 8], [0.4, 0.4])
    assert curves(over_time)["60 km/h"] == ([0, 1], [0.4, 0.4])
    legend = [text.get_text() for text in over_time.get_legend().get_texts()]
    assert legend == ["60 km/h", "learned (ours)", "perfect downlink CSI", "genie, first data symbol"]
    for panel in (over_snr, over_length, over_time):
        assert [text.get_text() for text in panel.texts] == ["not aligned"]


def test_an_infinite_csirs_power_alone_can_be_drawn():
    point, mean = OperatingPoint(-25, 8, 64, 4), Estimate(0.2, 0.1, 0.3)
    rows = [RobustnessRow("noma", "learned", "bs_power_offset_db", math.inf, point, mean, 1)]
    over_power = robustness_figure(rows, "noma").axes[0]
    assert [label.get_text() for label in over_power.get_xticklabels()] == ["inf"]


def test_without_phases_there_is_no_figure_of_them():
    case = Case("noma", "none", OperatingPoint(-25, 8, 64, 4))
    rows = [
        AlignmentRow(
            case, Estimate(0.2, 0.1, 0.3), ideal_miou=0.4, floor_miou=0.1, gain_share=None, images=4, seed=1
        )
    ]
    assert set(draw_figures(rows, [], [], "noma")) == {"miou_noma", "robustness_noma"}
