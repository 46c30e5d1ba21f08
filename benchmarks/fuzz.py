"""Spoilt and generated inputs for every reader of files: each is read right or refused in one line.

    python benchmarks/fuzz.py [--inputs 100000] [--seed 1] [--only NAME] [--write]

The inputs are those of the tests (tests/fixtures/fuzz), which run a few of them. Readers that take
longer get fewer. It ends at the first input that is neither, and prints a short one that does the
same. --write writes the counts to reports/benchmarks/fuzz.json.
"""

import argparse
import faulthandler
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

from cscsanet.files import write_json

ROOT = Path(__file__).parents[1]
REPORT = ROOT / "reports" / "benchmarks" / "fuzz.json"
LIBRARIES = (
    "hypothesis",
    "mlflow",
    "numpy",
    "onnx",
    "onnxruntime",
    "pillow",
    "pydantic",
    "pyyaml",
    "safetensors",
    "torch",
)
SECONDS_OF_A_HANG = 600  # of one reader without an end of a call of Hypothesis


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=100_000, help="of all readers together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="readers whose names hold this text")
    parser.add_argument("--write", action="store_true", help="write reports/benchmarks/fuzz.json")
    arguments = parser.parse_args()

    sys.path.insert(0, str(ROOT / "tests"))
    from fixtures.fuzz.outcomes import watching
    from fixtures.fuzz.runs import readers, run

    chosen = [reader for reader in readers() if arguments.only in reader.name]
    shares = sum(reader.share for reader in chosen)
    rows = []
    started = time.perf_counter()
    with watching() as (folder, watch):
        for reader in chosen:
            faulthandler.dump_traceback_later(SECONDS_OF_A_HANG, exit=True)
            begin = time.perf_counter()
            # At least as many as asked for, since a strategy may have no further input.
            inputs = -(-int(arguments.inputs * reader.share) // shares)
            counts = run(reader, int(inputs), arguments.seed, folder, watch)
            row = {
                "reader": reader.name,
                "inputs": counts.total(),
                "right": counts["right"],
                "refused": counts["refused"],
            }
            print(
                f"{', '.join(f'{key} {value}' for key, value in row.items())}, {time.perf_counter() - begin:.0f} s",
                flush=True,
            )
            rows.append(row)
    faulthandler.cancel_dump_traceback_later()
    total = {key: sum(int(row[key]) for row in rows) for key in ("inputs", "right", "refused")}
    print(f"{total}, {time.perf_counter() - started:.0f} s")
    if arguments.write:
        content = {
            "what": "inputs of each reader, read right (as an independent decoder reads them) or refused in one line",
            "seed": arguments.seed,
            **total,
            "readers": rows,
            "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        }
        write_json(REPORT, content)


if __name__ == "__main__":
    main()
