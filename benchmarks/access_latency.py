"""How long activity detection takes: our detector beside the methods without learning, as ratios of one run.

    python benchmarks/access_latency.py [--params specialists/access/params.yaml] [--rounds 20] [--out FILE.json]

Every round runs each method once on the same drop, in the cell of the parameters, at several lengths of the
preamble, so that a machine that slows down slows all of them down. The first rounds are not counted. Weights do
not matter for the time, so nothing has to be trained.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from cscsanet.config.access import AccessParams, load_access_params
from cscsanet.specialists.access.measure import seen_drops
from cscsanet.specialists.access.methods import CLASSICAL, Observation
from cscsanet.specialists.access.points import home
from cscsanet.specialists.access.system import AccessSystem, book_of_tests
from cscsanet.specialists.access.training import models

REFERENCE = "covariance-ml"
_TIMED = ("omp", "mmv-amp", "gmmv-amp", REFERENCE)
_WARM_UP = 3  # rounds


def main() -> None:
    """Time the methods and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--params", type=Path, default=Path("specialists/access/params.yaml"))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--drops", type=int, default=1, help="at once; covariance ML has 2 000 small steps for them all"
    )
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    params = load_access_params(arguments.params)
    torch.set_num_threads(arguments.threads)
    lengths = sorted({8, params.cell.preamble_length, 20, params.cell.longest_preamble})
    rows = [
        row
        for length in lengths
        if length <= params.cell.longest_preamble
        for row in timed(params, length, arguments.rounds, arguments.drops)
    ]
    print(f"{'L':>3} {'method':<24}{'ms a drop':>12}{'over ' + REFERENCE:>24}")
    for row in rows:
        print(
            f"{row['preamble_length']:>3} {row['method']:<24}{row['milliseconds']:>12.2f}{row['ratio']:>24.3f}"
        )
    if arguments.out:
        arguments.out.write_text(
            json.dumps({"threads": arguments.threads, "drops": arguments.drops, "rows": rows}, indent=2)
            + "\n"
        )


def timed(params: AccessParams, length: int, rounds: int, drops: int) -> list[dict[str, float | int | str]]:
    """Return a row for each method: the median time of a drop, and the median ratio to covariance ML of the same round."""
    point = replace(home(params), preamble_length=length)
    book = book_of_tests(params)[: point.devices, :length]
    (seen,) = seen_drops(params, point, "test", book, drops)
    methods = ready(params)
    seconds: dict[str, list[float]] = {name: [] for name in methods}
    for _ in range(_WARM_UP + rounds):
        for name, method in methods.items():
            started = time.perf_counter()
            method(seen)
            seconds[name].append(time.perf_counter() - started)
    counted = {name: values[_WARM_UP:] for name, values in seconds.items()}
    return [
        {
            "preamble_length": length,
            "method": name,
            "milliseconds": 1000 * statistics.median(values) / drops,
            "ratio": statistics.median(
                own / other for own, other in zip(values, counted[REFERENCE], strict=True)
            ),
        }
        for name, values in counted.items()
    ]


def ready(params: AccessParams) -> dict[str, Callable[[Observation], Tensor]]:
    """Return our detector and the paper's, untrained, and the methods without learning."""
    networks = {
        model.name: AccessSystem(model.params).eval()
        for model in models(params)
        if model.name in ("ours", "paper")
    }
    return {
        **{name: partial(logits, system) for name, system in networks.items()},
        **{name: CLASSICAL[name] for name in _TIMED},
    }


@torch.no_grad()
def logits(system: AccessSystem, seen: Observation) -> Tensor:
    """Return the logits of one drop."""
    answer: Tensor = system(seen.received, seen.book, seen.known)[-1]
    return answer


if __name__ == "__main__":
    main()
