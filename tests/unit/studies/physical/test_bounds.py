"""The trained layer between the floor and the bounds, on the same drops."""

import pytest

from cscsanet.channel.dataset import open_drops, write_drops
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.studies.physical.bounds import spectral_efficiency_rows


@pytest.fixture
def drops(smoke, tmp_path):
    write_drops(tmp_path / "drops", 30, 1, smoke.channel)
    return open_drops(tmp_path / "drops")


def test_bounds_are_ordered_on_the_same_drops(smoke, layers, drops):
    point, finished = OperatingPoint(-10, 8, 64, 4), []
    rows = spectral_efficiency_rows(
        layers[0],
        drops,
        point,
        count=10,
        genie_steps=10,
        seed=1,
        bootstrap_samples=100,
        progress=finished.append,
    )
    mean = {row.scheme: row.sum_se.value for row in rows}
    assert list(mean) == ["random", "learned", "genie", "full-digital"]
    assert mean["random"] < mean["learned"] < mean["genie"] <= mean["full-digital"]
    assert all(row.sum_se.low <= row.sum_se.value <= row.sum_se.high for row in rows)
    assert {row.drops for row in rows} == {10}
    assert finished == [1, 1, 1, 1]
    assert list(rows[0].columns()) == [
        *("scheme", "snr_db", "csirs_symbols", "feedback_bits", "bs_power_offset_db", "drops"),
        *("sum_se", "ci_low", "ci_high", "seed"),
    ]
