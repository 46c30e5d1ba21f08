"""The frame: CSI-RS in symbols 0 to L-1, D symbols for feedback and processing, then Q data symbols."""

import torch
from torch import Tensor

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.system import ChannelParams


def data_symbols(
    point: OperatingPoint, channel: ChannelParams, device: torch.device | str | None = None
) -> Tensor:
    """Return the indices (Q,) of the data symbols in the frame, L + D to L + D + Q - 1.

    D is `channel.feedback_delay_symbols`, for every scheme alike.

    >>> data_symbols(OperatingPoint(-25.0, 8, 64, 3), params.model_copy(update={"feedback_delay_symbols": 14}))
    tensor([22, 23, 24])
    """
    first = point.csirs_symbols + channel.feedback_delay_symbols
    return torch.arange(first, first + point.data_symbols, device=device)
