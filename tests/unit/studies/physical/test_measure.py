"""The measurements of the physical study: one genie, the codebook's strategy, and ageing."""

import pytest
import torch

from cscsanet.channel.dataset import open_drops, write_drops
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.evaluation.rates import Rates
from cscsanet.studies.physical.bounds import spectral_efficiency_rows
from cscsanet.studies.physical.measure import ageing_layers, ageing_symbols, measure_ageing, pair_rates
from cscsanet.studies.physical.rows import Case, physical_rows
from cscsanet.studies.physical.variants import TrainedLayer


@pytest.fixture(scope="module")
def tiny(smoke):
    """The smoke profile with one CSI-RS power, on few drops."""
    study = smoke.study.model_copy(
        update={"drops": 6, "genie_steps": 5, "bs_power_offset_db": (20.0,), "bootstrap_samples": 100}
    )
    return smoke.model_copy(update={"study": study})


@pytest.fixture(scope="module")
def drops(tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("channels") / "drops"
    write_drops(folder, 12, 1, tiny.channel)
    return open_drops(folder)


@pytest.fixture(scope="module")
def elastic(layers):
    return TrainedLayer("beamspace-elastic", layers[0], {2: (16, 64), 8: (16, 64)})


@pytest.fixture(scope="module")
def measured(tiny, drops, elastic):
    paths = drops.batch(slice(0, tiny.study.drops))
    return pair_rates([elastic], paths, drops.all(), tiny, -25.0, 8)


def test_all_reports_have_the_same_genie(tiny, drops, elastic, measured):
    statistics = {"seed": tiny.seed, "bootstrap_samples": tiny.study.bootstrap_samples}
    physical = {row.case.scheme: row.columns() for row in physical_rows(measured, **statistics)}
    efficiency = spectral_efficiency_rows(
        elastic.layer,
        drops,
        OperatingPoint(-25.0, 8, 64, 1),
        count=tiny.study.drops,
        genie_steps=tiny.study.genie_steps,
        **statistics,
    )
    bounds = {row.scheme: row.columns() for row in efficiency}
    for scheme in ("genie", "full-digital"):
        for key in ("snr_db", "csirs_symbols", "drops", "sum_se", "ci_low", "ci_high"):
            assert physical[scheme][key] == bounds[scheme][key]
    longer = tiny.model_copy(update={"study": tiny.study.model_copy(update={"genie_steps": 6})})
    paths = drops.batch(slice(0, tiny.study.drops))
    other = pair_rates([elastic], paths, drops.all(), longer, -25.0, 8)
    genie = Case("genie", -25.0, 8)
    assert not torch.equal(other[genie].coloured, measured[genie].coloured)


def test_every_codebook_and_layer_is_measured_for_each_budget(measured):
    budgets = [(case.scheme, case.feedback_bits) for case in measured]
    assert budgets == [
        *(("genie", None), ("full-digital", None)),
        *(("codebook", 16), ("codebook", 64)),
        *(("codebook-learned-csirs", 16), ("codebook-learned-csirs", 64)),
        *(("beamspace-elastic", 16), ("beamspace-elastic", 64)),
    ]


def test_a_layer_is_measured_only_at_the_lengths_that_it_is_for(tiny, drops, layers, elastic):
    dedicated = TrainedLayer("beamspace-dedicated", layers[0], {2: (64,)})
    paths = drops.batch(slice(0, 2))
    schemes = {
        length: {case.scheme for case in pair_rates([elastic, dedicated], paths, paths, tiny, -25.0, length)}
        for length in (2, 8)
    }
    assert schemes[2] - schemes[8] == {"beamspace-dedicated"}


def test_the_strategy_is_chosen_on_the_tuning_drops(tiny, drops, layers, elastic, monkeypatch):
    """Measured on other drops, the chosen strategy may be the worse one."""
    test, tuning = drops.batch(slice(0, 6)), drops.batch(slice(6, 12))

    def scripted(layer, paths, point, budgets, seed):
        good = "path" if paths is tuning else "user"
        return {
            (budget, name): Rates(torch.full((len(paths),), 2.0 if name == good else 1.0).double(), None)
            for budget in budgets
            for name in ("user", "path")
        }

    monkeypatch.setattr("cscsanet.studies.physical.measure.codebook_rates", scripted)
    measured = pair_rates([elastic], test, tuning, tiny, -25.0, 8)
    codebook = {case: rates for case, rates in measured.items() if case.scheme == "codebook"}
    assert {case.strategy for case in codebook} == {"path"}
    assert all((rates.coloured == 1.0).all() for rates in codebook.values())


def test_ageing_measures_the_codebook_with_the_strategy_of_its_row(tiny, drops, elastic, measured):
    (case,) = [case for case in measured if case.scheme == "codebook" and case.feedback_bits == 64]
    layers = ageing_layers(tiny, elastic, measured)
    assert list(layers) == [("codebook", -25.0), ("beamspace-elastic", -25.0)]
    assert layers["codebook", -25.0].strategy == case.strategy
    assert layers["beamspace-elastic", -25.0] is elastic.layer
    assert ageing_symbols(tiny).tolist() == [8, 9, 10, 11]
    finished = []
    over_time = measure_ageing(tiny, layers, finished.append)
    assert sum(finished) == len(over_time) == 2 * len(tiny.study.speeds_kmh)
    for ageing, rates in over_time.items():
        assert rates.shape == (tiny.study.drops, 4)
        constant = torch.allclose(rates, rates[:, :1].expand_as(rates))
        assert constant == (ageing.speed_kmh == 0)
