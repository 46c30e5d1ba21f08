"""The measurements of CSI and beams, with untrained networks of the smoke profile's sizes."""

import pytest
import torch

from cscsanet.baselines.acquisition import Acquisition
from cscsanet.baselines.feedback import FeedbackCodec
from cscsanet.baselines.path_channel import true_channel
from cscsanet.baselines.pca import hybrid_beams
from cscsanet.channel.paths import draw_paths
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.studies.baselines.csi import estimate_rows, feedback_rows, hybrid_streams, rate_rows

STATISTICS = {"seed": 1, "bootstrap_samples": 100}


@pytest.fixture(scope="module")
def acquisition(smoke):
    torch.manual_seed(1)
    return Acquisition(smoke).eval()


@pytest.fixture(scope="module")
def drops(smoke):
    """Drops without motion, so that least squares may take the channel as constant."""
    return draw_paths(12, smoke.channel, torch.Generator().manual_seed(2), speed_kmh=0.0)


def test_path_methods_exceed_least_squares_where_equations_are_few(acquisition, drops):
    rows = estimate_rows(acquisition, drops, OperatingPoint(10.0, 8, 64, 1), **STATISTICS)
    nmse = {row.method: row.nmse_db.value for row in rows}
    assert list(nmse) == ["least-squares", "pursuit", "learned"]
    assert nmse["pursuit"] < nmse["least-squares"] < 0
    assert {(row.part, row.drops) for row in rows} == {("estimate", 12)}


def test_feedback_has_a_row_for_each_codec_and_budget(smoke, acquisition, drops):
    torch.manual_seed(1)
    codecs = {"digits": FeedbackCodec(smoke).eval()}
    point = OperatingPoint(10.0, 8, 64, 1)
    rows = feedback_rows(acquisition, codecs, drops, point, (16, 64), **STATISTICS)
    assert [(row.method, row.point.feedback_bits) for row in rows] == [("digits", 16), ("digits", 64)]
    coarse, fine = (row.nmse_db.value for row in rows)
    assert fine < coarse


def test_all_methods_meet_the_same_noise(drops):
    point = OperatingPoint(0.0, 8, 64, 1)

    def noise(paths, at, source):
        assert at == point
        return torch.rand(len(paths), generator=source)

    first, second = rate_rows("beams", {"a": noise, "b": noise}, drops, point, **STATISTICS)
    assert (first.method, second.method) == ("a", "b")
    assert first.sum_se == second.sum_se
    assert first.sum_se.low < first.sum_se.value < first.sum_se.high


@pytest.mark.parametrize(
    ("chains", "paths", "counts"),
    [(2, 2, (1, 2)), (8, 2, (1, 2)), (2, 1, (1,)), (1, 2, (1,)), (3, 5, (1, 3))],
)
def test_pca_has_no_more_streams_than_chains_and_paths(smoke, chains, paths, counts):
    channel = smoke.channel.model_copy(update={"rf_chains": chains, "paths": paths})
    drops = draw_paths(2, channel, torch.Generator().manual_seed(3))
    assert hybrid_streams(channel, drops) == counts
    for count in counts:
        precoder, combiner = hybrid_beams(true_channel(drops, 8, channel), count, channel)
        assert precoder.shape == (2, 2, channel.ue_antennas, count)
        assert combiner.shape == (2, chains, channel.bs_antennas)
