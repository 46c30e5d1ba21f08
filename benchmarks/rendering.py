"""How fast the renderer writes frames: at 480x640 and at 96x128, with one and with two workers.

    python benchmarks/rendering.py [--write]

Prints frames per second, encoding and writing included; with --write also to reports/benchmarks/rendering.json.
"""

import argparse
import os
import platform
import tempfile
import time
from pathlib import Path

from cscsanet.files import write_json
from cscsanet.scenes.renderer.writer import write_rendered

# Height, width, sequences, frames per sequence: some seconds each.
CASES = ((480, 640, 24, 8), (96, 128, 96, 8))
REPORT = Path(__file__).parents[1] / "reports" / "benchmarks" / "rendering.json"


def measure(height: int, width: int, sequences: int, frames: int, workers: int) -> float:
    """Frames per second of one dataset, the start of the workers included."""
    with tempfile.TemporaryDirectory() as scratch:
        begin = time.perf_counter()
        write_rendered(
            Path(scratch) / "frames",
            sequences=sequences,
            frames_per_sequence=frames,
            height=height,
            width=width,
            seed=1,
            workers=workers,
        )
        return sequences * frames / (time.perf_counter() - begin)


def main() -> None:
    parser = argparse.ArgumentParser(description="Frames per second of the renderer.")
    parser.add_argument(
        "--write", action="store_true", help=f"also write {REPORT.name} below reports/benchmarks"
    )
    arguments = parser.parse_args()
    rows = []
    for height, width, sequences, frames in CASES:
        for workers in (1, 2):
            rate = measure(height, width, sequences, frames, workers)
            print(f"{height}x{width}, {workers} worker(s): {rate:.1f} frames/s")
            rows.append(
                {
                    "height": height,
                    "width": width,
                    "workers": workers,
                    "frames": sequences * frames,
                    "frames_per_second": round(rate, 1),
                }
            )
    if arguments.write:
        machine = {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()}
        write_json(REPORT, {"python": platform.python_version(), "machine": machine, "rows": rows})


if __name__ == "__main__":
    main()
