"""How much faster one bincount fills a confusion matrix than nine by nine loops over masks.

Run: python benchmarks/confusion.py [--write] The batch has the shape of decoded frames of 480 x 640 and
MFNet's share of unlabelled pixels; both ways get the same tensors, as bytes and as what argmax yields, on
one thread.
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

IMAGES, HEIGHT, WIDTH, CLASSES = 16, 480, 640, 9
UNLABELLED, RIGHT = 0.92, 0.9
GOAL = 20.0
REPORT = Path(__file__).parents[1] / "reports" / "benchmarks" / "confusion.json"


def draw_batch() -> tuple[Tensor, Tensor]:
    """Truth with 92 % unlabelled pixels, and a prediction that is right for nine pixels of ten."""
    generator = torch.Generator().manual_seed(1)
    shape = (IMAGES, HEIGHT, WIDTH)
    truth = torch.randint(1, CLASSES, shape, generator=generator)
    truth[torch.rand(shape, generator=generator) < UNLABELLED] = 0
    guess = torch.randint(0, CLASSES, shape, generator=generator)
    return torch.where(torch.rand(shape, generator=generator) < RIGHT, truth, guess), truth


def confusion_by_masks(predicted: Tensor, truth: Tensor) -> Tensor:
    """The usual way: one pair of masks for each cell of the matrix."""
    counts = torch.zeros(CLASSES, CLASSES, dtype=torch.int64)
    for row in range(CLASSES):
        for column in range(CLASSES):
            counts[row, column] = ((truth == row) & (predicted == column)).sum()
    return counts


def seconds(
    count: Callable[[Tensor, Tensor], Tensor], predicted: Tensor, truth: Tensor, repeats: int
) -> float:
    """Median wall time after one call to warm up [s]."""
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
            raise SystemExit("the two ways disagree")
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
    parser = argparse.ArgumentParser(description=__doc__)
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
