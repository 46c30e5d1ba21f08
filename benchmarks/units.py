"""How long each station's unit takes at batch 1: ONNX Runtime beside eager PyTorch, the two in turn, on one and two threads.

Run: python benchmarks/units.py [--write] It takes the units and the weights that come with the package; both get the same inputs.
Times are of this machine, ratios are what to compare; a slot is 14 OFDM symbols of 8.93 us.
"""

import argparse
import json
import platform
from pathlib import Path
from typing import cast

import numpy as np
import torch
import yaml

from cscsanet.deployment.exporting import unit_modules
from cscsanet.deployment.latency import eager_call, latency_row, open_session, ort_call
from cscsanet.deployment.ports import Ports, signatures
from cscsanet.evaluation.models import trained_link
from cscsanet.links.noma import NomaLink
from cscsanet.params import Params, profile_text
from cscsanet.pipeline.workspace import SHIPPED

SCHEME = "noma-aligned"
GOAL = 3.0  # of the CSI units
ROUNDS = 60
REPORT = Path(__file__).parents[1] / "reports" / "latency.json"


def inputs(ports: Ports, params: Params) -> dict[str, np.ndarray]:
    """Random inputs of one image, at the largest L, B and Q and at -25 dB."""
    source = np.random.default_rng(1)
    capacity = params.points.capacity
    fixed = {
        "snr_db": -25.0,
        "csirs_symbols": capacity.csirs_symbols,
        "feedback_bits": capacity.feedback_bits,
        "data_symbols": capacity.data_symbols,
    }
    found = {}
    for name, port in ports.items():
        shape = [size if isinstance(size, int) else 1 for size in port.shape]
        if name in fixed:
            found[name] = np.full(shape, fixed[name], dtype=port.dtype)
        elif name == "bits":
            found[name] = source.integers(0, 2, shape).astype(port.dtype)
        else:
            found[name] = source.random(shape).astype(port.dtype)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {REPORT.name}")
    write = parser.parse_args().write
    params = Params.model_validate(yaml.safe_load(profile_text("small")))
    link, weights = trained_link(SCHEME, params, lambda name: SHIPPED / f"{name}.safetensors")
    modules = unit_modules(cast(NomaLink, link.cpu()))
    ports = signatures(params, aligned=True)
    rows = []
    for threads in (1, 2):
        for unit, module in modules.items():
            feeds = inputs(ports[unit].inputs, params)
            session = ort_call(open_session(SHIPPED / "onnx" / SCHEME / f"{unit}.onnx", threads), feeds)
            eager = eager_call(module, [torch.from_numpy(value) for value in feeds.values()])
            row = latency_row(unit, session, eager, threads, ROUNDS)
            rows.append(row)
            spread = row["onnxruntime"]
            print(
                f"{threads} threads  {unit:15s} {spread['median']:7.2f} ms ({spread['p25']:.2f} .. {spread['p75']:.2f}), "
                f"{row['speedup']:.2f} [{row['speedup_low']:.2f}, {row['speedup_high']:.2f}] times as fast as PyTorch, "
                f"{row['slots']:.0f} slots"
            )
    csi = [row for row in rows if row["unit"].endswith("_csi")]
    print(f"CSI units at least {GOAL:g} times as fast: {all(row['speedup'] >= GOAL for row in csi)}")
    if write:
        content = {
            "scheme": SCHEME,
            "model": weights,
            "machine": platform.processor() or platform.machine(),
            "rows": rows,
        }
        REPORT.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
