"""The sweeps: panels of the paper's figures, and the points that give a scheme other results."""

from dataclasses import replace

import pytest

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.schemes import SCHEMES
from cscsanet.evaluation.sweeps import canonical, panels_of, row_point, sweep, sweeps


def test_the_panels_are_the_paper_s_and_cross_at_home(small):
    panels = sweeps(small)
    assert [(panel.figure, panel.name) for panel in panels] == [
        ("8(a)", "csirs_symbols_a"),
        ("8(b)", "csirs_symbols_b"),
        ("9(a)", "feedback_bits_a"),
        ("9(b)", "feedback_bits_b"),
        ("10", "snr_db"),
        ("11", "data_symbols"),
    ]
    home = small.home.point
    assert home == OperatingPoint(-25.0, 8, 1024, 4)
    for panel in panels:
        at_panel = replace(home, data_symbols=1) if panel.name.endswith("_a") else home
        assert at_panel in panel.points
        for point, value in zip(panel.points, panel.values, strict=True):
            assert replace(point, **{panel.axis: getattr(at_panel, panel.axis)}) == at_panel
            assert getattr(point, panel.axis) == value
    assert [point.snr_db for point in sweep(small, "snr_db").points] == [-40, -35, -30, -25, -20, -15, -10]


def test_with_one_panel_figures_8_and_9_have_no_letter(small):
    panels = sweeps(small.model_copy(update={"panels": (4,)}))
    assert [(panel.figure, panel.name) for panel in panels] == [
        ("8", "csirs_symbols_a"),
        ("9", "feedback_bits_a"),
        ("10", "snr_db"),
        ("11", "data_symbols"),
    ]


def test_every_point_of_the_paper_s_axes_is_there_once(small):
    points = {point for panel in sweeps(small) for point in panel.points}
    # 7 SNRs; Q 1, 2, 3 and 5 more; L 1, 2, 4 and B 4, 16, 64, 256 at both Q.
    assert len(points) == 7 + 4 + 2 * 3 + 2 * 4


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("noma", set()),
        ("codebook", set()),
        ("perfect-pca", {"feedback_bits"}),
        ("ideal", {"snr_db", "csirs_symbols", "feedback_bits"}),
        ("mfnet", {"snr_db", "csirs_symbols", "feedback_bits", "data_symbols"}),
    ],
)
def test_what_a_scheme_does_not_depend_on_is_measured_once(name, same):
    home = OperatingPoint(-25.0, 8, 1024, 4)
    other = OperatingPoint(-10.0, 2, 16, 1)
    measured = canonical(name, other, home)
    for axis in vars(home):
        assert getattr(measured, axis) == getattr(home if axis in same else other, axis)
    shown = row_point(name, other)
    for axis, value in shown.items():
        hidden = axis in same and not SCHEMES[name].over_air
        assert value == (None if hidden else getattr(other, axis))


def test_a_ceiling_is_measured_at_every_q_and_others_over_the_snr(small):
    assert [panel.axis for panel in panels_of("ideal", small)] == ["data_symbols"]
    assert [panel.axis for panel in panels_of("noma-stage2", small)] == ["snr_db"]
    assert len(panels_of("noma", small)) == 6
