"""The speed of one bincount for a confusion matrix, against one pair of masks for each cell.

    python benchmarks/confusion.py [--write]

The batch has the shape of decoded frames of 480 x 640 and MFNet's share of unlabelled pixels. Both
methods run on one thread on the same tensors, once as uint8 and once as the int64 of argmax.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cscsanet.metrics.segmentation import confusion
from cscsanet.scenes.classes import NUM_CLASSES

IMAGES, HEIGHT, WIDTH = 16, 480, 640
UNLABELLED, RIGHT = 0.92, 0.9
GOAL = 20.0
REPORT = Path(__file__).parents[1] / "reports" / "benchmarks" / "confusion.json"


def draw_batch() -> tuple[Tensor, Tensor]:
    """Draw a truth with 92 % unlabelled pixels, and a prediction that is right for nine pixels in ten."""
    generator = torch.Generator().manual_seed(1)
    shape = (IMAGES, HEIGHT, WIDTH)
    truth = torch.randint(1, NUM_CLASSES, shape, generator=generator)
    truth[torch.rand(shape, generator=generator) < UNLABELLED] = 0
    wrong = torch.randint(0, NUM_CLASSES, shape, generator=generator)
    return torch.where(torch.rand(shape, generator=generator) < RIGHT, truth, wrong), truth


def confusion_by_masks(predicted: Tensor, truth: Tensor) -> Tensor:
    """Return the confusion matrix by the usual method: one pair of masks for each cell."""
    counts = torch.zeros(NUM_CLASSES, NUM_CLASSES, dtype=torch.int64)
    for row in range(NUM_CLASSES):
        for column in range(NUM_CLASSES):
            counts[row, column] = ((truth == row) & (predicted == column)).sum()
    return counts


def seconds(
    count: Callable[[Tensor, Tensor], Tensor], predicted: Tensor, truth: Tensor, repeats: int
) -> float:
    """Return the median wall time [s], after one call to warm up."""
    count(predicted, truth)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        count(predicted, truth)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def measure() -> dict[str, Any]:
    torch.set_num_threads(1)
    predicted, truth = draw_batch()
    rows = {}
    for dtype in (torch.uint8, torch.int64):
        pair = (predicted.to(dtype), truth.to(dtype))
        if not torch.equal(confusion(*pair), confusion_by_masks(*pair)):
            raise SystemExit("the two methods give different counts")
        fast, slow = seconds(confusion, *pair, repeats=15), seconds(confusion_by_masks, *pair, repeats=3)
        rows[str(dtype).removeprefix("torch.")] = {
            "bincount_s": round(fast, 5),
            "masks_s": round(slow, 4),
            "ratio": round(slow / fast, 1),
        }
    return {
        "what": f"confusion matrix of {IMAGES} images of {HEIGHT} x {WIDTH}: one bincount against mask loops",
        "goal": GOAL,
        "inputs": rows,
        "torch": torch.__version__,
        "machine": platform.machine(),
        "threads": 1,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write reports/benchmarks/confusion.json")
    arguments = parser.parse_args()
    result = measure()
    for dtype, row in result["inputs"].items():
        print(
            f"{dtype:6s} bincount {row['bincount_s']:.4f} s, masks {row['masks_s']:.3f} s: {row['ratio']:.0f} x"
        )
    if arguments.write:
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        REPORT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    if min(row["ratio"] for row in result["inputs"].values()) < GOAL:
        raise SystemExit(f"below the goal of {GOAL:.0f} x")


if __name__ == "__main__":
    main()
