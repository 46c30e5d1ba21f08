"""The report as one page of HTML that needs nothing beside itself: no network, no scripts, pictures within."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, UndefinedError

from cscsanet.errors import CscsanetError
from cscsanet.page import claims, deployed, tables
from cscsanet.page.figures import figures
from cscsanet.page.headlines import headlines
from cscsanet.page.inputs import Inputs, read_inputs
from cscsanet.page.rows import RowIndex, anchor, count, number, place, reference

__all__ = ["RunFacts", "build_page"]


@dataclass(frozen=True)
class RunFacts:
    """How the results came to be.

    home: snr_db, csirs_symbols, feedback_bits, data_symbols of the point where the axes cross. repeat_seeds: further
    training seeds. commit: None outside of git; changed: sources differ from it. versions, digests: by name.
    """

    profile: str
    seed: int
    home: Mapping[str, Any]
    repeat_seeds: Sequence[int] = ()
    commit: str | None = None
    changed: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)


def build_page(reports: Path, run: RunFacts) -> str:
    """Return the page over the results below a folder; what is optional and missing is left out.

    Raises:
        CscsanetError: sweeps.json or claims.json is missing, or a file is damaged.
    """
    inputs = read_inputs(reports)
    try:
        return _environment().get_template("report.html.j2").render(_content(inputs, run))
    except (KeyError, UndefinedError) as error:
        raise CscsanetError(
            f"{reports}: a result lacks a field ({error}); run 'dvc repro' to make the results anew"
        ) from None


def _content(inputs: Inputs, run: RunFacts) -> dict[str, Any]:
    index = RowIndex(inputs.rows)
    snrs, schemes = tables.scheme_lines(inputs, index, run.home)
    seeds, reseeded = tables.seed_lines(index, run.home)
    efficiency_snrs, efficiency = tables.efficiency_lines(inputs.efficiency)
    times, seconds, machines = tables.times(inputs)
    threads, latencies = deployed.latency_lines(inputs)
    counts = claims.verdict_counts(inputs.claims)
    return {
        "run": run,
        "index": index,
        "home": run.home,
        "ledger": inputs.claims,
        "own": inputs.claims.get("own", []),
        "untested": inputs.claims.get("untested", []),
        "counts": counts,
        "verdicts": claims.verdicts(counts),
        "forms": claims.FORMS,
        "short": claims.SHORT,
        "grouped": claims.grouped,
        "by_figure": claims.by_figure(inputs.claims["claims"]),
        "headlines": headlines(index, run.home),
        "floor": index.at("constant", run.home),
        "figures": figures(inputs, index, run.home),
        "titles": tables.scheme_titles(inputs),
        "snrs": snrs,
        "schemes": schemes,
        "seeds": seeds,
        "reseeded": reseeded,
        "dedicated": tables.dedicated_lines(index),
        "trainings": tables.training_lines(inputs),
        "efficiency_snrs": efficiency_snrs,
        "efficiency": efficiency,
        "parts": tables.part_lines(inputs, run.home),
        "alignments": tables.alignment_lines(inputs, run.home),
        "table_ii": inputs.complexity.get("table_ii", ()),
        "parity": deployed.parity_lines(inputs),
        "networks": deployed.network_lines(inputs),
        "latency": inputs.latency,
        "threads": threads,
        "latencies": latencies,
        "int8": deployed.int8_lines(inputs),
        "times": times,
        "seconds": seconds,
        "machines": machines,
        "groups": index.by_scheme(),
        "classes": list(next(iter(index))["iou"]) if inputs.rows else [],
        "picture": inputs.picture,
        "confusions": inputs.confusions(),
    }


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("cscsanet.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(anchor=anchor, reference=reference, place=place, mark=claims.mark)
    environment.filters.update(number=number, count=count, duration=_duration)
    return environment


def _duration(seconds: float) -> str:
    whole = round(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {whole % 60:02d} s" if minutes else f"{seconds:.1f} s"
