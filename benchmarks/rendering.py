"""The speed of the renderer, at 480 x 640 and at 96 x 128, with one and with two workers.

    python benchmarks/rendering.py [--write]

It prints frames per second, including encoding and writing; --write also writes them to
reports/benchmarks/rendering.json. On a shared machine the processor seconds per frame are the better
measure; the load before the start is recorded too.
"""

import argparse
import os
import platform
import tempfile
import time
from pathlib import Path

from cscsanet.files import write_json
from cscsanet.scene_sources.renderer.writer import write_rendered

# Height, width, sequences, frames per sequence: some seconds each.
CASES = ((480, 640, 16, 8), (96, 128, 64, 8))
REPORT = Path(__file__).parents[1] / "reports" / "benchmarks" / "rendering.json"


def measure(height: int, width: int, sequences: int, frames: int, workers: int) -> dict[str, float]:
    """Return the frames per second and processor seconds per frame of one dataset.

    The start of the workers is included.
    """
    total = sequences * frames
    with tempfile.TemporaryDirectory() as scratch:
        begin, used = time.perf_counter(), _processor_seconds()
        write_rendered(
            Path(scratch) / "frames",
            sequences=sequences,
            frames_per_sequence=frames,
            height=height,
            width=width,
            seed=1,
            workers=workers,
        )
        seconds, used = time.perf_counter() - begin, _processor_seconds() - used
    return {
        "frames_per_second": round(total / seconds, 1),
        "processor_seconds_per_frame": round(used / total, 4),
    }


def _processor_seconds() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def main() -> None:
    parser = argparse.ArgumentParser(description="Frames per second of the renderer.")
    parser.add_argument(
        "--write", action="store_true", help=f"also write {REPORT.name} below reports/benchmarks"
    )
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    rows = []
    for height, width, sequences, frames in CASES:
        for workers in (1, 2):
            case = {"height": height, "width": width, "workers": workers, "frames": sequences * frames}
            speed = measure(height, width, sequences, frames, workers)
            print(", ".join(f"{key} {value}" for key, value in (case | speed).items()))
            rows.append(case | speed)
    if arguments.write:
        machine = {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "load_before": round(load, 2),
        }
        write_json(REPORT, {"python": platform.python_version(), "machine": machine, "rows": rows})


if __name__ == "__main__":
    main()
