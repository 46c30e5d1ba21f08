"""The rows of the report on the physical layer, from given rates."""

import json

import pytest
import torch

from cscsanet.evaluation.rates import Rates
from cscsanet.studies.physical.rows import AgeingCase, Case, ageing_rows, physical_rows, summary


def flat(value):
    """Return drops that all have nearly the same rate."""
    return Rates(
        value + 0.01 * torch.linspace(-1, 1, 50, dtype=torch.float64), torch.full((50,), 2 * value).double()
    )


@pytest.fixture
def rows():
    measured = {
        Case("genie", -25.0, 8): flat(4.0),
        Case("full-digital", -25.0, 8): Rates(flat(5.0).coloured, None),
        Case("codebook", -25.0, 8, 64, 20.0, "user"): flat(2.0),
        Case("beamspace-elastic", -25.0, 8, 64, 20.0): flat(3.0),
        Case("beamspace-dedicated", -25.0, 8, 64, 20.0): flat(3.2),
        Case("beamspace-elastic", -25.0, 8, 64, float("inf")): flat(3.5),
        Case("beamspace-elastic", -25.0, 8, 16, 20.0): flat(2.5),
    }
    return physical_rows(measured, seed=1, bootstrap_samples=200)


def test_rows_give_means_shares_and_paired_differences(rows):
    genie, digital, codebook, elastic, dedicated, loud, _ = [row.columns() for row in rows]
    assert elastic["sum_se"] == pytest.approx(3.0)
    assert elastic["ci_low"] < 3.0 < elastic["ci_high"]
    assert elastic["sum_se_paper"] == pytest.approx(6.0)
    assert elastic["share_of_genie"] == pytest.approx(0.75)
    assert (elastic["against"], elastic["difference"]) == ("codebook", pytest.approx(1.0))
    # The drops are the same, so a difference among the drops cancels.
    assert elastic["difference_low"] == pytest.approx(1.0) == elastic["difference_high"]
    assert (dedicated["against"], dedicated["difference"]) == ("beamspace-elastic", pytest.approx(0.2))
    assert codebook["strategy"] == "user"
    assert loud["against"] is None
    assert loud["difference_low"] is None
    assert loud["bs_power_offset_db"] == "inf"
    assert digital["sum_se_paper"] is None
    assert digital["paper_ci_high"] is None
    assert genie["feedback_bits"] is None
    assert genie["bs_power_offset_db"] is None


def test_columns_are_json_in_a_fixed_order(rows):
    columns = [row.columns() for row in rows]
    assert json.loads(json.dumps(columns, allow_nan=False)) == columns
    assert {tuple(row) for row in columns} == {
        (
            *("scheme", "snr_db", "csirs_symbols", "feedback_bits", "bs_power_offset_db"),
            *("sum_se", "ci_low", "ci_high", "share_of_genie"),
            *("sum_se_paper", "paper_ci_low", "paper_ci_high"),
            *("against", "difference", "difference_low", "difference_high"),
            *("strategy", "drops", "seed"),
        )
    }


def test_the_summary_has_each_scheme_once_at_the_largest_point(rows, smoke):
    assert summary(rows, smoke) == {
        "genie/-25dB": pytest.approx(4.0),
        "full-digital/-25dB": pytest.approx(5.0),
        "codebook/-25dB": pytest.approx(2.0),
        "beamspace-elastic/-25dB": pytest.approx(3.0),
        "beamspace-dedicated/-25dB": pytest.approx(3.2),
    }


def test_ageing_has_a_row_for_each_symbol():
    rates = torch.stack([flat(2.0).coloured, flat(1.0).coloured], dim=1)
    case = AgeingCase("codebook", -25.0, 120.0)
    first, second = ageing_rows({case: rates}, torch.tensor([8, 9]), seed=1, bootstrap_samples=200)
    assert first.columns() == {
        "scheme": "codebook",
        "snr_db": -25.0,
        "speed_kmh": 120.0,
        "symbol": 8,
        **first.sum_se.row("sum_se"),
    }
    assert first.sum_se.value == pytest.approx(2.0)
    assert first.sum_se.low < first.sum_se.value < first.sum_se.high
    assert (second.symbol, second.sum_se.value) == (9, pytest.approx(1.0))
