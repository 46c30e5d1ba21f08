"""The rows of the report on the separated designs: CSI accuracy, spectral efficiency, mIoU."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from cscsanet.baselines.path_channel import CsiAccuracy
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.metrics.bootstrap import bootstrap_means
from cscsanet.metrics.estimate import Estimate, round6


@dataclass(frozen=True)
class CsiRow:
    """Accuracy of the CSI of one method at one point, over drops.

    part: `estimate` at the UE, or `feedback`, the channel rebuilt at the BS. nmse_db: [dB], rounded
    to four decimals. sgcs: squared generalised cosine similarity.
    """

    part: str
    method: str
    point: OperatingPoint
    nmse_db: Estimate
    sgcs: Estimate
    drops: int
    seed: int

    @property
    def value(self) -> Estimate:
        """The estimate that is drawn and summarised."""
        return self.nmse_db

    def columns(self) -> dict[str, Any]:
        """Return the row as separated.json holds it."""
        return {
            "part": self.part,
            "method": self.method,
            **_point_columns(self.point),
            **self.nmse_db.row("nmse_db"),
            **self.sgcs.row("sgcs", "sgcs_low", "sgcs_high"),
            "drops": self.drops,
            "seed": self.seed,
        }


@dataclass(frozen=True)
class RateRow:
    """Sum spectral efficiency [bit/s/Hz] of one method at one point, over drops.

    part: `beams`, after detection, or `hybrid`, of the beams alone.
    """

    part: str
    method: str
    point: OperatingPoint
    sum_se: Estimate
    drops: int
    seed: int

    @property
    def value(self) -> Estimate:
        """The estimate that is drawn and summarised."""
        return self.sum_se

    def columns(self) -> dict[str, Any]:
        """Return the row as separated.json holds it."""
        return {
            "part": self.part,
            "method": self.method,
            **_point_columns(self.point),
            **self.sum_se.row("sum_se"),
            "drops": self.drops,
            "seed": self.seed,
        }


@dataclass(frozen=True)
class CodecRow:
    """The mIoU of the source codec over the link of `dlcsi-pca`, over sequences of images.

    trained_on: the channel of its last training. lead: over the codec that was trained with white
    noise only, paired over sequences; None for that codec itself.
    """

    trained_on: str
    split: str
    snr_db: float
    miou: Estimate
    lead: Estimate | None

    def columns(self) -> dict[str, Any]:
        """Return the row as separated.json holds it."""
        return {
            "trained_on": self.trained_on,
            "split": self.split,
            "snr_db": self.snr_db,
            **self.miou.row("miou"),
            **(self.lead.row("lead", "lead_low", "lead_high") if self.lead else {}),
        }


@dataclass(frozen=True)
class NoiselessRow:
    """The link of `perfect-pca` without noise and motion.

    symbol_nmse: mean squared error of the detected payload symbols, which have unit energy.
    ceiling: mIoU of the same codec over a channel without errors.
    """

    point: OperatingPoint
    symbol_nmse: float
    miou: float
    ceiling: float
    images: int

    def columns(self) -> dict[str, Any]:
        """Return the row as separated.json holds it."""
        return {
            "snr_db": self.point.snr_db,
            "speed_kmh": 0.0,
            "data_symbols": self.point.data_symbols,
            "symbol_nmse": float(f"{self.symbol_nmse:.3g}"),
            "miou": round6(self.miou),
            "ceiling": round6(self.ceiling),
            "images": self.images,
        }


def csi_row(
    part: str,
    method: str,
    point: OperatingPoint,
    accuracy: Sequence[CsiAccuracy],
    *,
    users: int,
    seed: int,
    bootstrap_samples: int,
) -> CsiRow:
    """Reduce accuracies (drops x UEs) of all chunks to a row. A drop is the mean over its UEs."""
    nmse, sgcs = (
        torch.cat([getattr(chunk, field) for chunk in accuracy]).double().reshape(-1, users).mean(dim=1)
        for field in ("nmse", "sgcs")
    )
    low, high = bootstrap_means(torch.stack((nmse, sgcs), dim=1), bootstrap_samples, seed)
    return CsiRow(
        part,
        method,
        point,
        Estimate(*(_decibel(float(value)) for value in (nmse.mean(), low[0], high[0]))),
        Estimate(float(sgcs.mean()), float(low[1]), float(high[1])),
        len(nmse),
        seed,
    )


def summary(
    rows: Sequence[CsiRow | RateRow], codec: Sequence[CodecRow], noiseless: NoiselessRow
) -> dict[str, float]:
    """Return the numbers that `dvc metrics diff` compares, named as in the MLflow run."""
    metrics = {}
    for row in rows:
        point = row.point
        name = f"{row.part}/{row.method}/{point.snr_db:g}dB/L{point.csirs_symbols}/B{point.feedback_bits}"
        metrics[name.replace(",", "")] = round6(row.value.value)
    for codec_row in codec:
        name = f"codec/{codec_row.trained_on}/{codec_row.split}/{codec_row.snr_db:g}dB/miou"
        metrics[name] = round6(codec_row.miou.value)
    columns = noiseless.columns()
    return {**metrics, **{f"without_noise/{name}": columns[name] for name in ("symbol_nmse", "miou")}}


def _point_columns(point: OperatingPoint) -> dict[str, Any]:
    return {
        "snr_db": point.snr_db,
        "csirs_symbols": point.csirs_symbols,
        "feedback_bits": point.feedback_bits,
    }


def _decibel(value: float) -> float:
    return round(10 * float(torch.log10(torch.tensor(max(value, 1e-12)))), 4)
