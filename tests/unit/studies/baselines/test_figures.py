"""The figures of the report on the separated designs: curves and lines from given rows."""

import pytest

from cscsanet.config.operating_point import Capacity, OperatingPoint
from cscsanet.metrics.estimate import Estimate
from cscsanet.studies.baselines.figures import draw_figures
from cscsanet.studies.baselines.rows import CsiRow, RateRow


def estimate(value):
    return Estimate(value, value - 0.1, value + 0.1)


@pytest.fixture
def figures():
    def csi(part, method, csirs_symbols, bits, value):
        point = OperatingPoint(-25.0, csirs_symbols, bits, 1)
        return CsiRow(part, method, point, estimate(value), estimate(0.5), 10, 1)

    def beams(method, bits, value):
        return RateRow("beams", method, OperatingPoint(-25.0, 8, bits, 1), estimate(value), 10, 1)

    rows = [
        *(
            csi("estimate", method, length, 64, -length)
            for method in ("learned", "pursuit")
            for length in (2, 8)
        ),
        *(csi("feedback", "digits", 8, bits, -1.0) for bits in (64, 16)),
        *(beams("dlcsi-pca", bits, bits / 16) for bits in (16, 64)),
        beams("perfect-pca", 64, 5.0),
        beams("perfect-dl", 64, 6.0),
    ]
    return draw_figures(rows, Capacity(8, 64, 4))


def lines(figure):
    (panel,) = figure.axes
    return {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in panel.get_lines()}


def test_curves_have_the_values_of_their_methods(figures):
    assert lines(figures["estimate"]) == {
        "learned": ([0, 1], [-2, -8]),
        "pursuit of paths, nothing learned": ([0, 1], [-2, -8]),
    }
    (panel,) = figures["estimate"].axes
    assert [label.get_text() for label in panel.get_xticklabels()] == ["2", "8"]
    assert panel.get_title() == "SNR -25 dB"
    assert figures["feedback"].get_suptitle() == "channel that the BS rebuilds, L = 8"


def test_a_method_at_one_value_is_a_horizontal_line(figures):
    drawn = lines(figures["beams"])
    assert drawn["dlcsi-pca"] == ([0, 1], [1.0, 4.0])
    assert drawn["perfect-pca"] == ([0, 1], [5.0, 5.0])
    assert drawn["perfect-dl"] == ([0, 1], [6.0, 6.0])
    (panel,) = figures["beams"].axes
    dashes = [line.get_linestyle() for line in panel.get_lines()]
    assert dashes[0] == "-"
    assert dashes[1:] == ["--", "--"]
