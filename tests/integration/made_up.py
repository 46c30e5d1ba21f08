"""Made-up results in the form that the pipeline leaves them, small: what the tests of the page look at."""

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cscsanet.scenes.classes import CLASS_NAMES

LEVELS = {
    "noma": 0.14,
    "noma-aligned": 0.29,
    "oma": 0.139,
    "oma-aligned": 0.22,
    "dlcsi-dl": 0.3,
    "dlcsi-pca": 0.298,
    "perfect-dl": 0.305,
    "perfect-pca": 0.304,
    "codebook": 0.27,
}
FIXED = {"ideal": 0.336, "ideal-oma": 0.26, "mfnet": 0.53, "constant": 0.099}
HOME = {"snr_db": -25.0, "csirs_symbols": 8, "feedback_bits": 1024, "data_symbols": 4}
SNRS = (-40.0, -35.0, -30.0, -25.0, -20.0, -15.0, -10.0)


def row(scheme: str, level: float, point: dict[str, Any], repeat: str | None = None) -> dict[str, Any]:
    """One result row; the worse the point, the nearer to the floor."""
    drop = 0.0
    if point["snr_db"] is not None:
        drop = 0.004 * max(0.0, -20 - point["snr_db"]) + 0.05 / point["csirs_symbols"]
        drop += 0.3 / point["feedback_bits"] + 0.03 / point["data_symbols"]
    miou = round(max(0.099, level - drop), 6)
    return {
        "scheme": scheme,
        "model": scheme.encode().hex().ljust(64, "0")[:64],
        "split": "test",
        **point,
        "seed": 1,
        "images": 320,
        "channel_draws": 1,
        "miou": miou,
        "ci_low": round(miou - 0.005, 6),
        "ci_high": round(miou + 0.005, 6),
        "miou_day": round(miou + 0.004, 6),
        "miou_night": round(miou - 0.004, 6),
        "miou_mfnet": round(1.2 * miou, 6),
        "pixel_accuracy": 0.86,
        "iou": {name: None if name == "bump" else round(miou * 1.1, 6) for name in CLASS_NAMES},
        "se_per_ue": None if point["snr_db"] is None else [1.1, 0.9],
        "repeat": repeat,
    }


def sweeps() -> list[dict[str, Any]]:
    """Rows over all axes, of further seeds, and of dedicated models."""
    points = [{**HOME, "snr_db": snr} for snr in SNRS]
    points += [{**HOME, "data_symbols": count} for count in (1, 2, 3, 5)]
    for count in (1, 4):
        points += [{**HOME, "csirs_symbols": length, "data_symbols": count} for length in (1, 2, 4)]
        points += [{**HOME, "feedback_bits": bits, "data_symbols": count} for bits in (4, 16, 64, 256)]
    rows = [row(scheme, level, point) for (scheme, level), point in product(LEVELS.items(), points)]
    rows += [row("noma-glued", 0.11, {**HOME, "snr_db": snr}) for snr in SNRS]
    nowhere = dict.fromkeys(HOME)
    for scheme, level in FIXED.items():
        counts = (1, 2, 3, 4, 5) if scheme.startswith("ideal") else (None,)
        rows += [row(scheme, level, {**nowhere, "data_symbols": count}) for count in counts]
    for seed, scheme in product((2, 3), ("noma", "noma-aligned", "oma", "dlcsi-dl")):
        rows.append(row(scheme, LEVELS[scheme] + 0.002 * seed, HOME, f"seed-{seed}"))
    for count, scheme in product((4, 1), ("noma", "noma-aligned")):
        label = f"snr-25-L8-B1024-Q{count}"
        rows.append(row(scheme, LEVELS[scheme] + 0.006, {**HOME, "data_symbols": count}, label))
    return rows


def judgement(verdict: str, *rows: str) -> dict[str, Any]:
    """What a claim was judged by."""
    holds = {"reproduced": "yes", "not reproduced": "no"}.get(verdict, "open")
    compared = {"value": -0.004, "ci_low": -0.009, "ci_high": 0.001, "threshold": 0.02, "holds": holds}
    return {"verdict": verdict, "comparisons": [{"what": " - ".join(rows), **compared, "rows": list(rows)}]}


def claims() -> dict[str, Any]:
    """A ledger with every verdict, with claims of the paper and of ours, and with text that has to be escaped."""
    verdicts = ("reproduced", "not reproduced", "inconclusive")
    said = (
        "With few CSI-RS symbols the non-orthogonal scheme leads the orthogonal one",
        "More feedback bits help every scheme, the more the fewer there were",
        "The learned scheme keeps its lead where SNR < -25 dB & L <= 2",
        "Joint training is worth more than its parts glued together",
    )
    found = []
    for number, (figure, statement) in enumerate(product(("8", "9", "10", "11", "12"), said)):
        pair = ("noma|-25|8|1024|4", "oma|-25|8|1024|4")
        aligned = ("noma-aligned|-25|8|1024|4", "ideal|-|-|-|4")
        found.append(
            {
                "id": f"{figure}.{number % 4 + 1}",
                "figure": figure,
                "statement": statement,
                "rule": "every comparison holds",
                "judged": {
                    "paper": judgement(verdicts[number % 7 % 3], *pair),
                    "aligned": judgement(verdicts[number % 2], *aligned) if number % 5 else None,
                },
            }
        )
    own = {
        "id": "o.1",
        "figure": "10",
        "statement": "Streams that arrive in phase reach most of the ceiling",
        "rule": "one",
    }
    return {
        "floor": 0.099,
        "marked": 0.02,
        "samples": 1000,
        "rules": {
            "reproduced": "every comparison holds",
            "not reproduced": "some comparison is refuted: its interval lies on the other side of the threshold",
            "inconclusive": "neither of both",
        },
        "claims": found,
        "own": [{**own, "judged": {"ours": judgement("reproduced", "noma-aligned|-25|8|1024|4")}}],
        "untested": [
            {"statement": "Masks look smoother", "reason": "A matter of taste: <b>no number</b> says it."}
        ],
    }


def write_results(reports: Path, *, optional: bool = True) -> Path:
    """Write the results below a folder; optional: also those that a profile may leave out."""
    reports.mkdir(parents=True, exist_ok=True)
    _write(reports / "sweeps.json", sweeps())
    _write(reports / "claims.json", claims())
    if not optional:
        return reports
    shown = ("miou", "ci_low", "ci_high", "miou_day", "miou_night", "pixel_accuracy", "snr_db")
    by_scheme: dict[str, list[dict[str, Any]]] = {}
    for found in sweeps():
        at_home = all(found[key] in (None, HOME[key]) for key in HOME if key != "snr_db")
        if at_home and found["repeat"] is None and found["snr_db"] in (None, -25.0, -10.0):
            by_scheme.setdefault(found["scheme"], []).append({key: found[key] for key in shown})
    spent = {"energy_per_element": 1.0, "energy": 256.0, "data_symbols": 4, "elements": 256}
    spent |= {"dmrs_elements": 0, "csirs_symbols": 8, "feedback_bits": 1024}
    schemes = [
        {
            "scheme": scheme,
            "title": f"the scheme {scheme}",
            "budget": {
                **dict.fromkeys(("energy_per_element", "elements")),
                **(spent if len(points) > 1 else {}),
            },
            "points": points,
        }
        for scheme, points in by_scheme.items()
        if scheme != "constant"
    ]
    _write(reports / "schemes.json", schemes)
    efficiency = [
        {"scheme": name, "snr_db": snr, "sum_se": 2.0, "ci_low": 1.9, "ci_high": 2.1}
        for name, snr in product(("random", "learned", "genie", "full-digital"), (-25.0, -10.0))
    ]
    _write(reports / "spectral_efficiency.json", efficiency)
    place = {key: HOME[key] for key in ("snr_db", "csirs_symbols", "feedback_bits")}
    parts = [{"part": "estimate", "method": "learned", **place, "nmse_db": -10.5, "sgcs": 0.9}]
    parts.append({"part": "beams", "method": "codebook", **place, "sum_se": 1.8})
    _write(
        reports / "separated.json", {"csi": [{**part, "ci_low": -11.0, "ci_high": -10.0} for part in parts]}
    )
    worth = {"miou": 0.28, "ci_low": 0.27, "ci_high": 0.29, "ideal_miou": 0.336}
    kinds = ("none", "learned", "genie-first")
    told = [{**HOME, "scheme": "noma", "alignment": kind, **worth} for kind in kinds]
    _write(reports / "alignment.json", told)
    write_deployment(reports)
    for name in ("noma", "alignment/noma-classical"):
        kept = {"epochs": 8, "best_epoch": 7, "best_train_loss": 1.2, "best_val_miou": 0.1486}
        _write(reports / "training" / f"{name}.json", kept)
    for name, seconds in {"scenes": 42.0, "noma": 1234.5, "sweeps": 7260.0}.items():
        stage = {"seconds": seconds, "threads": 2, "cores": 2, "processor": "a processor"}
        _write(reports / "times" / f"{name}.json", {**stage, "finished": "2026-11-25T15:00:00+00:00"})
    names = ("fig8", "fig9", "fig10", "fig11", "fig12", "elastic", "iou", "confusion_noma")
    (reports / "figures").mkdir(exist_ok=True)
    for number, name in enumerate(names):
        shade = np.full((480, 1200, 3), 120 + 12 * number, dtype=np.uint8)
        Image.fromarray(shade).save(reports / "figures" / f"{name}.png")
    return reports


def write_deployment(reports: Path) -> None:
    """What the units cost, and how they compare with PyTorch."""
    paper = {"paper_flops": 12e9, "paper_parameters": 3.37e6, "paper_memory": 58.7e6}
    ours = {"multiply_additions": 16_600_000_000, "parameters": 2_340_000, "activation_bytes": 39_300_000}
    _write(reports / "complexity.json", {"table_ii": [{"title": "semantic fusion", **paper, **ours}]})
    compared = {"bits": 4096, "bits_unequal": 0, "masks_equal": 0.99995}
    chains = [
        {"scheme": scheme, **compared, "logits_apart": apart, "passed": apart < 1e-4}
        for scheme, apart in product(("noma", "noma-aligned"), (2e-6, 3e-4))
    ]
    networks = [{"scheme": "mfnet", "unit": "mfnet", "apart": 7e-7, "passed": True}]
    _write(reports / "parity.json", {"chains": chains, "networks": networks})
    timed = {"speedup": 4.125, "speedup_low": 4.0, "speedup_high": 4.25, "slots": 38.4}
    units = [
        {"unit": unit, "threads": threads, "onnxruntime": {"median": 4.8}, **timed}
        for threads, unit in product((1, 2), ("ue_rgb_csi", "bs_rx"))
    ]
    lost = {"lost": -0.0027, "lost_low": -0.0037, "lost_high": -0.0016, "miou_full": 0.296}
    latency = {
        "scheme": "noma-aligned",
        "processor": "a processor",
        "slot_ms": 0.12502,
        "units": units,
        "int8": [{"way": "static", "speedup": speedup} for speedup in (1.58, 1.94)],
        "int8_miou": [{"way": "static", "snr_db": snr, **lost} for snr in (-25.0, -10.0)],
    }
    _write(reports / "latency.json", latency)


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
