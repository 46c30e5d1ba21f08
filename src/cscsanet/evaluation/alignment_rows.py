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


def miou_figures(per_image: Tensor, samples: int, seed: int) -> dict[str, float]:
    """Return the mIoU of confusion matrices (images, 9, 9) and its 95 % interval over images."""
    ends = bootstrap_interval(per_image, miou, samples, seed)
    return _rounded({"miou": float(miou(per_image.sum(dim=0))), "ci_low": ends[0], "ci_high": ends[1]})


def alignment_rows(
    measured: Mapping[Case, Tensor], ideal: Mapping[int, float], *, samples: int, seed: int
) -> list[dict[str, Any]]:
    """Reduce the confusion matrices (images, 9, 9) of every case to rows.

    ideal: the ceiling's mIoU for each Q. kept, kept_low, kept_high: the share of what the genie at the first data symbol
    gains over none that this alignment keeps, with its 95 % interval, paired over images; None where that was not measured.
    """
    rows = []
    for case, per_image in measured.items():
        figures = miou_figures(per_image, samples, seed)
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
                **_kept(per_image, *ends, samples=samples, seed=seed),
                "images": len(per_image),
                "seed": seed,
            }
        )
    return rows


def _kept(
    per_image: Tensor, none: Tensor | None, genie: Tensor | None, *, samples: int, seed: int
) -> dict[str, float | None]:
    if none is None or genie is None:
        return dict.fromkeys(("kept", "kept_low", "kept_high"))

    def share(counts: Tensor) -> Tensor:
        own, floor, bound = miou(counts).unbind(dim=-1)
        return (own - floor) / (bound - floor)

    together = torch.stack((per_image, none, genie), dim=1)
    low, high = bootstrap_interval(together, share, samples, seed)
    return dict(_rounded({"kept": float(share(together.sum(dim=0))), "kept_low": low, "kept_high": high}))


def _rounded(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in figures.items()}
