"""What the page does where results are missing, damaged or of another form."""

import json

import pytest
from fixtures import report_results
from fixtures.html_page import Page

from cscsanet.errors import CscsanetError
from cscsanet.page import build_page
from cscsanet.page.results import read_results


def test_without_what_is_optional_there_is_still_a_page(tmp_path):
    bare = Page(build_page(report_results.write_results(tmp_path, optional=False), report_results.RUN))
    assert not bare.pictures
    assert all(link[1:] in bare.ids for link in bare.links)
    assert len(bare.links) > 100


def test_a_row_that_a_claim_names_and_that_was_not_measured_is_no_link(tmp_path):
    reports = report_results.write_results(tmp_path, optional=False)
    ledger = report_results.claims()
    ledger["claims"][0]["judged"]["paper"]["comparisons"][0]["rows"] = ["noma|7|8|1024|4"]
    (reports / "claims.json").write_text(json.dumps(ledger))
    page = Page(build_page(reports, report_results.RUN))
    assert "noma at SNR 7 dB, L 8, B 1024, Q 4 (no such row)" in page.text
    assert all(link[1:] in page.ids for link in page.links)


@pytest.mark.parametrize("name", ["sweeps.json", "claims.json"])
def test_a_missing_result_is_an_error_of_one_line(tmp_path, name):
    reports = report_results.write_results(tmp_path, optional=False)
    (reports / name).unlink()
    with pytest.raises(CscsanetError, match=rf"{name}: .*'dvc repro'") as caught:
        build_page(reports, report_results.RUN)
    assert "\n" not in str(caught.value)


def test_a_result_without_a_field_is_an_error_of_one_line(tmp_path):
    reports = report_results.write_results(tmp_path, optional=False)
    ledger = report_results.claims()
    del ledger["claims"][0]["statement"]
    (reports / "claims.json").write_text(json.dumps(ledger))
    with pytest.raises(CscsanetError, match=r"lacks a field .*statement.*'dvc repro'"):
        build_page(reports, report_results.RUN)


def test_a_row_without_a_field_is_an_error_of_one_line_that_names_it(tmp_path):
    reports = report_results.write_results(tmp_path, optional=False)
    rows = report_results.sweeps()
    del rows[3]["miou"]
    (reports / "sweeps.json").write_text(json.dumps(rows))
    with pytest.raises(CscsanetError, match=r"sweeps\.json: not result rows \(miou: .*'dvc repro'") as caught:
        build_page(reports, report_results.RUN)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content", ["null", "3", '"sweeps"', "[" * 5000, '{"scheme": "noma", "scheme": "oma"}']
)
@pytest.mark.parametrize("name", ["sweeps", "claims", "complexity"])
def test_a_result_of_another_form_is_an_error_of_one_line(tmp_path, name, content):
    reports = report_results.write_results(tmp_path, optional=False)
    (reports / f"{name}.json").write_text(content)
    with pytest.raises(CscsanetError, match=rf"{name}\.json: no such file, or damaged; run 'dvc repro'"):
        read_results(reports)


@pytest.mark.parametrize("value", ["0.5", True])
def test_a_number_of_a_row_is_no_text_and_no_bool(tmp_path, value):
    reports = report_results.write_results(tmp_path, optional=False)
    rows = report_results.sweeps()
    rows[3]["miou"] = value
    (reports / "sweeps.json").write_text(json.dumps(rows))
    with pytest.raises(CscsanetError, match=r"sweeps\.json: not result rows \(miou: Input should be a valid"):
        read_results(reports)


def test_a_figure_that_is_no_picture_is_said_in_one_line(tmp_path):
    reports = report_results.write_results(tmp_path / "reports")
    (reports / "figures" / "fig8.png").write_bytes(b"\x89PNG")
    with pytest.raises(CscsanetError, match=r"fig8\.png: is no picture; delete it and run 'dvc repro'"):
        build_page(reports, report_results.RUN)
