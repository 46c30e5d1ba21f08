"""The figure of leads: a line for each variant, dots and intervals where the results are."""

import pytest

from cscsanet.studies.claims.assumptions_figure import leads_figure


def variant(what, lead):
    return {
        "what": what,
        "leads": [
            {
                "leader": leader,
                "other": "dlcsi-pca",
                "snr_db": snr,
                "lead": lead,
                "ci_low": lead - 0.01,
                "ci_high": lead + 0.01,
            }
            for leader in ("noma", "oma")
            for snr in (-25.0, -20.0, -10.0)
        ],
    }


def test_every_variant_has_a_dot_at_each_snr_with_its_interval():
    figure = leads_figure([variant("as here", -0.05), variant("no delay", 0.02)], (-25.0, -10.0))
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["as here", "no delay"]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert [(float(dot.get_xdata()[0]), dot.get_ydata()[0]) for dot in dots] == [
        (pytest.approx(-5.0), 0),
        (pytest.approx(-5.0), 0),
        (pytest.approx(2.0), 1),
        (pytest.approx(2.0), 1),
    ]
    assert [dot.get_markerfacecolor() == "white" for dot in dots] == [False, True, False, True]
    intervals = [line.get_xdata() for line in axes.lines if len(line.get_xdata()) == 2 and line.get_alpha()]
    assert intervals[-1] == pytest.approx([1.0, 3.0])
    # More lead lies to the right of the line at zero, less to its left.
    assert axes.get_xlim()[0] < 0 < axes.get_xlim()[1]
