"""How long Stage II takes to a fixed quality: the paper's front and ours, at L = 8 and B = 1024, from nothing.

    python benchmarks/time_to_quality.py --case CASE [--case CASE ...] [--steps N] [--write]

It needs the drops of a `dvc repro`. Quality is the sum spectral efficiency over that of the genie hybrid on the same
validation drops, at -25 dB and at +10 dB. The clock runs during the training's steps, the start of the CSI-RS included,
and stands still while the quality is measured. The learning rate falls on a half cosine over --steps. Each case writes a curve
of its own, so cases can run one by one.
"""

import argparse
import json
import time
from pathlib import Path

import torch

from cscsanet.channel.dataset import open_drops, open_train_and_val
from cscsanet.evaluation.physical_rates import genie_rates, layer_rates
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.params import Params, load_params
from cscsanet.pipeline.entry import limit_threads, one_line_errors
from cscsanet.pipeline.fitting import initialised
from cscsanet.pipeline.physical_variants import SUBCARRIER, variants
from cscsanet.pipeline.workspace import Workspace
from cscsanet.points import OperatingPoint
from cscsanet.training.physical import PhysicalTask
from cscsanet.training.seeds import generator

ROOT = Path(__file__).parents[1]
REPORT = ROOT / "reports" / "benchmarks" / "time_to_quality.json"
SNRS = (-25.0, 10.0)
SHARES = (0.5, 0.7, 0.85)
CASES = ("beamspace", "subcarrier", "subcarrier-linear-10dB")
_DROPS = 256


def configured(params: Params, case: str) -> Params:
    """Return the parameters of a case, dedicated to the largest L and B."""
    capacity = params.points.capacity
    single = {"csirs_symbols": (capacity.csirs_symbols,), "feedback_bits": (capacity.feedback_bits,)}
    points = params.points.model_copy(update=single)
    if case == "beamspace":
        return params.model_copy(update={"points": points})
    own = variants(params)[SUBCARRIER].model_copy(update={"points": points})
    if case == "subcarrier-linear-10dB":
        # As the authors trained: the sum itself, at one high SNR.
        paper = {"snr_db": (10.0, 10.0), "objective_scale": "linear"}
        own = own.model_copy(update={"physical": own.physical.model_copy(update=paper)})
    return own


class Meter:
    """Measures a layer's share of the genie on the same drops and noise each time."""

    def __init__(self, params: Params, workspace: Workspace) -> None:
        self.paths = open_drops(workspace.drops("val")).batch(slice(0, _DROPS))
        capacity = params.points.capacity
        self.points = [OperatingPoint(snr, capacity.csirs_symbols, capacity.feedback_bits, 1) for snr in SNRS]
        self.genie = [
            float(genie_rates(self.paths, point, params.channel, steps=100).coloured.mean())
            for point in self.points
        ]

    def shares(self, layer: PhysicalLayer) -> list[float]:
        layer.eval()
        found = [
            float(
                layer_rates(layer, self.paths, point, (point.feedback_bits,), 1)[
                    point.feedback_bits
                ].coloured.mean()
            )
            for point in self.points
        ]
        layer.train()
        return [round(rate / bound, 4) for rate, bound in zip(found, self.genie, strict=True)]


def curve(params: Params, case: str, workspace: Workspace, steps: int) -> list[dict[str, object]]:
    """Train one case and return its quality over steps and seconds."""
    own = configured(params, case)
    physical = initialised(own, lambda: PhysicalLayer(own))
    drops = open_train_and_val(workspace.drops, own.channel)
    task = PhysicalTask(physical, drops, own.points, own.physical, seed=own.seed)
    meter = Meter(own, workspace)
    rows: list[dict[str, object]] = []
    seconds = 0.0

    def note(step: int) -> None:
        shares = meter.shares(physical)
        row = {"step": step, "seconds": round(seconds, 1)}
        rows.append(row | {f"share_at_{snr:g}dB": share for snr, share in zip(SNRS, shares, strict=True)})
        print(case, rows[-1], flush=True)

    note(0)
    begin = time.perf_counter()
    task.csirs_start.move(task.physical.csirs)
    seconds += time.perf_counter() - begin
    optimiser = torch.optim.Adam(task.parameters(), own.physical.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    noted = {0} | {round(10 * 1.5**index) for index in range(40)} | {steps}
    for step in range(1, steps + 1):
        begin = time.perf_counter()
        source = generator(own.seed, "step", 0, step)
        batch = torch.randint(len(drops[0]), (own.physical.batch_size,), generator=source)
        loss = task.loss(batch, source)
        optimiser.zero_grad()
        loss.backward()
        if task.logarithmic:
            torch.nn.utils.clip_grad_norm_(task.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        seconds += time.perf_counter() - begin
        if step in noted:
            note(step)
    return rows


def reached(rows: list[dict[str, object]]) -> dict[str, object]:
    """Return steps and seconds to each share at each SNR; None where it was not reached."""
    table: dict[str, object] = {}
    for snr in SNRS:
        for share in SHARES:
            hits = [row for row in rows if float(str(row[f"share_at_{snr:g}dB"])) >= share]
            first = {"step": hits[0]["step"], "seconds": hits[0]["seconds"]} if hits else None
            table[f"{share:.0%} at {snr:g} dB"] = first
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", action="append", choices=CASES, required=True)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--write", action="store_true", help=f"keep the figures in {REPORT.relative_to(ROOT)}"
    )
    arguments = parser.parse_args()
    workspace = Workspace(ROOT)
    params = load_params(workspace.params_file)
    limit_threads(arguments.threads)
    for case in arguments.case:
        rows = curve(params, case, workspace, arguments.steps)
        result = {
            "threads": arguments.threads,
            "steps": arguments.steps,
            "reached": reached(rows),
            "curve": rows,
        }
        print(json.dumps({case: result["reached"]}, indent=1))
        if arguments.write:
            # Read now, not before the training: another case may have been written in between.
            results = json.loads(REPORT.read_text()) if REPORT.exists() else {}
            REPORT.write_text(json.dumps(results | {case: result}, indent=1) + "\n")


if __name__ == "__main__":
    with one_line_errors():
        main()
