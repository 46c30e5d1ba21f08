"""The section on precoding from SRS and feedback: tables over the bits, and the ledger."""

import json

import pytest
from fixtures import report_results
from fixtures.html_page import Page

from cscsanet.page import build_page


def row(method, bits, value, **others):
    """Return a result row of the axis of the bits, or of another point."""
    point = {
        "ports": 4,
        "srs_snr_db": 0.0,
        "dl_snr_db": 10.0,
        "age_ms": 5.0,
        "speed_kmh": 120.0,
        "rho": 1.0,
        "users": 4,
    }
    interval = {"sum_se": value, "ci_low": value - 1, "ci_high": value + 1}
    return {
        "method": method,
        "variant": None,
        "feedback_bits": bits,
        **point,
        **interval,
        "seed": None,
        **others,
    }


ROWS = [
    row("perfect-rzf", 8, 28.0),
    row("perfect-rzf", 16, 28.0),
    row("fusion", 8, 25.5),
    row("fusion", 16, 26.25),
    row("fusion", 8, 99.0, seed=2),
    row("fusion", 16, 99.0, variant="half"),
    row("fusion", 8, 18.5, srs_snr_db=-10.0),
    row("fusion", 16, 20.75, srs_snr_db=-10.0),
    # No report fits into fewer bits.
    row("port-selection", 16, 20.5),
    # No axis of the bits.
    row("fusion", 16, 98.0, users=8),
]
LEDGER = {
    "rules": {"premise": "To be ahead <of> a method presupposes room."},
    "statements": [
        {
            "id": "ours.6",
            "whose": "ours",
            "statement": "Fusion is ahead.",
            "verdict": "inconclusive",
            "comparisons": [{"holds": "yes"}, {"holds": "open"}],
        }
    ],
}


@pytest.fixture
def page(tmp_path):
    reports = report_results.write_results(tmp_path / "reports", optional=False)
    (reports / "specialists").mkdir()
    (reports / "specialists" / "fusion.json").write_text(json.dumps(ROWS))
    (reports / "specialists" / "fusion_claims.json").write_text(json.dumps(LEDGER))
    return Page(build_page(reports, report_results.RUN))


def test_each_method_has_a_line_over_the_bits_at_each_snr_of_the_srs(page):
    packed = "".join(page.text.split())
    assert "#fusion" in page.links
    assert "SRSat0dB,4ports,4users,downlinkat10dB" in packed
    assert "fusion25.50[24.50,26.50]26.25[25.25,27.25]" in packed
    assert "fusion18.50[17.50,19.50]20.75[19.75,21.75]" in packed
    assert "port-selection20.50[19.50,21.50]" in packed
    assert "99.00" not in packed
    assert "98.00" not in packed
    assert packed.index("SRSat0dB") < packed.index("SRSat−10dB")


def test_the_ledger_counts_what_holds(page):
    packed = "".join(page.text.split())
    assert "ours.6Fusionisahead.inconclusive1of2" in packed
    assert "Tobeahead<of>amethod" in packed


def test_without_results_there_is_no_section(tmp_path):
    reports = report_results.write_results(tmp_path / "reports", optional=False)
    page = Page(build_page(reports, report_results.RUN))
    assert "#fusion" not in page.links
    assert "SRS and feedback" not in page.text
