"""The rows of the report on the physical layer, from the rates of each drop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from cscsanet.baselines.codebook import Strategy
from cscsanet.config.params import Params
from cscsanet.evaluation.rates import Rates, json_decibel
from cscsanet.metrics.bootstrap import bootstrap_means
from cscsanet.metrics.estimate import Estimate, optional_row, round6

# End of a scheme's name -> end of the name of the scheme that its difference is taken from.
_AGAINST = {"elastic": "codebook", "subcarrier": "codebook", "dedicated": "elastic"}


@dataclass(frozen=True)
class Case:
    """One scheme at one point.

    A bound has neither feedback nor CSI-RS power. Only a codebook has a strategy.
    """

    scheme: str
    snr_db: float
    csirs_symbols: int
    feedback_bits: int | None = None
    bs_power_offset_db: float | None = None
    strategy: Strategy | None = None


@dataclass(frozen=True)
class PhysicalRow:
    """Spectral efficiency of one case over the drops.

    sum_se: [bit/s/Hz], with its interval over drops. share_of_genie: sum_se over the genie's.
    sum_se_paper: by eq. (30); None for the fully digital bound. By that equation the genie is no
    bound, since its beams are optimised for the other one. difference: of sum_se from that of the
    scheme `against` at the same point, paired over drops.
    """

    case: Case
    sum_se: Estimate
    share_of_genie: float
    sum_se_paper: Estimate | None
    against: str | None
    difference: Estimate | None
    drops: int
    seed: int

    def columns(self) -> dict[str, Any]:
        """Return the row as physical.json holds it."""
        case, offset = self.case, self.case.bs_power_offset_db
        return {
            "scheme": case.scheme,
            "snr_db": case.snr_db,
            "csirs_symbols": case.csirs_symbols,
            "feedback_bits": case.feedback_bits,
            "bs_power_offset_db": None if offset is None else json_decibel(offset),
            **self.sum_se.row("sum_se"),
            "share_of_genie": round6(self.share_of_genie),
            **optional_row(self.sum_se_paper, "sum_se_paper", "paper_ci_low", "paper_ci_high"),
            "against": self.against,
            **optional_row(self.difference, "difference", "difference_low", "difference_high"),
            "strategy": case.strategy,
            "drops": self.drops,
            "seed": self.seed,
        }


@dataclass(frozen=True)
class AgeingCase:
    """One layer with beams set once, at one SNR and one speed of both UEs."""

    scheme: str
    snr_db: float
    speed_kmh: float


@dataclass(frozen=True)
class AgeingRow:
    """Spectral efficiency [bit/s/Hz] of one case at one OFDM symbol, over the drops."""

    case: AgeingCase
    symbol: int
    sum_se: Estimate

    def columns(self) -> dict[str, Any]:
        """Return the row as physical_ageing.json holds it."""
        return {
            "scheme": self.case.scheme,
            "snr_db": self.case.snr_db,
            "speed_kmh": self.case.speed_kmh,
            "symbol": self.symbol,
            **self.sum_se.row("sum_se"),
        }


def physical_rows(measured: Mapping[Case, Rates], *, seed: int, bootstrap_samples: int) -> list[PhysicalRow]:
    """Reduce the rates of every case to rows; all cases are measured on the same drops."""
    cases = list(measured)
    references = [_reference(case, cases) for case in cases]
    differences = [
        measured[case].coloured - measured[reference or case].coloured
        for case, reference in zip(cases, references, strict=True)
    ]
    coloured = _estimates([measured[case].coloured for case in cases], bootstrap_samples, seed)
    paper = _estimates([_paper_or_zero(measured[case]) for case in cases], bootstrap_samples, seed)
    paired = _estimates(differences, bootstrap_samples, seed)
    genie = {
        (case.snr_db, case.csirs_symbols): float(measured[case].coloured.mean())
        for case in cases
        if case.scheme == "genie"
    }
    return [
        PhysicalRow(
            case=case,
            sum_se=coloured[index],
            share_of_genie=coloured[index].value / genie[case.snr_db, case.csirs_symbols],
            sum_se_paper=None if measured[case].paper is None else paper[index],
            against=reference.scheme if reference else None,
            difference=paired[index] if reference else None,
            drops=len(measured[case].coloured),
            seed=seed,
        )
        for index, (case, reference) in enumerate(zip(cases, references, strict=True))
    ]


def ageing_rows(
    measured: Mapping[AgeingCase, Tensor], symbols: Tensor, *, seed: int, bootstrap_samples: int
) -> list[AgeingRow]:
    """Reduce the rates (drops, T) of every case at the OFDM symbols (T,) to rows."""
    rows = []
    for case, rates in measured.items():
        low, high = bootstrap_means(rates, bootstrap_samples, seed)
        for symbol, *numbers in zip(symbols.tolist(), rates.mean(dim=0), low, high, strict=True):
            rows.append(AgeingRow(case, symbol, Estimate(*map(float, numbers))))
    return rows


def summary(rows: Sequence[PhysicalRow], params: Params) -> dict[str, float]:
    """Return the sum spectral efficiency of every scheme and SNR.

    The point: the largest L and B, and the CSI-RS power of params.yaml.
    """
    capacity = params.points.capacity
    return {
        f"{row.case.scheme}/{row.case.snr_db:g}dB": round6(row.sum_se.value)
        for row in rows
        if row.case.csirs_symbols == capacity.csirs_symbols
        and row.case.feedback_bits in (capacity.feedback_bits, None)
        and row.case.bs_power_offset_db in (params.channel.bs_power_offset_db, None)
    }


def _estimates(per_case: Sequence[Tensor], samples: int, seed: int) -> list[Estimate]:
    """Return the mean of each case's values (drops,). All cases are resampled in the same way."""
    values = torch.stack(list(per_case), dim=1)
    low, high = bootstrap_means(values, samples, seed)
    return [
        Estimate(float(values[:, index].mean()), float(low[index]), float(high[index]))
        for index in range(len(per_case))
    ]


def _paper_or_zero(rates: Rates) -> Tensor:
    return torch.zeros_like(rates.coloured) if rates.paper is None else rates.paper


def _reference(case: Case, cases: Sequence[Case]) -> Case | None:
    """Return the case at the same point that `difference` is taken from."""
    ending = next((against for part, against in _AGAINST.items() if case.scheme.endswith(part)), None)
    if ending is None:
        return None
    return next(
        (other for other in cases if other.scheme.endswith(ending) and _point(other) == _point(case)), None
    )


def _point(case: Case) -> tuple[float, int, int | None, float | None]:
    return case.snr_db, case.csirs_symbols, case.feedback_bits, case.bs_power_offset_db
