"""The report on the physical layer: what its rows say of given rates, and that its figures can be drawn from them."""

import json

import pytest
import torch

from cscsanet.channel.bounds import fully_digital, genie_hybrid
from cscsanet.channel.paths import draw_paths
from cscsanet.evaluation.physical_figures import physical_figures
from cscsanet.evaluation.physical_rates import (
    Rates,
    codebook_rates,
    data_symbols,
    genie_rates,
    layer_rates,
    rates_over_time,
)
from cscsanet.evaluation.physical_rows import Case, physical_rows
from cscsanet.links.codebook_layer import CodebookLayer
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.points import Capacity, OperatingPoint

POINT = OperatingPoint(-10, 8, 64, 2)


def flat(value):
    """Drops that all have nearly one rate."""
    return Rates(
        value + 0.01 * torch.linspace(-1, 1, 50, dtype=torch.float64), torch.full((50,), 2 * value).double()
    )


@pytest.fixture
def measured():
    return {
        Case("genie", -25.0, 8): flat(4.0),
        Case("full-digital", -25.0, 8): Rates(flat(5.0).coloured, None),
        Case("codebook", -25.0, 8, 64, 20.0, "user"): flat(2.0),
        Case("beamspace-elastic", -25.0, 8, 64, 20.0): flat(3.0),
        Case("beamspace-dedicated", -25.0, 8, 64, 20.0): flat(3.2),
        Case("beamspace-elastic", -25.0, 8, 64, float("inf")): flat(3.5),
    }


def test_rows_give_means_shares_and_paired_differences(measured):
    rows = physical_rows(measured, seed=1, bootstrap_samples=200)
    genie, digital, codebook, elastic, dedicated, loud = rows
    assert elastic["sum_se"] == pytest.approx(3.0)
    assert elastic["ci_low"] < 3.0 < elastic["ci_high"]
    assert elastic["sum_se_paper"] == pytest.approx(6.0)
    assert elastic["share_of_genie"] == pytest.approx(0.75)
    assert (elastic["against"], elastic["difference"]) == ("codebook", pytest.approx(1.0))
    # The drops are the same, so what makes one drop better than another cancels.
    assert elastic["difference_low"] == pytest.approx(1.0) == elastic["difference_high"]
    assert (dedicated["against"], dedicated["difference"]) == ("beamspace-elastic", pytest.approx(0.2))
    assert codebook["strategy"] == "user"
    assert loud["against"] is None
    assert loud["bs_power_offset_db"] == "inf"
    assert digital["sum_se_paper"] is None
    assert genie["feedback_bits"] is None
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows


def test_figures_are_drawn_from_the_rows(measured):
    rows = physical_rows(measured, seed=1, bootstrap_samples=200)
    ageing = [
        {"scheme": "codebook", "snr_db": -25.0, "speed_kmh": 0.0, "symbol": 8 + index, "sum_se": 2.0,
         "ci_low": 1.9, "ci_high": 2.1}
        for index in range(3)
    ]  # fmt: skip
    figures = physical_figures(rows, ageing, Capacity(8, 64, 4), 20.0)
    assert set(figures) == {"csirs_symbols", "feedback_bits", "csirs_power", "grid", "ageing"}
    (panel,) = figures["csirs_symbols"].axes
    drawn = {line.get_label(): list(line.get_ydata()) for line in panel.get_lines()}
    assert drawn["codebook"] == [2.0]
    assert drawn["genie hybrid, perfect CSI"] == [4.0]
    shown = [text.get_text() for axes in figures["grid"].axes for text in axes.texts]
    assert shown == ["75.0", "+50.0", "+6.7"]


@pytest.fixture
def layers(smoke):
    torch.manual_seed(4)
    learned = PhysicalLayer(smoke).eval()
    return learned, CodebookLayer(smoke.channel, smoke.csa, 8).eval()


def test_no_layer_beats_the_genie_and_the_genie_not_the_fully_digital_bound(smoke, layers, seeded):
    """In the mean never; on a single drop the climb may end a little short of a beam that something else hits upon."""
    paths = draw_paths(64, smoke.channel, seeded)
    learned, codebook = layers
    for snr_db in (-25, -10, 10):
        point = OperatingPoint(snr_db, 8, 64, 4)
        bound = genie_rates(paths, point, smoke.channel, 100).coloured
        digital = fully_digital(paths, 10 ** (snr_db / 10), data_symbols(point), smoke.channel).sum(dim=-1)
        assert (bound <= digital * 1.001).all()
        (own,) = layer_rates(learned, paths, point, (64,), 1).values()
        for found in (own, *codebook_rates(codebook, paths, point, (64,), 1).values()):
            assert found.coloured.mean() < bound.mean()
            assert (found.coloured <= bound * 1.03).all()


def test_the_thinned_genie_is_the_genie(smoke, seeded):
    """Its beams are sought on a quarter of the subcarriers; on all of them they are worth as much."""
    channel = smoke.channel.model_copy(update={"subcarriers": 64})
    paths, point = draw_paths(32, channel, seeded), OperatingPoint(0, 8, 64, 2)
    whole = genie_hybrid(paths, 1.0, data_symbols(point), channel, steps=60, random_starts=0).sum_se.mean()
    thinned = genie_rates(paths, point, channel, steps=60).coloured.mean()
    assert float(thinned) == pytest.approx(float(whole), rel=5e-3)


def test_several_budgets_are_measured_as_each_alone(smoke, layers, seeded):
    paths = draw_paths(8, smoke.channel, seeded)
    together = layer_rates(layers[0], paths, POINT, (16, 64), 1)
    for budget, found in together.items():
        (alone,) = layer_rates(layers[0], paths, POINT, (budget,), 1).values()
        torch.testing.assert_close(found.coloured, alone.coloured)
    assert not torch.equal(together[16].coloured, together[64].coloured)


def test_the_codebook_is_measured_for_each_budget_and_strategy_as_alone(smoke, layers, seeded):
    paths = draw_paths(8, smoke.channel, seeded)
    together = codebook_rates(layers[1], paths, POINT, (4, 16, 64, 256), 1)
    for (budget, strategy), found in together.items():
        alone = layer_rates(layers[1].playing(strategy), paths, POINT, (budget,), 1)[budget]
        torch.testing.assert_close(found.coloured, alone.coloured)
    assert not torch.equal(together[4, "user"].coloured, together[16, "user"].coloured)


def test_a_louder_bs_helps_and_leaves_the_layer_as_it_was(smoke, layers, seeded):
    paths = draw_paths(64, smoke.channel, seeded)
    point = OperatingPoint(-25, 8, 64, 1)
    for layer in layers:
        quiet, loud = (
            next(iter(layer_rates(layer.under(channel), paths, point, (64,), 1).values()))
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
    aged = rates_over_time(layers[0], paths, point, torch.arange(8, 11), 1)
    (now,) = layer_rates(layers[0], paths, point, (64,), 1).values()
    assert aged.shape == (8, 3)
    torch.testing.assert_close(aged[:, 0], now.coloured)
    still = draw_paths(8, smoke.channel, seeded, speed_kmh=0.0)
    aged = rates_over_time(layers[0], still, point, torch.arange(8, 11), 1)
    torch.testing.assert_close(aged, aged[:, :1].expand(-1, 3))
