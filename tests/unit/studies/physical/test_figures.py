"""The figures of the report on the physical layer: curves, bounds and tables from given rows."""

from itertools import pairwise

import pytest

from cscsanet.config.operating_point import Capacity
from cscsanet.metrics.estimate import Estimate
from cscsanet.studies.physical.figures import draw_figures
from cscsanet.studies.physical.rows import AgeingCase, AgeingRow, Case, PhysicalRow


def row(case, value, difference=None):
    return PhysicalRow(
        case,
        Estimate(value, value - 0.1, value + 0.1),
        share_of_genie=value / 4,
        sum_se_paper=None,
        against=difference and "another",
        difference=difference,
        drops=50,
        seed=1,
    )


@pytest.fixture
def figures():
    rows = [
        row(Case("genie", -25.0, 8), 4.0),
        row(Case("full-digital", -25.0, 8), 5.0),
        row(Case("codebook", -25.0, 8, 64, 20.0, "user"), 2.0),
        row(Case("beamspace-elastic", -25.0, 8, 64, 20.0), 3.0, Estimate(1.0, 0.9, 1.1)),
        row(Case("beamspace-dedicated", -25.0, 8, 64, 20.0), 3.2, Estimate(0.2, -0.1, 0.5)),
        row(Case("beamspace-elastic", -25.0, 8, 64, float("inf")), 3.5),
    ]
    ageing = [
        AgeingRow(AgeingCase("codebook", -25.0, speed), 8 + index, Estimate(2.0 - index, 1.9, 2.1))
        for speed in (0.0, 120.0)
        for index in range(2)
    ]
    return draw_figures(rows, ageing, Capacity(8, 64, 4), 20.0)


def lines(panel):
    return {line.get_label(): list(line.get_ydata()) for line in panel.get_lines()}


def test_a_curve_has_the_values_of_its_scheme_and_bounds_are_lines(figures):
    assert set(figures) == {"csirs_symbols", "feedback_bits", "csirs_power", "grid", "ageing"}
    (panel,) = figures["csirs_symbols"].axes
    assert lines(panel) == {
        "codebook": [2.0],
        "beamspace, one model for all L and B": [3.0],
        "beamspace, trained for this L and B": [3.2],
        "genie hybrid, perfect CSI": [4.0],
        "fully digital, perfect CSI": [5.0],
    }
    (power,) = figures["csirs_power"].axes
    assert lines(power)["beamspace, one model for all L and B"] == [3.0, 3.5]
    assert lines(power)["genie hybrid, perfect CSI"] == [4.0, 4.0]
    assert [label.get_text() for label in power.get_xticklabels()] == ["20", "inf"]
    assert figures["csirs_power"].get_suptitle() == "L = 8, B = 64"


def test_the_tables_show_shares_and_leads_and_only_significant_leads_are_bold(figures):
    texts = [text for axes in figures["grid"].axes for text in axes.texts]
    assert [text.get_text() for text in texts] == ["75.0", "+50.0", "+6.7"]
    assert [text.get_fontweight() for text in texts] == ["normal", "bold", "normal"]


def test_ageing_has_a_curve_for_each_speed_of_the_change_from_the_first_symbol(figures):
    """Curves of the efficiency itself would coincide."""
    (panel,) = figures["ageing"].axes
    assert lines(panel) == {"codebook, 0 km/h": [0.0, -50.0], "codebook, 120 km/h": [0.0, -50.0]}
    assert figures["ageing"].get_suptitle() == "beams set once, from the CSI-RS: no change is over 50 %"


def test_shades_of_leads_differ_over_their_whole_range():
    """With a linear scale up to 10 % all larger leads were one colour."""
    rows = [
        row(
            Case("beamspace-elastic", -25.0, 1, bits, 20.0),
            1.0 + lead,
            Estimate(lead, lead - 0.01, lead + 0.01),
        )
        for bits, lead in ((4, 0.005), (16, 0.2), (64, 0.6), (256, 1.75))
    ]
    rows += [row(Case(bound, -25.0, 1), 4.0) for bound in ("genie", "full-digital")]
    ageing = [AgeingRow(AgeingCase("codebook", -25.0, 0.0), 8, Estimate(2.0, 1.0, 3.0))]
    figure = draw_figures(rows, ageing, Capacity(1, 64, 4), 20.0)["grid"]
    (panel,) = (axes for axes in figure.axes if axes.get_title().startswith("lead"))
    (image,) = panel.images
    shades = [image.norm(value) for value in image.get_array().compressed()]
    assert all(later - earlier > 0.05 for earlier, later in pairwise(shades))
    assert [text.get_text() for text in panel.texts] == ["+0.5", "+20.0", "+60.0", "+175.0"]
    assert [text.get_color() for text in panel.texts] == ["black", "white", "white", "white"]
