"""The operating point."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cscsanet.config.operating_point import Capacity, OperatingPoint
from cscsanet.errors import CscsanetError


@given(st.floats(-60, 60))
def test_noise_power_is_the_inverse_snr(snr_db):
    power = OperatingPoint(snr_db, 1, 2, 1).noise_power
    assert power == pytest.approx(1 / 10 ** (snr_db / 10), rel=1e-12)


@pytest.mark.parametrize("snr_db", [float("nan"), float("inf"), -61.0, 4000.0])
def test_an_snr_out_of_range_is_refused(snr_db):
    with pytest.raises(CscsanetError, match=r"snr_db = .*: must be from -60 to 60 dB"):
        OperatingPoint(snr_db, 1, 2, 1)


def test_odd_bits_and_empty_blocks_are_refused():
    with pytest.raises(CscsanetError, match="feedback_bits = 7: must be a multiple of 2"):
        OperatingPoint(0, 1, 7, 1)
    with pytest.raises(CscsanetError, match="data_symbols = 0: must be at least 1"):
        OperatingPoint(0, 1, 2, 0)


@pytest.mark.parametrize("name", ["csirs_symbols", "feedback_bits", "data_symbols"])
def test_a_point_beyond_the_model_names_what_is_too_large(name):
    capacity = Capacity(4, 64, 4)
    values = {"csirs_symbols": 4, "feedback_bits": 64, "data_symbols": 4}
    assert OperatingPoint(0, **values).within(capacity)
    values[name] += 2
    with pytest.raises(CscsanetError, match=rf"{name} = {values[name]}: the model was built for at most"):
        OperatingPoint(0, **values).within(capacity)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("snr_db", None),
        ("snr_db", "-25"),
        ("snr_db", True),
        ("snr_db", float("nan")),
        ("csirs_symbols", 8.0),
        ("feedback_bits", True),
        ("data_symbols", None),
    ],
)
def test_what_is_no_number_or_no_whole_number_is_refused(field, value):
    values = {"snr_db": -25.0, "csirs_symbols": 8, "feedback_bits": 64, "data_symbols": 4, field: value}
    with pytest.raises(CscsanetError, match=f"{field} = "):
        OperatingPoint(**values)
