"""The report on the physical layer: the codebook, the learned layers and the bounds on the same test drops."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any

import torch

from cscsanet.channel.bounds import fully_digital
from cscsanet.channel.dataset import open_drops
from cscsanet.channel.paths import PathDrops, draw_paths
from cscsanet.evaluation.physical_figures import physical_figures
from cscsanet.evaluation.physical_rates import (
    Acquirer,
    Rates,
    codebook_rates,
    data_symbols,
    genie_rates,
    layer_rates,
    rates_over_time,
)
from cscsanet.evaluation.physical_rows import Case, json_decibel, physical_rows
from cscsanet.files import write_by_rename, write_json, write_rows
from cscsanet.links.codebook_layer import STRATEGIES, CodebookLayer, Strategy
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.metrics.bootstrap import bootstrap_means
from cscsanet.params import Params
from cscsanet.pipeline.fan_out import at_once, fan_out
from cscsanet.pipeline.fitting import initialised
from cscsanet.pipeline.physical_variants import NAME, SUBCARRIER, variants
from cscsanet.pipeline.progress import progress_bar
from cscsanet.pipeline.workspace import Workspace
from cscsanet.points import OperatingPoint
from cscsanet.tracking import open_tracking
from cscsanet.training.seeds import generator
from cscsanet.training.weights import load_weights

GENIE_STEPS = 100  # from each of the two strategies
AGEING_DROPS = 2**31  # no chunk of an evaluation has this number, so no noise is drawn from this seed


@dataclass(frozen=True)
class _Layer:
    """One trained layer: its name in the rows, and L -> the B that it is asked for."""

    scheme: str
    layer: PhysicalLayer
    grid: Mapping[int, tuple[int, ...]]


def report_physical(workspace: Workspace, params: Params) -> None:
    """Measure every physical layer over the points of the study, and write rows and figures."""
    tracker = open_tracking(workspace.root, params.tracking.experiment)
    sections = ("study", "points", "channel", "csa", "seed")
    with tracker.stage("physical_report", params, sections=sections) as run:
        layers = _layers(workspace, params)
        codebooks = _codebooks(params, layers[0].layer)
        study = params.study
        with progress_bar(
            "physical layers and bounds", len(study.snr_db) * len(params.points.csirs_symbols)
        ) as advance:
            measured = _measured(workspace, params, advance)
        with progress_bar("beams that age", 2 * len(study.speeds_kmh) * len(study.snr_db)) as advance:
            ageing = _ageing(params, _aged(params, layers[0], codebooks, measured), lambda: advance(1))
        rows = physical_rows(measured, seed=params.seed, bootstrap_samples=params.study.bootstrap_samples)
        reports, offset = workspace.reports, json_decibel(params.channel.bs_power_offset_db)
        write_rows(reports / "physical.json", rows)
        write_rows(reports / "physical_ageing.json", ageing)
        for name, figure in physical_figures(rows, ageing, params.points.capacity, offset).items():
            path = reports / "physical" / f"{name}.png"
            write_by_rename(path, partial(figure.savefig, dpi=120))
            run.log_artifact(path, "figures")
        summary = _summary(params, rows)
        write_json(reports / "physical_metrics.json", summary)
        run.log_artifact(reports / "physical.json")
        inputs = workspace.drop_digests("test", "val") | workspace.weight_digests("physical")
        for name, digest in inputs.items():
            run.log_dataset(name, digest, source=name, context="test")
        run.log_metrics({f"{name}/sum_se": value for name, value in summary["sum_se"].items()})


def _layers(workspace: Workspace, params: Params) -> list[_Layer]:
    """The trained layers, the one that the pipeline goes on with first."""
    points, front = params.points, params.csa.front
    everywhere = dict.fromkeys(points.csirs_symbols, points.feedback_bits)

    def trained(own: Params, weights: str) -> PhysicalLayer:
        layer = PhysicalLayer(own)
        load_weights(layer, workspace.weights(weights), own)
        return layer

    layers = [_Layer(f"{front}-elastic", trained(params, "physical"), everywhere)]
    for name, own in variants(params).items():
        layer = trained(own, f"{NAME}/{name}")
        if name == SUBCARRIER:
            layers.append(_Layer(SUBCARRIER, layer, everywhere))
        else:
            grid = {own.points.csirs_symbols[0]: own.points.feedback_bits}
            layers.append(_Layer(f"{front}-dedicated", layer, grid))
    return layers


def _codebooks(params: Params, learned: PhysicalLayer) -> dict[str, CodebookLayer]:
    """The codebook on CSI-RS of random phases, and on the learned ones: it tells what the CSI-RS alone are worth."""

    def build() -> CodebookLayer:
        return CodebookLayer(params.channel, params.csa, params.points.capacity.csirs_symbols)

    codebooks = {name: initialised(params, build).eval() for name in ("codebook", "codebook-learned-csirs")}
    codebooks["codebook-learned-csirs"].csirs.load_state_dict(learned.csirs.state_dict())
    return codebooks


def _measured(workspace: Workspace, params: Params, advance: Callable[[int], None]) -> dict[Case, Rates]:
    """Everything at every SNR and L."""
    # The longest CSI-RS take longest: no worker is to begin with them at the end.
    places = list(product(params.study.snr_db, params.points.csirs_symbols))[::-1]
    found = fan_out(partial(_measure_place, workspace, params), places, at_once(params), advance)
    return {case: rates for part in reversed(found) for case, rates in part.items()}


def _measure_place(workspace: Workspace, params: Params, place: tuple[float, int]) -> dict[Case, Rates]:
    """Bounds, codebooks and layers at one SNR and L, over B and the power of the CSI-RS."""
    snr_db, symbols = place
    study, points, seed = params.study, params.points, params.seed
    layers = _layers(workspace, params)
    codebooks = _codebooks(params, layers[0].layer)
    test, val = (open_drops(workspace.drops(part)) for part in ("test", "val"))
    for drops in (test, val):
        drops.check_matches(params.channel)
    paths, tuning = test.batch(slice(0, study.drops)), val.all()
    point = OperatingPoint(snr_db, symbols, max(points.feedback_bits), points.capacity.data_symbols)
    measured = _bounds(paths, point, params)
    for offset in study.bs_power_offset_db:
        channel = params.channel.model_copy(update={"bs_power_offset_db": offset})
        for scheme, codebook in codebooks.items():
            at_offset = codebook.under(channel)
            found = codebook_rates(at_offset, paths, point, points.feedback_bits, seed)
            tried = codebook_rates(at_offset, tuning, point, points.feedback_bits, seed)
            for budget in points.feedback_bits:
                best = _better_strategy(tried, budget)
                measured[Case(scheme, snr_db, symbols, budget, offset, best)] = found[budget, best]
        for entry in layers:
            if symbols not in entry.grid:
                continue
            own = replace(point, feedback_bits=max(entry.grid[symbols]))
            reached = layer_rates(entry.layer.under(channel), paths, own, entry.grid[symbols], seed)
            for budget, rates in reached.items():
                measured[Case(entry.scheme, snr_db, symbols, budget, offset)] = rates
    return measured


def _better_strategy(tried: Mapping[tuple[int, Strategy], Rates], budget: int) -> Strategy:
    """The strategy is known beforehand: it is chosen on validation drops, which are not measured."""
    return max(STRATEGIES, key=lambda name: float(tried[budget, name].coloured.mean()))


def _bounds(paths: PathDrops, point: OperatingPoint, params: Params) -> dict[Case, Rates]:
    digital = fully_digital(paths, 10 ** (point.snr_db / 10), data_symbols(point), params.channel)
    alone = digital.sum(dim=-1).double()
    place = (point.snr_db, point.csirs_symbols)
    return {
        Case("genie", *place): genie_rates(paths, point, params.channel, GENIE_STEPS),
        Case("full-digital", *place): Rates(alone, None),
    }


def _aged(
    params: Params, learned: _Layer, codebooks: Mapping[str, CodebookLayer], measured: Mapping[Case, Rates]
) -> dict[tuple[str, float], Acquirer]:
    """What is measured over time, by scheme and SNR: the learned layer, and the codebook as the rows have it."""
    home = (params.points.capacity.csirs_symbols, params.points.capacity.feedback_bits)
    offset = params.channel.bs_power_offset_db
    chosen = {
        case.snr_db: case.strategy
        for case in measured
        if case.scheme == "codebook"
        and (case.csirs_symbols, case.feedback_bits, case.bs_power_offset_db) == (*home, offset)
    }
    aged: dict[tuple[str, float], Acquirer] = {}
    for snr_db, strategy in chosen.items():
        aged["codebook", snr_db] = codebooks["codebook"].playing(strategy)
        aged[learned.scheme, snr_db] = learned.layer
    return aged


def _ageing(
    params: Params, layers: Mapping[tuple[str, float], Acquirer], advance: Callable[[], None]
) -> list[dict[str, Any]]:
    """Spectral efficiency at each data symbol after the CSI-RS, on drops that differ in their speed alone."""
    study, capacity = params.study, params.points.capacity
    symbols = torch.arange(study.aged_symbols) + capacity.csirs_symbols
    rows = []
    for speed in study.speeds_kmh:
        source = generator(params.seed, "evaluate", AGEING_DROPS)
        paths = draw_paths(study.drops, params.channel, source, speed_kmh=speed)
        for (scheme, snr_db), layer in layers.items():
            point = OperatingPoint(
                snr_db, capacity.csirs_symbols, capacity.feedback_bits, capacity.data_symbols
            )
            aged = rates_over_time(layer, paths, point, symbols, params.seed)
            ends = bootstrap_means(aged, study.bootstrap_samples, params.seed)
            for symbol, *figures in zip(symbols.tolist(), aged.mean(dim=0), *ends, strict=True):
                values = dict(zip(("sum_se", "ci_low", "ci_high"), figures, strict=True))
                rows.append(
                    {"scheme": scheme, "snr_db": snr_db, "speed_kmh": speed, "symbol": symbol}
                    | {name: round(float(value), 6) for name, value in values.items()}
                )
            advance()
    return rows


def _summary(params: Params, rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """What `dvc metrics diff` compares: every scheme at the largest L and B and at the channel's own CSI-RS power."""
    capacity = params.points.capacity
    home = {
        "csirs_symbols": (capacity.csirs_symbols,),
        "feedback_bits": (capacity.feedback_bits, None),
        "bs_power_offset_db": (json_decibel(params.channel.bs_power_offset_db), None),
    }
    chosen = [row for row in rows if all(row[key] in values for key, values in home.items())]
    return {"sum_se": {f"{row['scheme']}/{row['snr_db']:g}dB": row["sum_se"] for row in chosen}}
