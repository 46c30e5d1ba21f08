"""The section on activity detection: a line for each method and spread, and the ledger."""

import json

import pytest
from fixtures import report_results
from fixtures.html_page import Page

from cscsanet.page import build_page


def row(method, length, error, **others):
    """Return a result row of the axis of the length, or of another point."""
    point = {
        "snr_db": 10.0,
        "spread_deg": 3.0,
        "activity": 0.1,
        "antennas": 64,
        "devices": 100,
        "near_far_db": 0.0,
        "group_size": 1,
        "energy": "symbol",
        "book": 0,
    }
    interval = {"error_rate": error, "ci_low": error / 2, "ci_high": 2 * error}
    return {
        "method": method,
        "variant": None,
        "preamble_length": length,
        **point,
        **interval,
        "missed": 0.1,
        "false_alarm": 0.0,
        "seed": 1,
        **others,
    }


ROWS = [
    row("ours", 8, 0.0004),
    row("ours", 12, 0.0001),
    row("ours", 8, 0.7, seed=2),
    row("ours", 12, 0.7, seed=2),
    row("covariance-ml", 8, 0.02),
    row("covariance-ml", 12, 0.003),
    row("covariance-ml", 8, 0.009, spread_deg=None),
    row("covariance-ml", 12, 0.001, spread_deg=None),
    row("ours", 8, 0.6, variant="length-unknown"),
    row("ours", 8, 0.5, energy="preamble"),
    row("ours", 8, 0.9, book=1),
    row("oracle", 8, 0.0),
    row("oracle", 12, 0.0),
    row("ours", 12, 0.8, snr_db=-10.0),
    # Measured at one length alone.
    row("genie", 8, 0.0),
]
LEDGER = {
    "rules": {"premise": "To be ahead <of> a method presupposes that it errs."},
    "statements": [
        {
            "id": "ours.6",
            "whose": "ours",
            "statement": "Under a spread ours errs less.",
            "verdict": "reproduced",
            "comparisons": [{"holds": "yes"}, {"holds": "void"}],
        }
    ],
}


@pytest.fixture
def page(tmp_path):
    reports = report_results.write_results(tmp_path / "reports", optional=False)
    (reports / "specialists").mkdir()
    (reports / "specialists" / "access.json").write_text(json.dumps(ROWS))
    (reports / "specialists" / "access_claims.json").write_text(json.dumps(LEDGER))
    return Page(build_page(reports, report_results.RUN))


def test_each_method_has_a_line_over_the_length_of_its_first_training(page):
    packed = "".join(page.text.split())
    assert "#specialists" in page.links
    assert "3degours0.40[0.20,0.80]0.10[0.05,0.20]" in packed
    assert "3degcovariance-ml20.00[10.00,40.00]3.00[1.50,6.00]" in packed
    assert "independentcovariance-ml9.00[4.50,18.00]1.00[0.50,2.00]" in packed
    for elsewhere in ("700.00", "600.00", "500.00", "800.00", "900.00", "oracle"):
        assert elsewhere not in packed
    assert "genie0.00" not in packed


def test_the_ledger_counts_what_holds(page):
    packed = "".join(page.text.split())
    assert "ours.6Underaspreadourserrsless.reproduced1of2" in packed
    assert "Tobeahead<of>amethod" in packed


def test_without_a_specialist_there_is_no_section(tmp_path):
    reports = report_results.write_results(tmp_path / "reports", optional=False)
    page = Page(build_page(reports, report_results.RUN))
    assert "#specialists" not in page.links
    assert "who is active" not in page.text
