"""Rates of physical layers: order of the bounds, several B, strategies, CSI-RS power, and time."""

from dataclasses import replace

import torch

from cscsanet.channel.bounds import fully_digital
from cscsanet.channel.frame import data_symbols
from cscsanet.channel.paths import draw_paths
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.evaluation.rates import genie_rates
from cscsanet.links.shared_copy import with_channel
from cscsanet.studies.physical.rates import codebook_rates, layer_rates, rates_over_time

POINT = OperatingPoint(-10, 8, 64, 2)


def test_no_layer_exceeds_the_genie_nor_the_genie_the_fully_digital_bound(smoke, layers, seeded):
    """Means never do. On a single drop the gradient ascent may end slightly below another beam."""
    paths = draw_paths(64, smoke.channel, seeded)
    learned, codebook = layers
    for snr_db in (-25, -10, 10):
        point = OperatingPoint(snr_db, 8, 64, 4)
        symbols = data_symbols(point, smoke.channel)
        bound = genie_rates(paths, point, smoke.channel, 100).coloured
        digital = fully_digital(paths, 10 ** (snr_db / 10), symbols, smoke.channel).sum(dim=-1)
        assert (bound <= digital * 1.001).all()
        (learned_rates,) = layer_rates(learned, paths, point, (64,), 1).values()
        for rates in (learned_rates, *codebook_rates(codebook, paths, point, (64,), 1).values()):
            assert rates.coloured.mean() < bound.mean()
            assert (rates.coloured <= bound * 1.03).all()


def test_several_budgets_at_once_give_the_rates_of_each_alone(smoke, layers, seeded):
    paths = draw_paths(8, smoke.channel, seeded)
    together = layer_rates(layers[0], paths, POINT, (16, 64), 1)
    for budget, rates in together.items():
        (alone,) = layer_rates(layers[0], paths, POINT, (budget,), 1).values()
        torch.testing.assert_close(rates.coloured, alone.coloured)
    assert not torch.equal(together[16].coloured, together[64].coloured)


def test_the_codebook_has_for_each_budget_and_strategy_the_rates_of_each_alone(smoke, layers, seeded):
    paths = draw_paths(8, smoke.channel, seeded)
    together = codebook_rates(layers[1], paths, POINT, (4, 16, 64, 256), 1)
    for (budget, strategy), rates in together.items():
        alone = layer_rates(layers[1].with_strategy(strategy), paths, POINT, (budget,), 1)[budget]
        torch.testing.assert_close(rates.coloured, alone.coloured)
    assert not torch.equal(together[4, "user"].coloured, together[16, "user"].coloured)


def test_more_csirs_power_helps_and_leaves_the_layer_unchanged(smoke, layers, seeded):
    paths = draw_paths(64, smoke.channel, seeded)
    point = OperatingPoint(-25, 8, 64, 1)
    for layer in layers:
        quiet, loud = (
            next(iter(layer_rates(with_channel(layer, channel), paths, point, (64,), 1).values()))
            for channel in (
                smoke.channel.model_copy(update={"bs_power_offset_db": offset})
                for offset in (0.0, float("inf"))
            )
        )
        assert loud.coloured.mean() > 1.5 * quiet.coloured.mean()
        assert layer.channel.bs_power_offset_db == 20.0


def test_over_time_the_first_symbol_is_the_first_data_symbol(smoke, layers, seeded):
    paths = draw_paths(8, smoke.channel, seeded)
    point = OperatingPoint(-10, 8, 64, 1)
    over_time = rates_over_time(
        layers[0], paths, point, data_symbols(replace(point, data_symbols=3), smoke.channel), 1
    )
    (first,) = layer_rates(layers[0], paths, point, (64,), 1).values()
    assert over_time.shape == (8, 3)
    torch.testing.assert_close(over_time[:, 0], first.coloured)
    assert not torch.allclose(over_time[:, 0], over_time[:, 2])


def test_without_motion_the_rates_stay_as_they_are(smoke, layers, seeded):
    still = draw_paths(8, smoke.channel, seeded, speed_kmh=0.0)
    over_time = rates_over_time(layers[0], still, OperatingPoint(-10, 8, 64, 1), torch.arange(8, 11), 1)
    torch.testing.assert_close(over_time, over_time[:, :1].expand(-1, 3))
