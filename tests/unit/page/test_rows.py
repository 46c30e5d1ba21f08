"""Rows on the page: looked up by point, grouped, and written with real minus signs."""

import pytest
from fixtures import report_results

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.evaluation.rows import ResultRow
from cscsanet.page.rows import RowIndex, anchor, axis_value, count, number, point_text, reference_text

POINT = OperatingPoint(-25.0, 8, 1024, 4)


def index():
    return RowIndex([ResultRow(**row) for row in report_results.sweeps()])


def test_a_scheme_without_a_channel_is_found_at_every_snr():
    rows = index()
    assert rows.at("noma", POINT).reference == "noma|-25|8|1024|4"
    assert rows.at("ideal", POINT).reference == "ideal|-|-|-|4"
    assert rows.at("mfnet", POINT).reference == "mfnet|-|-|-|-"
    assert rows.at("noma", POINT, repeat="seed-2").repeat == "seed-2"
    assert rows.at("noma", OperatingPoint(7.0, 8, 1024, 4)) is None


def test_of_two_rows_with_one_name_the_first_counts():
    first, second = (ResultRow(**{**report_results.sweeps()[0], "miou": miou}) for miou in (0.1, 0.2))
    assert [row.miou for row in RowIndex([first, second])] == [0.1]


def test_rows_are_grouped_by_scheme_in_the_order_of_their_points():
    groups = index().by_scheme()
    assert set(groups) == {row["scheme"] for row in report_results.sweeps()}
    trained_once = [row for row in groups["noma"] if row.repeat is None]
    assert groups["noma"][: len(trained_once)] == trained_once
    assert [row.coordinates for row in trained_once] == sorted(row.coordinates for row in trained_once)


def test_links_lead_to_rows_that_exist():
    rows = index()
    assert rows.href("noma|-25|8|1024|4") == "#row-noma_-25_8_1024_4" == f"#{anchor('noma|-25|8|1024|4')}"
    assert rows.href("noma|7|8|1024|4") is None


def test_points_and_numbers_are_written_for_readers():
    assert point_text(POINT) == "SNR −25 dB, L 8, B 1024, Q 4"
    assert point_text(POINT, without="snr_db") == "L 8, B 1024, Q 4"
    assert point_text(POINT, without="data_symbols") == "SNR −25 dB, L 8, B 1024"
    assert axis_value("snr_db", -2.5) == "SNR −2.5 dB"
    assert axis_value("feedback_bits", 64) == "B 64"
    assert (number(None), number(-0.25), number(-0.25, 3, sign=True)) == ("–", "−0.25", "−0.250")
    assert (count(None), count(999), count(12e9), count(3.37e6)) == ("–", "999", "12 G", "3.37 M")


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ("noma|-25|8|1024|4", "noma at SNR −25 dB, L 8, B 1024, Q 4"),
        ("noma|-25|8|1024|4|seed-3", "noma at SNR −25 dB, L 8, B 1024, Q 4, seed 3"),
        (
            "noma|-25|8|64|1|snr-25-L8-B64-Q1",
            "noma at SNR −25 dB, L 8, B 64, Q 1, trained for this point alone",
        ),
        ("ideal|-|-|-|4", "ideal at Q 4"),
        ("mfnet|-|-|-|-", "mfnet"),
        ("another text", "another text"),
        ("a|b", "a|b"),
    ],
)
def test_a_row_is_named_in_words(reference, text):
    assert reference_text(reference) == text


def test_what_is_rounded_to_zero_has_no_sign():
    assert number(-0.0004, 3, sign=True) == number(0.0004, 3, sign=True) == "0.000"
    assert number(-0.0006, 3, sign=True) == "−0.001"
