import torch

from cscsanet.channel.frame import data_symbols
from cscsanet.config.operating_point import OperatingPoint


def test_data_follow_the_csirs_after_the_feedback_delay(channel) -> None:
    point = OperatingPoint(-25.0, 8, 64, 3)
    assert data_symbols(point, channel()).tolist() == [8, 9, 10]
    assert data_symbols(point, channel(feedback_delay_symbols=14)).tolist() == [22, 23, 24]
    assert data_symbols(point, channel()).dtype == torch.int64
