"""The report as one self-contained HTML page: no network, no scripts, pictures within.

Every text is escaped. Besides, the page tells browsers to take nothing but its pictures and its style sheet.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, UndefinedError

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.schemes import FLOOR
from cscsanet.errors import CscsanetError
from cscsanet.page import assumptions, claims, deployment, minds, robustness, specialists, tables
from cscsanet.page.figures import figures
from cscsanet.page.glossary import TERMS, scheme_terms
from cscsanet.page.pictures import width_rules
from cscsanet.page.results import Results, read_results
from cscsanet.page.rows import RowIndex, anchor, count, number, point_text, reference_text, training_text
from cscsanet.page.summary import holds, summary

__all__ = ["RunFacts", "build_page"]


@dataclass(frozen=True)
class RunFacts:
    """The run that made the results.

    reference: the operating point where the axes cross. repeat_seeds: further training seeds.
    commit: None outside of git. changed: whether the sources differ from the commit. versions: of
    libraries, by name. digests: of data, by name.
    """

    profile: str
    seed: int
    reference: OperatingPoint
    repeat_seeds: Sequence[int] = ()
    commit: str | None = None
    changed: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)


def build_page(reports: Path, run: RunFacts) -> str:
    """Return the page over the results below a folder, without the optional results that are missing.

    Raises:
        CscsanetError: sweeps.json or claims.json is missing, or a file is damaged.
    """
    results = read_results(reports)
    try:
        environment = _environment()
        content = _content(results, run)
        look = _look(environment, width_rules(results.pictures.values()))
        return environment.get_template("report.html.j2").render({**content, **look})
    except (KeyError, UndefinedError) as error:
        raise CscsanetError(
            f"{reports}: a result lacks a field ({error}); run 'dvc repro' to make the results again"
        ) from None


def _content(results: Results, run: RunFacts) -> dict[str, Any]:
    index, reference = RowIndex(results.rows), run.reference
    snrs, schemes = tables.scheme_lines(results, index, reference)
    seeds, reseeded = tables.seed_lines(index, reference)
    efficiency_snrs, efficiency = tables.efficiency_lines(results.efficiency)
    times, seconds, machines = tables.times(results)
    threads, latencies = deployment.latency_lines(results)
    delay_speed, delays, delay_lines = robustness.delay_lines(results)
    access_lengths, access_lines = specialists.access_lines(results)
    counts = claims.verdict_counts(results.claims)
    study = assumptions.study(results.assumptions, assumptions.compared_snrs(results.equal))
    content = {
        "run": run,
        "index": index,
        "reference": reference,
        "ledger": results.claims,
        "our_claims": results.claims.get("own", []),
        "untested": results.claims.get("untested", []),
        "counts": counts,
        "verdicts": claims.all_verdicts(counts),
        "forms": claims.FORMS,
        "readings": claims.READINGS,
        "grouped": claims.grouped,
        "by_figure": claims.by_figure(results.claims["claims"]),
        "summary": summary(results.equal, reference),
        "glance": results.picture("summary"),
        "study": study,
        "study_picture": results.picture("leads", "assumptions"),
        "negative": minds.negative_lines([*results.claims["claims"], *results.claims.get("own", [])], study),
        "floor": index.at(FLOOR, reference),
        "figures": figures(results, index),
        "titles": tables.scheme_titles(results),
        "background": tables.background(results),
        "snrs": snrs,
        "schemes": schemes,
        "left_out_schemes": tables.left_out_schemes(results),
        "seeds": seeds,
        "reseeded": reseeded,
        "dedicated": tables.dedicated_lines(index),
        "trainings": tables.training_lines(results),
        "efficiency_snrs": efficiency_snrs,
        "efficiency": efficiency,
        "parts": tables.part_lines(results, reference),
        "alignments": tables.alignment_lines(results, reference),
        "robustness_pictures": robustness.robustness_pictures(results),
        "delay_speed": delay_speed,
        "delays": delays,
        "delay_lines": delay_lines,
        "comparisons": robustness.comparison_lines(results),
        "access_pictures": specialists.access_pictures(results),
        "access_lengths": access_lengths,
        "access_lines": access_lines,
        "access_claims": results.access_claims,
        "fusion_pictures": specialists.fusion_pictures(results),
        "fusion_tables": specialists.fusion_tables(results),
        "fusion_claims": results.fusion_claims,
        "table_ii": results.complexity.get("table_ii", ()),
        "parity": deployment.parity_lines(results),
        "networks": deployment.network_lines(results),
        "left_out_units": deployment.left_out_units(results),
        "latency": results.latency,
        "threads": threads,
        "latencies": latencies,
        "int8": deployment.int8_lines(results),
        "times": times,
        "seconds": seconds,
        "machines": machines,
        "groups": index.by_scheme(),
        "classes": list(results.rows[0].iou) if results.rows else [],
        "iou": results.picture("iou"),
        "confusions": results.confusions(),
        "terms": TERMS,
        "words_in_order": sorted(TERMS.items(), key=lambda entry: entry[1].name.casefold()),
        "scheme_terms": scheme_terms(),
    }
    return {**content, "sections": _sections(content)}


def _sections(content: Mapping[str, Any]) -> dict[str, str]:
    """Return the sections that the page has, in their order: id -> title in the table of contents."""
    deployed = ("table_ii", "parity", "networks", "latencies", "left_out_units")
    sections = {
        "summary": ("Summary", True),
        "verdicts": ("What holds", True),
        "figures": ("Figures", content["figures"]),
        "claims": ("Claims ledger", True),
        "assumptions": ("What is left open", content["study"]),
        "tables": ("Tables", True),
        "robustness": ("Latency and impairments", content["delays"]),
        "deployment": ("Deployment", any(content[name] for name in deployed)),
        "specialists": ("Specialist: who is active?", content["access_lengths"]),
        "fusion": ("Specialist: SRS and feedback", content["fusion_tables"]),
        "run": ("How it was run", True),
        "rows": ("All rows", True),
        "glossary": ("Glossary", True),
    }
    return {name: title for name, (title, there) in sections.items() if there}


def _look(environment: Environment, rules: str) -> dict[str, Any]:
    """Return the style sheet, and the policy that lets browsers use it, by its digest, and data URIs of pictures.

    rules: of this page's pictures, at the end of the style sheet.
    """
    assert environment.loader
    source, _, _ = environment.loader.get_source(environment, "report.css")
    style = f"\n{source}\n{rules}"
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    return {"style": style, "policy": policy}


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("cscsanet.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        anchor=anchor,
        point_text=point_text,
        reference_text=reference_text,
        mark=claims.mark,
        is_verdict=claims.is_verdict,
        holds=holds,
        flips=claims.flips,
    )
    environment.filters.update(number=number, count=count, duration=_duration, training=training_text)
    return environment


def _duration(seconds: float) -> str:
    whole = round(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {whole % 60:02d} s" if minutes else f"{seconds:.1f} s"
