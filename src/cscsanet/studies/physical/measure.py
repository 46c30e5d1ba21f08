"""The measurements of the physical study: codebooks, layers and bounds on the same drops."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

import torch
from torch import Tensor

from cscsanet.baselines.codebook import STRATEGIES, CodebookLayer, Strategy
from cscsanet.channel.bounds import fully_digital
from cscsanet.channel.dataset import open_drops
from cscsanet.channel.frame import data_symbols
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.sources import open_source
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.evaluation.rates import Rates, genie_rates
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.links.shared_copy import with_channel
from cscsanet.pipeline.run import initialised
from cscsanet.studies.physical.rates import MultiBudgetLayer, codebook_rates, layer_rates, rates_over_time
from cscsanet.studies.physical.rows import AgeingCase, Case
from cscsanet.studies.physical.variants import TrainedLayer, trained_layers
from cscsanet.training.seeds import generator
from cscsanet.workflow.fan_out import fan_out, num_workers
from cscsanet.workflow.workspace import Workspace

# The chunks of an evaluation are numbered from 0, so no noise is drawn with this seed.
_AGEING_DROPS = 2**31


def measure_points(workspace: Workspace, params: Params, advance: Callable[[int], None]) -> dict[Case, Rates]:
    """Measure everything at every SNR and L of the study; pairs of SNR and L run in parallel."""
    # The largest L takes longest, so it comes first: no worker starts it last, alone.
    pairs = list(product(params.study.snr_db, params.points.csirs_symbols))[::-1]
    results = fan_out(partial(_measure_pair, workspace, params), pairs, num_workers(params), advance)
    return {case: rates for result in reversed(results) for case, rates in result.items()}


def _measure_pair(workspace: Workspace, params: Params, pair: tuple[float, int]) -> dict[Case, Rates]:
    """Measure bounds, codebooks and layers at one SNR and L, over B and the power of the CSI-RS."""
    layers = trained_layers(workspace, params)
    test, val = (open_drops(workspace.drops(part)) for part in ("test", "val"))
    for drops in (test, val):
        drops.check_matches(params.channel)
    return pair_rates(layers, test.batch(slice(0, params.study.drops)), val.all(), params, *pair)


def pair_rates(
    layers: list[TrainedLayer],
    paths: PathDrops,
    tuning: PathDrops,
    params: Params,
    snr_db: float,
    csirs_symbols: int,
) -> dict[Case, Rates]:
    """Measure bounds, codebooks and layers on drops, at one SNR and L.

    tuning: the drops that the codebook's strategy is chosen on, at each B and CSI-RS power.
    """
    points, seed = params.points, params.seed
    codebooks = study_codebooks(params, layers[0].layer)
    point = OperatingPoint(snr_db, csirs_symbols, max(points.feedback_bits), points.capacity.data_symbols)
    measured = _bounds(paths, point, params)
    for offset in params.study.bs_power_offset_db:
        channel = params.channel.model_copy(update={"bs_power_offset_db": offset})
        for scheme, codebook in codebooks.items():
            at_offset = with_channel(codebook, channel)
            test = codebook_rates(at_offset, paths, point, points.feedback_bits, seed)
            val = codebook_rates(at_offset, tuning, point, points.feedback_bits, seed)
            for budget in points.feedback_bits:
                strategy = _best_strategy(val, budget)
                case = Case(scheme, snr_db, csirs_symbols, budget, offset, strategy)
                measured[case] = test[budget, strategy]
        for trained in layers:
            budgets = trained.budgets.get(csirs_symbols)
            if budgets is None:
                continue
            largest = replace(point, feedback_bits=max(budgets))
            for budget, rates in layer_rates(
                with_channel(trained.layer, channel), paths, largest, budgets, seed
            ).items():
                measured[Case(trained.scheme, snr_db, csirs_symbols, budget, offset)] = rates
    return measured


def study_codebooks(params: Params, learned: PhysicalLayer) -> dict[str, CodebookLayer]:
    """Return the codebook with CSI-RS of random phases, and with the learned CSI-RS.

    The second shows the gain of the learned CSI-RS alone.
    """

    def build() -> CodebookLayer:
        return CodebookLayer(params.channel, params.csa, params.points.capacity.csirs_symbols)

    codebooks = {name: initialised(params, build).eval() for name in ("codebook", "codebook-learned-csirs")}
    codebooks["codebook-learned-csirs"].csirs.load_state_dict(learned.csirs.state_dict())
    return codebooks


def ageing_layers(
    params: Params, learned: TrainedLayer, measured: Mapping[Case, Rates]
) -> dict[tuple[str, float], MultiBudgetLayer]:
    """Return the layers that are measured over time, by scheme and SNR: learned, and codebook.

    measured: the rates of `measure_points`, whose cases name the codebook's strategy at each SNR.
    """
    capacity = params.points.capacity
    reference = (capacity.csirs_symbols, capacity.feedback_bits, params.channel.bs_power_offset_db)
    codebook = study_codebooks(params, learned.layer)["codebook"]
    layers: dict[tuple[str, float], MultiBudgetLayer] = {}
    for case in measured:
        point = (case.csirs_symbols, case.feedback_bits, case.bs_power_offset_db)
        if case.scheme == "codebook" and point == reference:
            layers["codebook", case.snr_db] = codebook.with_strategy(case.strategy)
            layers[learned.scheme, case.snr_db] = learned.layer
    return layers


def ageing_symbols(params: Params) -> Tensor:
    """Return the indices (T,) of the OFDM symbols at which beams are measured over time."""
    return torch.arange(params.study.aged_symbols) + params.points.capacity.csirs_symbols


def measure_ageing(
    params: Params,
    layers: Mapping[tuple[str, float], MultiBudgetLayer],
    advance: Callable[[int], None],
    root: Path | None = None,
) -> dict[AgeingCase, Tensor]:
    """Measure each layer over time (drops, T). Drops of two speeds differ in Doppler alone.

    root: folder of the project, from which `channel.file` is named.
    """
    drops = open_source(params.channel, root or Path(), "test")
    study, capacity = params.study, params.points.capacity
    symbols = ageing_symbols(params)
    measured = {}
    for speed in study.speeds_kmh:
        source = generator(params.seed, "evaluate", _AGEING_DROPS)
        paths = drops.draw(study.drops, source, speed_kmh=speed)
        for (scheme, snr_db), layer in layers.items():
            point = OperatingPoint(
                snr_db, capacity.csirs_symbols, capacity.feedback_bits, capacity.data_symbols
            )
            measured[AgeingCase(scheme, snr_db, speed)] = rates_over_time(
                layer, paths, point, symbols, params.seed
            )
            advance(1)
    return measured


def _best_strategy(rates: Mapping[tuple[int, Strategy], Rates], budget: int) -> Strategy:
    """Return the strategy with the higher mean rate on validation drops, which are not reported."""
    return max(STRATEGIES, key=lambda name: float(rates[budget, name].coloured.mean()))


def _bounds(paths: PathDrops, point: OperatingPoint, params: Params) -> dict[Case, Rates]:
    symbols = data_symbols(point, params.channel)
    digital = fully_digital(paths, 10 ** (point.snr_db / 10), symbols, params.channel)
    genie = genie_rates(paths, point, params.channel, params.study.genie_steps)
    return {
        Case("genie", point.snr_db, point.csirs_symbols): genie,
        Case("full-digital", point.snr_db, point.csirs_symbols): Rates(digital.sum(dim=-1).double(), None),
    }
