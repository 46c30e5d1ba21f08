"""The study of digital late fusion: its codes, its rows and its figure."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
import yaml

from cscsanet.baselines.digital.digital_link import RateRule, digital
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params, profile_text
from cscsanet.metrics.estimate import Estimate
from cscsanet.studies.digital import measure
from cscsanet.studies.digital.figures import bits_figure
from cscsanet.studies.digital.measure import Code, DigitalRow, RawBits, codes, reports, rules


def _profile(name):
    return Params.model_validate(yaml.safe_load(profile_text(name)))


@pytest.fixture(scope="module", params=["small", "study"])
def params(request):
    return _profile(request.param)


def test_without_the_package_there_are_no_rows_of_the_ldpc_code(params, monkeypatch):
    monkeypatch.setattr(measure, "PACKAGE", "no-such-package")
    assert [code.name for code in codes(params)] == [
        "capacity",
        "capacity, no arithmetic coder",
        "random codes",
    ]
    assert {code.name for code in rules(params)} == {"random codes"}


def test_the_rule_of_the_scheme_is_among_those_that_are_compared(params):
    assert RateRule().error in params.digital_study.errors
    assert RateRule().csi_error in params.digital_study.csi_errors
    assert params.digital_study.margin_db in params.digital_study.margins_db


def test_reports_of_a_strength_are_compared_where_the_feedback_does_not_hold_it(params):
    lengths = dict.fromkeys((code.feedback_bits, code.quality_bits) for code in reports(params))
    # Of 4 bits the directions keep all.
    compared = {"small": [0, 4], "study": [0, 2, 4]}[params.profile]
    assert list(lengths) == [(16, bits) for bits in compared]
    assert params.digital.quality_bits in {bits for _, bits in lengths}
    assert RateRule().short_csi_error in {code.csi_error for code in reports(params)}


@pytest.mark.parametrize("code", reports(_profile("study")))
def test_a_compared_report_is_that_of_the_link(code, monkeypatch):
    params = _profile("study")
    monkeypatch.setattr(measure, "trained_link", lambda *_: (digital(params, "coded"), None))
    link = measure._link(SimpleNamespace(weights=None), params, code)
    assert link.front.reports(replace(params.evaluation.home.point, feedback_bits=16)) == code.quality_bits
    assert {link.rule.csi_error, link.rule.short_csi_error} == {code.csi_error}


def test_the_codes_on_the_test_part_have_the_rule_of_the_scheme(params, monkeypatch):
    monkeypatch.setattr(measure, "trained_link", lambda *_: (digital(params, "coded"), None))
    for code in codes(params):
        if code.rate == "coded":
            assert measure._link(SimpleNamespace(weights=None), params, code).rule == RateRule()


def test_a_raw_bit_is_a_bit():
    lengths = RawBits()(torch.ones(2, 2, 3, 4))
    assert lengths.shape == (2, 2, 12)
    assert lengths[1, 1].tolist() == list(range(1, 13))


def test_the_figure_shows_every_code(params):
    rows = [
        DigitalRow(
            Code(name, "ideal", modelled=modelled),
            "test",
            OperatingPoint(snr, 8, 1024, 3),
            256,
            100.0,
            90.0,
            0.1,
            Estimate(0.4, 0.39, 0.41),
        )
        for name, modelled in (("capacity", True), ("raw", False))
        for snr in (-25.0, -10.0)
    ]
    figure = bits_figure(rows, 1024)
    carried, quality = figure.axes
    # Raw bits have the capacity of their link, which is drawn once.
    assert [list(line.get_ydata()) for line in carried.lines[:-1]] == [[90.0, 90.0]]
    assert len(quality.containers) == 2
    columns = rows[0].columns()
    assert (columns["carried_bits"], columns["feedback_bits"], columns["quality_bits"]) == (100.0, 1024, None)
