"""Figs. 8 to 11, and the figure on models for all points and for one point."""

import pytest

from cscsanet.config.schemes import SCHEMES
from cscsanet.evaluation.sweeps import sweep
from cscsanet.metrics.estimate import Estimate
from cscsanet.studies.sweeps.figures import elastic_figure, sweep_figure
from cscsanet.studies.sweeps.panels import Panel


def curve(values):
    return [Estimate(value, value - 0.01, value + 0.01) for value in values]


@pytest.fixture
def panels(small):
    panels = []
    for count in small.panels:
        points = sweep(small, "csirs_symbols", count)
        curves = {
            name: curve([0.08 * (place + 1) + 0.008 * index for index in range(len(points.points))])
            for place, name in enumerate(small.swept)
        }
        lines = {"ideal": curve([1.5] * 4), "ideal-oma": curve([1.4] * 4), "constant": curve([0.05] * 4)}
        panels.append(Panel(points, curves | lines, (86 if count == 1 else 64 * count,) * 4))
    return panels


def test_no_two_schemes_look_alike_even_in_grey(small, panels):
    figure = sweep_figure(panels, "title")
    handles = figure.legends[0].get_lines()
    looks = [
        (line.get_marker(), line.get_linestyle(), line.get_markerfacecolor() == "white") for line in handles
    ]
    swept = looks[2:-1]
    assert len(swept) == len(small.swept)
    assert len(set(swept)) == len(swept)


def test_panels_share_a_scale_that_holds_the_curves_of_all(panels):
    highest = max(estimate.high for curve in panels[1].curves.values() for estimate in curve)
    lower = {
        name: [Estimate(*(value / 2 for value in (point.value, point.low, point.high))) for point in points]
        for name, points in panels[0].curves.items()
    }
    for axes in sweep_figure([Panel(panels[0].sweep, lower, panels[0].elements), panels[1]], "title").axes:
        assert axes.get_ylim()[0] == 0
        assert axes.get_ylim()[1] > highest - 0.02


def test_the_legend_is_in_the_order_in_which_the_curves_end(small, panels):
    names = [text.get_text() for text in sweep_figure(panels, "title").legends[0].get_texts()]
    assert names == [
        "ideal, ceiling of noma",
        "ideal-oma, ceiling of oma",
        *reversed(small.swept),
        "constant prediction",
    ]


def test_a_panel_shows_its_values_and_what_is_fixed(panels):
    figure = sweep_figure(panels, "title")
    assert [axes.get_title() for axes in figure.axes] == [
        "(a) -25 dB, B = 1024, 86 elements",
        "(b) -25 dB, B = 1024, 256 elements",
    ]
    for axes in figure.axes:
        assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "2", "4", "8"]
        assert axes.get_ylim()[0] == 0
        assert axes.get_ylim()[1] > 1.2


def test_curves_have_markers_and_intervals_and_ceilings_have_neither(small, panels):
    (axes, _) = sweep_figure(panels, "title").axes
    assert len(axes.containers) == len(small.swept)
    lines = axes.lines[:3]
    assert [line.get_color() for line in lines] == ["black", "#666666", "#999999"]
    assert [line.get_ydata()[0] for line in lines] == [1.5, 1.4, 0.05]
    assert all(line.get_marker() == "None" for line in lines)


def test_every_scheme_with_a_channel_can_be_drawn(small):
    """Also one that the profiles do not sweep, such as noma-stage2."""
    points = sweep(small, "csirs_symbols", 4)
    names = [name for name, row in SCHEMES.items() if row.over_air]
    assert "noma-stage2" in names
    figure = sweep_figure([Panel(points, {name: curve([0.1] * 4) for name in names}, (256,) * 4)], "title")
    assert sorted(text.get_text() for text in figure.legends[0].get_texts()) == sorted(names)


def test_snrs_below_the_training_are_shaded(small):
    panel = Panel(sweep(small, "snr_db"), {"noma": curve([0.1] * 7)}, (256,) * 7)
    (axes,) = sweep_figure([panel], "title", trained_snr_db=(-25.0, 0.0)).axes
    (shade,) = axes.patches
    assert (shade.get_x(), shade.get_x() + shade.get_width()) == (-40.0, -25.0)
    (axes,) = sweep_figure([panel], "title", trained_snr_db=(-40.0, 0.0)).axes
    assert not axes.patches


def test_models_for_all_points_and_for_one_are_drawn_side_by_side(small):
    reference = small.home.point
    pairs = {
        ("noma", reference): (Estimate(0.3, 0.29, 0.31), Estimate(0.33, 0.32, 0.35)),
        ("oma", reference): (Estimate(0.2, 0.19, 0.21), Estimate(0.22, 0.21, 0.24)),
    }
    figure = elastic_figure(pairs)
    (axes,) = figure.axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["noma\n-25 dB, L 8, B 1024, Q 4", "oma\n-25 dB, L 8, B 1024, Q 4"]
    drawn = [
        line.get_xdata().tolist() if hasattr(line.get_xdata(), "tolist") else line.get_xdata()
        for line in axes.lines
    ]
    assert [list(values) for values in drawn] == [
        [0.29, 0.31],
        [0.3],
        [0.32, 0.35],
        [0.33],
        [0.19, 0.21],
        [0.2],
        [0.21, 0.24],
        [0.22],
    ]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "Stage III for all points",
        "Stage III for this point alone",
    ]


def test_the_axis_of_fig_11_is_the_elements_of_a_block(small):
    elements = (86, 128, 192, 256, 320)
    panel = Panel(sweep(small, "data_symbols"), {"noma": curve([0.1] * 5)}, elements)
    (axes,) = sweep_figure([panel], "title").axes
    assert axes.get_xlabel() == "resource elements of a block"
    assert [tick.get_text() for tick in axes.get_xticklabels()] == [f"{count}" for count in elements]
    assert axes.get_title() == "-25 dB, L = 8, B = 1024"
