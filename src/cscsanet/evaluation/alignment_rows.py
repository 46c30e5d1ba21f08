"""The rows of the study of phase alignment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from cscsanet.links.alignment import Alignment
from cscsanet.metrics.bootstrap import bootstrap_interval
from cscsanet.metrics.segmentation import miou
from cscsanet.points import OperatingPoint


@dataclass(frozen=True)
class Case:
    """One trained link at one point."""

    scheme: str
    alignment: Alignment
    point: OperatingPoint


def miou_figures(counts: Tensor, samples: int, seed: int) -> dict[str, float]:
    """Return the mIoU of confusion matrices (sequences, 9, 9) and its 95 % interval over sequences of images."""
    ends = bootstrap_interval(counts, miou, samples, seed)
    return _rounded({"miou": float(miou(counts.sum(dim=0))), "ci_low": ends[0], "ci_high": ends[1]})


def alignment_rows(
    measured: Mapping[Case, Tensor], ideal: Mapping[int, float], *, images: int, samples: int, seed: int
) -> list[dict[str, Any]]:
    """Reduce the confusion matrices (sequences, 9, 9) of every case to rows.

    ideal: the ceiling's mIoU for each Q. kept, kept_low, kept_high: the share of what the genie at the first data symbol
    gains over none that this alignment keeps, with its 95 % interval, paired over sequences; None where that was not measured.
    """
    rows = []
    for case, counts in measured.items():
        figures = miou_figures(counts, samples, seed)
        point, ceiling = case.point, round(ideal[case.point.data_symbols], 6)
        ends = [measured.get(Case(case.scheme, kind, point)) for kind in ("none", "genie-first")]
        rows.append(
            {
                "scheme": case.scheme,
                "alignment": case.alignment,
                "snr_db": point.snr_db,
                "csirs_symbols": point.csirs_symbols,
                "feedback_bits": point.feedback_bits,
                "data_symbols": point.data_symbols,
                **figures,
                "ideal_miou": ceiling,
                "share_of_ideal": round(figures["miou"] / ceiling, 4),
                **_kept(counts, *ends, samples=samples, seed=seed),
                "images": images,
                "seed": seed,
            }
        )
    return rows


def _kept(
    own: Tensor, none: Tensor | None, genie: Tensor | None, *, samples: int, seed: int
) -> dict[str, float | None]:
    if none is None or genie is None:
        return dict.fromkeys(("kept", "kept_low", "kept_high"))

    def share(counts: Tensor) -> Tensor:
        reached, floor, bound = miou(counts).unbind(dim=-1)
        return (reached - floor) / (bound - floor)

    together = torch.stack((own, none, genie), dim=1)
    low, high = bootstrap_interval(together, share, samples, seed)
    return dict(_rounded({"kept": float(share(together.sum(dim=0))), "kept_low": low, "kept_high": high}))


def _rounded(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in figures.items()}
