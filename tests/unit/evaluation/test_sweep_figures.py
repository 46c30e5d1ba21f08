"""Figs. 8 to 11, and the cost of one model for all points."""

import pytest

from cscsanet.evaluation.axes import sweep
from cscsanet.evaluation.evidence import Figure95
from cscsanet.evaluation.sweep_figures import elastic_figure, sweep_figure


def curve(levels):
    return [Figure95(level, level - 0.01, level + 0.01, {}) for level in levels]


@pytest.fixture
def panels(small):
    found = []
    for count in small.panels:
        panel = sweep(small, "csirs_symbols", count)
        swept = {
            name: curve([0.1 * (place + 1) + 0.01 * index for index in range(len(panel.points))])
            for place, name in enumerate(small.swept)
        }
        levels = {"ideal": curve([1.2] * 4), "ideal-oma": curve([1.1] * 4), "constant": curve([0.05] * 4)}
        found.append((panel, swept, levels))
    return found


def test_no_two_schemes_look_alike_even_in_grey(small, panels):
    figure = sweep_figure(panels, "title")
    handles = figure.legends[0].get_lines()
    looks = [
        (line.get_marker(), line.get_linestyle(), line.get_markerfacecolor() == "white") for line in handles
    ]
    swept = looks[2:-1]
    assert len(swept) == len(small.swept)
    assert len(set(swept)) == len(swept)


def test_the_legend_is_in_the_order_in_which_the_curves_end(small, panels):
    names = [text.get_text() for text in sweep_figure(panels, "title").legends[0].get_texts()]
    assert names == [
        "ideal, ceiling of noma",
        "ideal-oma, ceiling of oma",
        *reversed(small.swept),
        "constant prediction",
    ]


def test_a_panel_shows_its_values_and_what_is_held(panels):
    figure = sweep_figure(panels, "title")
    assert [axes.get_title() for axes in figure.axes] == [
        "(a) -25 dB, B = 1024, Q = 1",
        "(b) -25 dB, B = 1024, Q = 4",
    ]
    for axes in figure.axes:
        assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "2", "4", "8"]
        assert axes.get_ylim()[0] == 0
        assert axes.get_ylim()[1] > 1.2


def test_the_cost_of_one_model_for_all_points_is_drawn(small, tmp_path):
    pairs = {("noma", small.home.point): (Figure95(0.3, 0.29, 0.31, {}), Figure95(0.31, 0.3, 0.32, {}))}
    elastic_figure(pairs).savefig(tmp_path / "elastic.png", dpi=50)
    assert (tmp_path / "elastic.png").stat().st_size > 2000
