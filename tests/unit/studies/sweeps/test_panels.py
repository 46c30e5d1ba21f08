"""Curves and leads at equal elements, from synthetic mIoUs; and the figure that comes first."""

import pytest
import yaml

from cscsanet.config.params import Params, profile_text
from cscsanet.config.schemes import FLOOR
from cscsanet.evaluation.equal_elements import Blocks
from cscsanet.studies.sweeps.panels import Panel, equal_panels, leads
from cscsanet.studies.sweeps.summary_figure import summary_figure

EVERY = Blocks(64, 2, (1, 2, 3, 4, 5))


@pytest.fixture(scope="module")
def params():
    return Params.model_validate(yaml.safe_load(profile_text("small")))


def by_elements(condition):
    """Return mIoUs that follow from the number of elements alone; noma-tracked is ahead by three points."""
    if condition.scheme == FLOOR:
        return 0.05
    elements = EVERY.elements(condition.scheme, condition.point.data_symbols)
    return 0.1 + 0.001 * elements + (0.03 if condition.scheme == "noma-tracked" else 0.0)


@pytest.fixture(scope="module")
def panels(params, world):
    return equal_panels(params, world(by_elements))


def test_all_curves_of_a_panel_are_at_equal_elements(panels, params):
    for panel in panels:
        assert set(panel.curves) == {*params.evaluation.swept, "ideal", "ideal-oma", FLOOR}
        for name, curve in panel.curves.items():
            ahead = 0.03 if name == "noma-tracked" else 0.0
            wanted = [0.05 if name == FLOOR else 0.1 + 0.001 * count + ahead for count in panel.elements]
            assert [each.value for each in curve] == pytest.approx(wanted, abs=1e-3), (panel.sweep.name, name)


def test_the_elements_of_the_panels_are_those_of_the_smallest_blocks_that_all_have(panels):
    elements = {panel.sweep.name: panel.elements for panel in panels}
    assert elements["csirs_symbols_a"] == (86, 86, 86, 86)
    assert elements["snr_db"] == (256,) * 7
    assert elements["data_symbols"] == (86, 128, 192, 256, 320)
    assert panels[-1].values == [86.0, 128.0, 192.0, 256.0, 320.0]
    assert panels[0].fixed == "-25 dB, B = 1024, 86 elements"


def test_a_lead_is_that_at_equal_elements(params, world):
    found = leads(params, world(by_elements))
    assert {entry["elements"] for entry in found} == {256}
    assert {entry["snr_db"] for entry in found} == set(params.evaluation.compared_snr_db)
    for entry in found:
        wanted = 0.03 if entry["scheme"] == "noma-tracked" else 0.0
        assert entry["lead"] == pytest.approx(wanted, abs=1e-3)
    assert {entry["rival"] for entry in found} >= {
        "dlcsi-pca",
        "dlcsi-pca-lean",
        "digital-coded",
        "digital-ideal",
    }


def test_a_scheme_without_equal_blocks_is_left_out_of_a_panel(params, world):
    changed = params.evaluation.model_copy(update={"data_symbols": (4,), "panels": (4,)})
    only = params.model_copy(update={"evaluation": changed})
    (over_snr,) = (panel for panel in equal_panels(only, world(by_elements)) if panel.sweep.axis == "snr_db")
    # With Q = 4 alone the smallest block of a separated design has 342 elements, and none of noma has as many.
    assert set(over_snr.elements) == {342}
    assert "noma" not in over_snr.curves
    assert "dlcsi-pca" in over_snr.curves


def test_the_first_figure_shows_what_was_measured_at_both_snrs(panels):
    (over_snr,) = (panel for panel in panels if panel.sweep.axis == "snr_db")
    (axes,) = summary_figure(over_snr, [-25.0, -10.0]).axes
    names = [text.get_text() for text in axes.texts if text.get_fontweight() == "bold"]
    assert names[:3] == ["noma-tracked", "noma-aligned", "noma"]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert len(dots) == 2 * len(names)


def test_the_first_figure_counts_shares_from_the_floor_to_the_ceiling(panels):
    (over_snr,) = (panel for panel in panels if panel.sweep.axis == "snr_db")
    place = over_snr.values.index(-25.0)
    floor, ceiling = (over_snr.curves[name][place].value for name in ("constant", "ideal"))
    figure = summary_figure(over_snr, [-25.0, -10.0])
    figure.draw_without_rendering()
    (axes,) = figure.axes
    (shares,) = axes.child_axes
    to_share, to_miou = shares._functions
    assert (to_share(floor), to_share(ceiling)) == pytest.approx((0, 100))
    assert to_miou(50) == pytest.approx((floor + ceiling) / 2)
    drawn = [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == "--"]
    assert drawn == [floor, ceiling]
    without = Panel(over_snr.sweep, {"noma": over_snr.curves["noma"]}, over_snr.elements)
    assert not summary_figure(without, [-25.0]).axes[0].child_axes
