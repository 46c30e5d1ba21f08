"""Spectral efficiency of given beams, and the genie hybrid."""

import pytest
import torch

from cscsanet.channel.bounds import genie_hybrid
from cscsanet.channel.frame import data_symbols
from cscsanet.channel.paths import draw_paths
from cscsanet.channel.response import effective_channel
from cscsanet.channel.spectral_efficiency import spectral_efficiency
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.evaluation.rates import Rates, beam_rates, chunks, concatenate, genie_rates, json_decibel


def phases(*shape, generator):
    angle = 2 * torch.pi * torch.rand(shape, generator=generator)
    return torch.polar(torch.ones_like(angle), angle)


def test_rates_are_sums_over_ues_of_the_means_over_symbols_and_subcarriers(smoke, paths, seeded):
    channel, symbols = smoke.channel, torch.tensor([8, 10])
    precoder = phases(3, 2, channel.ue_antennas, 2, generator=seeded)
    combiner = phases(3, 2, channel.bs_antennas, generator=seeded)
    rates = beam_rates(paths, precoder, combiner, -10.0, symbols, channel)
    effective = effective_channel(paths, precoder, combiner, symbols, channel)
    for convention in ("coloured", "paper"):
        whole = spectral_efficiency(effective, combiner, 0.1, channel.ue_antennas, convention)
        expected = torch.zeros(3, dtype=torch.float64)
        for user in range(2):
            expected += whole[:, user].double().mean(dim=(1, 2))
        torch.testing.assert_close(getattr(rates, convention), expected, rtol=1e-5, atol=1e-6)


def test_a_genie_on_fewer_subcarriers_is_as_good(smoke, seeded):
    """Its beams are optimised on a quarter of the subcarriers, and measured on all of them."""
    channel = smoke.channel.model_copy(update={"subcarriers": 64})
    paths, point = draw_paths(32, channel, seeded), OperatingPoint(0, 8, 64, 2)
    symbols = data_symbols(point, channel)
    whole = genie_hybrid(paths, 1.0, symbols, channel, steps=60, random_starts=0).sum_se.mean()
    thinned = genie_rates(paths, point, channel, steps=60).coloured.mean()
    assert float(thinned) == pytest.approx(float(whole), rel=5e-3)


def test_chunks_have_a_fixed_size_and_join_to_the_whole(smoke, seeded):
    paths = draw_paths(501, smoke.channel, seeded)
    parts = chunks(paths)
    assert [len(part) for part in parts] == [250, 250, 1]
    delays = [Rates(part.delay[:, 0, 0], part.delay[:, 1, 0]) for part in parts]
    joined = concatenate(delays)
    assert torch.equal(joined.coloured, paths.delay[:, 0, 0])
    assert torch.equal(joined.paper, paths.delay[:, 1, 0])


def test_json_holds_infinite_decibels_as_a_word_that_float_reads():
    assert json_decibel(20.0) == 20.0
    assert json_decibel(float("inf")) == "inf"
    assert float(json_decibel(float("inf"))) == float("inf")
