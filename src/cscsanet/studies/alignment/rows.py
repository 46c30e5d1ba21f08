"""The rows of the study of phase alignment."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.evaluation.rates import json_decibel
from cscsanet.links.alignment import Alignment
from cscsanet.metrics.estimate import Estimate, estimate, optional_row, round6
from cscsanet.metrics.segmentation import miou


@dataclass(frozen=True)
class Case:
    """One trained link at one point. scheme: its access."""

    scheme: str
    alignment: Alignment
    point: OperatingPoint


@dataclass(frozen=True)
class AlignmentRow:
    """The mIoU of one case over sequences of images.

    ideal_miou: of the error-free link at the same Q. floor_miou: of the constant prediction.
    gain_share: the gain over no alignment, as a share of the gain of the genie at the first data symbol,
    paired over sequences; None where either of these was not measured.
    """

    case: Case
    miou: Estimate
    ideal_miou: float
    floor_miou: float
    gain_share: Estimate | None
    images: int
    seed: int

    @property
    def key(self) -> str:
        """The row's name among the metrics."""
        point = self.case.point
        return f"{self.case.scheme}-{self.case.alignment}/Q{point.data_symbols}/{point.snr_db:g}dB"

    def columns(self) -> dict[str, Any]:
        """Return the row as alignment.json holds it."""
        case, point = self.case, self.case.point
        return {
            "scheme": case.scheme,
            "alignment": case.alignment,
            "snr_db": point.snr_db,
            "csirs_symbols": point.csirs_symbols,
            "feedback_bits": point.feedback_bits,
            "data_symbols": point.data_symbols,
            **self.miou.row("miou"),
            "ideal_miou": round6(self.ideal_miou),
            "floor_miou": round6(self.floor_miou),
            "share_of_ideal": round(
                (self.miou.value - self.floor_miou) / (self.ideal_miou - self.floor_miou), 4
            ),
            **optional_row(self.gain_share, "kept", "kept_low", "kept_high"),
            "images": self.images,
            "seed": self.seed,
        }


@dataclass(frozen=True)
class RobustnessRow:
    """The mIoU of one trained link in a changed channel.

    label: of the variant. over: the parameter of the channel that is changed. value: its new value.
    """

    scheme: str
    label: str
    over: str
    value: float
    point: OperatingPoint
    miou: Estimate
    seed: int

    def columns(self) -> dict[str, Any]:
        """Return the row as alignment_robustness.json holds it."""
        return {
            "scheme": self.scheme,
            "alignment": self.label,
            "over": self.over,
            "value": json_decibel(self.value),
            "snr_db": self.point.snr_db,
            "data_symbols": self.point.data_symbols,
            **self.miou.row("miou"),
            "seed": self.seed,
        }


@dataclass(frozen=True)
class PhaseRow:
    """The residual phase error of one kind of alignment, root mean square over the drops [rad].

    over: the axis that the row belongs to. csirs_snr_db: SNR of the CSI-RS at a UE antenna.
    speed_kmh: of both UEs; None for the drops of the test part. symbol: the data symbol, from 0;
    None for all of them together.
    """

    alignment: Alignment
    over: str
    csirs_snr_db: float
    csirs_symbols: int
    speed_kmh: float | None
    symbol: int | None
    rms_rad: Estimate

    def columns(self) -> dict[str, Any]:
        """Return the row as alignment_phase.json holds it."""
        return {
            "alignment": self.alignment,
            "over": self.over,
            "csirs_snr_db": json_decibel(self.csirs_snr_db),
            "csirs_symbols": self.csirs_symbols,
            "speed_kmh": self.speed_kmh,
            "symbol": self.symbol,
            **self.rms_rad.row("rms_rad"),
        }


def alignment_rows(
    measured: Mapping[Case, Tensor],
    ideal: Mapping[int, float],
    floor: float,
    *,
    images: int,
    samples: int,
    seed: int,
) -> list[AlignmentRow]:
    """Reduce the confusion matrices (sequences, 9, 9) of every case to rows.

    ideal: Q -> mIoU of the error-free link. floor: mIoU of the constant prediction.
    """
    rows = []
    for case, counts in measured.items():
        unaligned, genie = (
            measured.get(Case(case.scheme, kind, case.point)) for kind in ("none", "genie-first")
        )
        share = None
        if unaligned is not None and genie is not None:
            share = _gain_share(counts, unaligned, genie, samples, seed)
        mean = estimate(counts, miou, samples, seed)
        rows.append(AlignmentRow(case, mean, ideal[case.point.data_symbols], floor, share, images, seed))
    return rows


def _gain_share(counts: Tensor, floor: Tensor, genie: Tensor, samples: int, seed: int) -> Estimate | None:
    """Return the share of the genie's gain over the floor; all are counts (sequences, 9, 9).

    None where the genie gains nothing, as in models that have learned nothing.
    """

    def share(sums: Tensor) -> Tensor:
        reached, lowest, bound = miou(sums).unbind(dim=-1)
        return (reached - lowest) / (bound - lowest)

    kept = estimate(torch.stack((counts, floor, genie), dim=1), share, samples, seed)
    return kept if all(map(math.isfinite, kept)) else None
