"""Specialists by name."""

import pytest
import torch

import cscsanet
from cscsanet.channel.activity import Cell, draw_access, random_book, received


def test_a_specialist_measures_ours_and_what_it_is_compared_with():
    access = cscsanet.load_specialist("access")
    ours, omp = (access.measure(method, drops=20, preamble_length=16) for method in (None, "omp"))
    assert (ours["method"], omp["method"]) == ("ours", "omp")
    assert ours["error_rate"] < omp["error_rate"]
    with pytest.raises(cscsanet.CscsanetError, match="method 'opm': there is none of that name"):
        access.measure("opm")
    with pytest.raises(cscsanet.CscsanetError, match="cell"):
        access.measure(preamble_lenght=4)


def test_a_detector_finds_active_devices_in_samples_of_a_user():
    access = cscsanet.load_specialist("access")
    generator = torch.Generator().manual_seed(3)
    book = random_book(40, 20, generator)
    cell = Cell(devices=40, antennas=64, symbols=20, activity=0.1, paths=3, spread_deg=5.0)
    drops = draw_access(16, cell, generator)
    probability = access.detect(received(drops, book, 20, 15.0), book, snr_db=15.0, activity=0.1)
    assert probability.shape == drops.active.shape
    active, idle = probability[drops.active], probability[~drops.active]
    assert active.median() > 0.9
    assert idle.median() < 0.1
    with pytest.raises(cscsanet.CscsanetError, match="fusion: does not detect activity"):
        cscsanet.load_specialist("fusion").detect(torch.zeros(1), book, snr_db=0, activity=0.1)


def test_the_fusion_of_srs_and_feedback_measures_too():
    fusion = cscsanet.load_specialist("fusion")
    rows = [fusion.measure(method, drops=4, feedback_bits=16) for method in ("fusion", "srs-only")]
    assert all(row["sum_se"] > 0 for row in rows)
    assert fusion.methods[0] == "fusion"
