"""The rows of the report on the separated designs, from given accuracies and estimates."""

import math

import pytest
import torch

from cscsanet.baselines.path_channel import CsiAccuracy
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.metrics.estimate import Estimate
from cscsanet.studies.baselines.rows import CodecRow, NoiselessRow, RateRow, csi_row, summary

POINT = OperatingPoint(-25, 8, 64, 1)
ESTIMATE = Estimate(0.12345678, 0.1, 0.2)


def accuracy(nmse):
    """Return the accuracy (drops x 2 UEs) whose SGCS is 1 - NMSE."""
    values = torch.tensor(nmse)
    return CsiAccuracy(values, 1 - values)


def test_a_drop_counts_by_the_mean_over_its_ues_in_decibels():
    parts = [accuracy([0.1, 0.3]), accuracy([0.4, 0.4])]
    row = csi_row("estimate", "learned", POINT, parts, users=2, seed=1, bootstrap_samples=200)
    assert row.drops == 2
    assert row.nmse_db.value == pytest.approx(10 * math.log10(0.3), abs=1e-4)
    # The mean of a sample of two drops lies between the means of the drops, 0.2 and 0.4.
    assert row.nmse_db.low == pytest.approx(10 * math.log10(0.2), abs=1e-4)
    assert row.nmse_db.high == pytest.approx(10 * math.log10(0.4), abs=1e-4)
    assert row.sgcs.value == pytest.approx(0.7)
    assert list(row.columns()) == [
        *("part", "method", "snr_db", "csirs_symbols", "feedback_bits"),
        *("nmse_db", "ci_low", "ci_high", "sgcs", "sgcs_low", "sgcs_high", "drops", "seed"),
    ]


def test_only_the_codec_of_the_link_has_a_lead():
    white = CodecRow("white noise", "val", -25.0, ESTIMATE, None).columns()
    link = CodecRow("real link", "val", -25.0, ESTIMATE, Estimate(0.01, -0.01, 0.03)).columns()
    assert list(white) == ["trained_on", "split", "snr_db", "miou", "ci_low", "ci_high"]
    assert white["miou"] == 0.123457
    assert list(link.items())[6:] == [("lead", 0.01), ("lead_low", -0.01), ("lead_high", 0.03)]


def test_the_summary_names_each_part_and_agrees_with_the_columns():
    csi = csi_row("feedback", "digits", POINT, [accuracy([0.1, 0.1])], users=2, seed=1, bootstrap_samples=100)
    rate = RateRow("hybrid", "PCA, 2 streams", POINT, ESTIMATE, 2, 1)
    codec = CodecRow("white noise", "test", -25.0, ESTIMATE, None)
    noiseless = NoiselessRow(OperatingPoint(60.0, 8, 64, 4), 1.23456e-7, 0.5, 0.6, 4)
    assert summary([csi, rate], [codec], noiseless) == {
        "feedback/digits/-25dB/L8/B64": -10.0,
        "hybrid/PCA 2 streams/-25dB/L8/B64": 0.123457,
        "codec/white noise/test/-25dB/miou": 0.123457,
        "without_noise/symbol_nmse": 1.23e-7,
        "without_noise/miou": 0.5,
    }
    assert rate.columns()["sum_se"] == 0.123457
