from collections.abc import Callable

import pytest
import torch

from cscsanet.config.system import ChannelParams


@pytest.fixture(scope="session")
def channel() -> Callable[..., ChannelParams]:
    """A small channel; keywords change it."""

    def build(**changes: object) -> ChannelParams:
        base: dict[str, object] = {
            "users": 2,
            "bs_antennas": 64,
            "ue_antennas": 8,
            "rf_chains": 2,
            "subcarriers": 16,
            "paths": 2,
            "carrier_ghz": 28.0,
            "symbol_duration_us": 1000 / (14 * 8),
            "max_delay": 10.0,
            "max_speed_kmh": 120.0,
            "bs_power_offset_db": 20.0,
            "oscillator_rad": 0.0,
            "train_drops": 100,
            "val_drops": 10,
            "test_drops": 10,
        }
        return ChannelParams.model_validate(base | changes)

    return build


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(2509)
