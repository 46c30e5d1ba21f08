"""The time of Stage II to a fixed quality, with the paper's front end and with ours.

    python benchmarks/time_to_quality.py --case CASE [--case CASE ...] [--steps N] [--write]

It needs the drops of a `dvc repro`, and starts from untrained networks at L = 8 and B = 1024.
Quality is the sum spectral efficiency over that of the genie hybrid on the same validation drops, at
-25 dB and at +10 dB. The time counts the steps of the training and the pretraining of the CSI-RS,
but not the measurements of the quality. The learning rate falls on a half cosine over --steps. Each
case writes a separate curve, so cases can run one by one.
"""

import argparse
import json
import time
from pathlib import Path

import torch

from cscsanet.channel.dataset import open_drops, open_train_and_val
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params, load_params
from cscsanet.errors import one_line_errors
from cscsanet.evaluation.rates import genie_rates
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.pipeline.run import initialised
from cscsanet.studies.physical.rates import layer_rates
from cscsanet.studies.physical.variants import SUBCARRIER, variants
from cscsanet.training.physical_task import PhysicalTask
from cscsanet.training.seeds import generator
from cscsanet.workflow.machine import limit_threads
from cscsanet.workflow.workspace import Workspace

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
    changed = variants(params)[SUBCARRIER].model_copy(update={"points": points})
    if case == "subcarrier-linear-10dB":
        # As the authors trained: the sum itself, at one high SNR.
        paper = {"snr_db": (10.0, 10.0), "objective_scale": "linear"}
        changed = changed.model_copy(update={"physical": changed.physical.model_copy(update=paper)})
    return changed


class Meter:
    """The meter of a layer's share of the genie, always on the same drops and noise."""

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
        rates = [
            layer_rates(layer, self.paths, point, (point.feedback_bits,), 1)[point.feedback_bits]
            for point in self.points
        ]
        sums = [float(rate.coloured.mean()) for rate in rates]
        layer.train()
        return [round(layer_sum / bound, 4) for layer_sum, bound in zip(sums, self.genie, strict=True)]


def curve(params: Params, case: str, workspace: Workspace, steps: int) -> list[dict[str, object]]:
    """Train one case and return its quality over steps and seconds."""
    params = configured(params, case)
    physical = initialised(params, lambda: PhysicalLayer(params))
    drops = open_train_and_val(workspace.drops, params.channel)
    task = PhysicalTask(physical, drops, params.points, params.physical, seed=params.seed)
    meter = Meter(params, workspace)
    rows: list[dict[str, object]] = []
    seconds = 0.0

    def measure(step: int) -> None:
        shares = meter.shares(physical)
        row = {"step": step, "seconds": round(seconds, 1)}
        rows.append(row | {f"share_at_{snr:g}dB": share for snr, share in zip(SNRS, shares, strict=True)})
        print(case, rows[-1], flush=True)

    measure(0)
    begin = time.perf_counter()
    task.csirs_pretraining.run(task.physical.csirs)
    seconds += time.perf_counter() - begin
    optimiser = torch.optim.Adam(task.parameters(), params.physical.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    measured = {0} | {round(10 * 1.5**index) for index in range(40)} | {steps}
    for step in range(1, steps + 1):
        begin = time.perf_counter()
        source = generator(params.seed, "step", 0, step)
        batch = torch.randint(len(drops[0]), (params.physical.batch_size,), generator=source)
        loss = task.loss(batch, source)
        optimiser.zero_grad()
        loss.backward()
        if task.logarithmic:
            torch.nn.utils.clip_grad_norm_(task.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        seconds += time.perf_counter() - begin
        if step in measured:
            measure(step)
    return rows


def reached(rows: list[dict[str, object]]) -> dict[str, object]:
    """Return the steps and seconds to each share at each SNR, None where it was not reached."""
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
        "--write", action="store_true", help=f"write the results to {REPORT.relative_to(ROOT)}"
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
            # Read after the training, since another case may have been written in the meantime.
            results = json.loads(REPORT.read_text()) if REPORT.exists() else {}
            REPORT.write_text(json.dumps(results | {case: result}, indent=1) + "\n")


if __name__ == "__main__":
    with one_line_errors():
        main()
