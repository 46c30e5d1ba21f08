import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cscsanet.channel.bounds import chain_per_path, chain_per_user, fully_digital, genie_hybrid, hybrid_sum
from cscsanet.channel.paths import PathDrops, draw_paths
from cscsanet.channel.response import effective_channel, materialise
from cscsanet.channel.spectral_efficiency import spectral_efficiency
from cscsanet.config.system import ChannelParams

Channel = Callable[..., ChannelParams]
# The most that water-filling over two streams gains over the better of one and two equal ones.
WATER_FILLING = math.log2(9 / 8)


@pytest.mark.parametrize("paths", [1, 2, 3, 5])
@pytest.mark.parametrize("snr", [0.003, 10.0])
def test_fully_digital_is_the_svd_of_the_matrix(
    channel: Channel, generator: torch.Generator, paths: int, snr: float
) -> None:
    params = channel(paths=paths, bs_antennas=16, ue_antennas=4, subcarriers=5)
    drops, symbols = draw_paths(6, params, generator), torch.tensor([0, 7])
    values = np.linalg.svd(materialise(drops, symbols, params).numpy().astype(complex), compute_uv=False)
    one_stream = np.log2(1 + snr * values[..., 0] ** 2)
    two_streams = np.log2(1 + snr / 2 * values[..., :2] ** 2).sum(-1)
    wanted = np.maximum(one_stream, two_streams).mean(axis=(-2, -1))
    np.testing.assert_allclose(fully_digital(drops, snr, symbols, params).numpy(), wanted, rtol=1e-4)


def test_one_path_carries_one_stream_with_the_full_array_gain(
    channel: Channel, generator: torch.Generator
) -> None:
    params = channel(paths=1)
    drops = draw_paths(20, params, generator)
    bound = fully_digital(drops, 0.1, torch.tensor([0]), params)
    wanted = torch.log2(1 + 0.1 * 64 * 8 * drops.gain[..., 0].abs().square())
    torch.testing.assert_close(bound, wanted, rtol=1e-4, atol=1e-4)


@settings(max_examples=40, deadline=None)
@given(
    bs=st.integers(2, 20),
    ue=st.integers(2, 9),
    paths=st.integers(1, 4),
    snr_db=st.sampled_from([-25.0, -10.0, 0.0, 10.0]),
    aligned=st.booleans(),
    seed=st.integers(0, 10_000),
)
def test_no_hybrid_beams_pass_the_fully_digital_bound(
    channel: Channel, bs: int, ue: int, paths: int, snr_db: float, aligned: bool, seed: int
) -> None:
    params = channel(bs_antennas=bs, ue_antennas=ue, paths=paths, subcarriers=3)
    generator = torch.Generator().manual_seed(seed)
    drops, symbols, snr = draw_paths(8, params, generator), torch.tensor([2]), 10 ** (snr_db / 10)
    if aligned:
        precoder, combiner = chain_per_user(drops, params)
    else:
        precoder = torch.exp(2j * math.pi * torch.rand(8, 2, ue, 2, generator=generator))
        combiner = torch.exp(2j * math.pi * torch.rand(8, 2, bs, generator=generator))
    effective = effective_channel(drops, precoder, combiner, symbols, params)
    rates = spectral_efficiency(effective, combiner, snr, ue, "coloured").mean(dim=(-2, -1))
    excess = (rates - fully_digital(drops, snr, symbols, params)).max()
    assert float(excess) <= WATER_FILLING + 1e-3
    if aligned:
        # All streams on one beam are one stream, which the bound includes exactly.
        assert float(excess) <= 1e-3


def test_strategies_are_unit_modulus_and_point_at_the_strongest_paths(
    channel: Channel, generator: torch.Generator
) -> None:
    params = channel(paths=3)
    drops = draw_paths(5, params, generator)
    for strategy in (chain_per_user, chain_per_path):
        precoder, combiner = strategy(drops, params)
        assert precoder.shape == (5, 2, 8, 2)
        assert combiner.shape == (5, 2, 64)
        for beam in (precoder, combiner):
            torch.testing.assert_close(beam.abs(), torch.ones_like(beam.abs()))
    precoder, combiner = chain_per_user(drops, params)
    gain = effective_channel(drops, precoder, combiner, torch.tensor([0]), params).abs()
    strongest = drops.gain.abs().amax(dim=-1)
    for user in range(2):
        stream_gain = gain[:, user, 0, :, user].amax(dim=(-2, -1))
        # The full gain of the strongest path; the side lobes of the others change it a little.
        assert bool((stream_gain > 0.5 * 64 * 8 / math.sqrt(3) * strongest[:, user]).all())


@pytest.mark.parametrize("snr_db", [-25.0, 10.0])
def test_genie_lies_between_the_strategies_and_fully_digital(
    channel: Channel, generator: torch.Generator, snr_db: float
) -> None:
    params = channel(subcarriers=8)
    drops, symbols, snr = draw_paths(20, params, generator), torch.tensor([8]), 10 ** (snr_db / 10)
    genie = genie_hybrid(drops, snr, symbols, params, steps=60, random_starts=0)
    assert genie.sum_se.shape == (20,)
    assert not genie.sum_se.requires_grad
    for strategy in (chain_per_user, chain_per_path):
        assert bool((genie.sum_se >= hybrid_sum(drops, *strategy(drops, params), snr, symbols, params)).all())
    ceiling = fully_digital(drops, snr, symbols, params).sum(dim=-1)
    assert bool((genie.sum_se <= ceiling + 2 * WATER_FILLING).all())
    assert float(genie.sum_se.mean()) < float(ceiling.mean())
    # The returned beams have the returned rate.
    torch.testing.assert_close(genie.combiner.abs(), torch.ones(20, 2, 64))
    rate = hybrid_sum(drops, genie.precoder, genie.combiner, snr, symbols, params)
    torch.testing.assert_close(rate, genie.sum_se, rtol=1e-4, atol=1e-4)


def test_paths_of_zero_gain_change_no_bound(channel: Channel, generator: torch.Generator) -> None:
    """With more paths than UE antennas, as TR 38.901 has, the bound is computed in another way."""
    params = channel(subcarriers=4)
    drops, symbols = draw_paths(5, params, generator), torch.tensor([0, 7])
    padding = torch.zeros(5, 2, 18)
    padded = PathDrops(
        torch.cat([drops.gain * math.sqrt(20 / 2), padding + 0j], dim=-1),
        *(torch.cat([getattr(drops, name), padding], dim=-1) for name in ("aod", "aoa", "delay", "doppler")),
    )
    for snr in (0.01, 10.0):
        few, many = (fully_digital(paths, snr, symbols, params) for paths in (drops, padded))
        torch.testing.assert_close(many, few, rtol=1e-3, atol=1e-4)


def test_rates_of_the_strategies_in_the_design_study(channel: Channel, generator: torch.Generator) -> None:
    """The sum SE of the strategies over 2000 drops in the design study: 2.09 and 31.3 bit/s/Hz."""
    params = channel(subcarriers=25)
    drops, symbols = draw_paths(4000, params, generator), torch.tensor([8])
    low, high = 10**-2.5, 10.0
    per_user = hybrid_sum(drops, *chain_per_user(drops, params), low, symbols, params).mean()
    per_path = hybrid_sum(drops, *chain_per_path(drops, params), high, symbols, params).mean()
    assert float(per_user) == pytest.approx(2.09, abs=0.06)
    assert float(per_path) == pytest.approx(31.3, abs=0.3)


def test_genie_is_the_same_for_the_same_seed(channel: Channel, generator: torch.Generator) -> None:
    params = channel(subcarriers=4)
    drops, symbols = draw_paths(4, params, generator), torch.tensor([0])
    first, second = (genie_hybrid(drops, 1.0, symbols, params, steps=10, seed=3) for _ in range(2))
    assert torch.equal(first.combiner, second.combiner)


@pytest.mark.parametrize("snr", [-20.0, 0.0, float("nan")])
def test_an_snr_that_is_no_ratio_of_powers_is_refused(paths, smoke, fault, snr):
    symbols = torch.arange(1)
    beams = chain_per_user(paths, smoke.channel)
    for bound in (
        lambda: fully_digital(paths, snr, symbols, smoke.channel),
        lambda: hybrid_sum(paths, *beams, snr, symbols, smoke.channel),
        lambda: genie_hybrid(paths, snr, symbols, smoke.channel, steps=1),
    ):
        assert "must be linear and above 0; give 10 ** (snr_db / 10)" in fault(bound)
