"""A small cell, and drops in it."""

import pytest
import torch

from cscsanet.channel.multiuser.carriers import Sector
from cscsanet.specialists.fusion.link.operating_point import Conditions, draw_fusion
from cscsanet.specialists.fusion.link.seen import Air, Seen

SECTOR = Sector(users=3, antennas=32, subcarriers=16, paths=4, max_delay=4.0, carrier_ghz=6.7)


@pytest.fixture(scope="session")
def air():
    return Air(SECTOR, comb=2)


@pytest.fixture
def seeded():
    return lambda seed=0: torch.Generator().manual_seed(seed)


@pytest.fixture
def see(air, seeded):
    """Return drops under conditions."""

    def draw(count=40, *, ports=4, bits=16, **values):
        given = {
            "srs_snr_db": 10.0,
            "dl_snr_db": 10.0,
            "age_ms": 5.0,
            "speed_kmh": 120.0,
            "rho": 1.0,
            **values,
        }
        conditions = Conditions(**{name: torch.full((count,), value) for name, value in given.items()})
        return Seen(air, draw_fusion(air.sector, air.comb, 4, conditions, seeded()), conditions, ports, bits)

    return draw
