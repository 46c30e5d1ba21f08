"""The rows of the report on the physical layer, from the rates of each drop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from cscsanet.evaluation.physical_rates import Rates
from cscsanet.links.codebook_layer import Strategy
from cscsanet.metrics.bootstrap import bootstrap_means

# A row's opponent in `difference`: whom a reader compares it with first.
_AGAINST = {"elastic": "codebook", "subcarrier": "codebook", "dedicated": "elastic"}


@dataclass(frozen=True)
class Case:
    """What one row is about. A bound has neither feedback nor CSI-RS power; only a codebook has a strategy."""

    scheme: str
    snr_db: float
    csirs_symbols: int
    feedback_bits: int | None = None
    bs_power_offset_db: float | None = None
    strategy: Strategy | None = None


def physical_rows(
    measured: Mapping[Case, Rates], *, seed: int, bootstrap_samples: int
) -> list[dict[str, Any]]:
    """Reduce the rates of every case to rows.

    sum_se [bit/s/Hz] with its 95 % interval ci_low, ci_high over drops; sum_se_paper and its interval by eq. (30), None
    for the fully digital bound; by that equation the genie is no bound, since its beams were sought for the other one.
    share_of_genie: of the genie's mean. difference, difference_low, difference_high: from the scheme `against` at the
    same point, paired over drops.
    """
    cases = list(measured)
    opponents = [_opponent(case, cases) for case in cases]
    coloured = torch.stack([measured[case].coloured for case in cases], dim=1)
    paper = torch.stack([_by_equation(measured[case]) for case in cases], dim=1)
    paired = torch.stack(
        [
            measured[case].coloured - measured[other or case].coloured
            for case, other in zip(cases, opponents, strict=True)
        ],
        dim=1,
    )
    bounds = [bootstrap_means(values, bootstrap_samples, seed) for values in (coloured, paper, paired)]
    genie = {
        (case.snr_db, case.csirs_symbols): float(measured[case].coloured.mean())
        for case in cases
        if case.scheme == "genie"
    }
    rows = []
    for index, (case, other) in enumerate(zip(cases, opponents, strict=True)):
        low, high = (_figures(end, index) for end in zip(*bounds, strict=True))
        by_equation = measured[case].paper is not None
        mean = float(coloured[:, index].mean())
        rows.append(
            {
                "scheme": case.scheme,
                "snr_db": case.snr_db,
                "csirs_symbols": case.csirs_symbols,
                "feedback_bits": case.feedback_bits,
                "bs_power_offset_db": None
                if case.bs_power_offset_db is None
                else json_decibel(case.bs_power_offset_db),
                "sum_se": _figure(mean),
                "ci_low": low[0],
                "ci_high": high[0],
                "share_of_genie": _figure(mean / genie[case.snr_db, case.csirs_symbols]),
                "sum_se_paper": _figure(float(paper[:, index].mean())) if by_equation else None,
                "paper_ci_low": low[1] if by_equation else None,
                "paper_ci_high": high[1] if by_equation else None,
                "against": other.scheme if other else None,
                "difference": _figure(float(paired[:, index].mean())) if other else None,
                "difference_low": low[2] if other else None,
                "difference_high": high[2] if other else None,
                "strategy": case.strategy,
                "drops": len(coloured),
                "seed": seed,
            }
        )
    return rows


def _by_equation(rates: Rates) -> torch.Tensor:
    return torch.zeros_like(rates.coloured) if rates.paper is None else rates.paper


def _opponent(case: Case, cases: Sequence[Case]) -> Case | None:
    wanted = next((other for part, other in _AGAINST.items() if case.scheme.endswith(part)), None)
    place = (case.snr_db, case.csirs_symbols, case.feedback_bits, case.bs_power_offset_db)
    for other in cases:
        here = (other.snr_db, other.csirs_symbols, other.feedback_bits, other.bs_power_offset_db)
        if wanted and other.scheme.endswith(wanted) and here == place:
            return other
    return None


def json_decibel(value: float) -> float | str:
    """JSON has no infinity; a word that Python's float() reads stands for a CSI-RS without noise."""
    return "inf" if value == float("inf") else value


def _figures(ends: Sequence[torch.Tensor], index: int) -> list[float]:
    return [_figure(float(end[index])) for end in ends]


def _figure(value: float) -> float:
    return round(value, 6)
