"""What an accelerator makes of the paper's sizes: times of steps, of evaluation and of units, and a short training.

    python benchmarks/accelerator.py [--minutes 4] [--frames FILE.npz] [--out FILE.json] [--tiny]

It takes at most eight minutes, prints a table and writes it as JSON. It needs torch, numpy, pydantic, safetensors and
lightning alone: no DVC, no MLflow, no renderer. --frames names an archive with `images` (N, 4, H, W) and `labels`
(N, H, W), both uint8, for the short training; without it there are shapes on noise. --tiny: sizes of the profile `smoke`.
"""

import argparse
import json
import math
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from cscsanet.channel.frame import data_symbols
from cscsanet.channel.paths import PathDrops, draw_paths
from cscsanet.channel.response import effective_channel
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params, profile_text
from cscsanet.config.training import RecipeParams
from cscsanet.evaluation.measure import measure
from cscsanet.export.units import UeCsi
from cscsanet.links.csc_sa_net import NomaLink, noma
from cscsanet.links.ideal import IdealLink
from cscsanet.metrics.segmentation import miou
from cscsanet.scenes.classes import NUM_CLASSES
from cscsanet.scenes.scene_set import SceneSet
from cscsanet.training.fit import fit
from cscsanet.training.physical_task import PhysicalTask
from cscsanet.training.precision import prepare_networks
from cscsanet.training.segmentation_task import SegmentationTask
from cscsanet.training.task import Task

_MODES: Mapping[str, Mapping[str, Any]] = {
    "float32": {},
    "bfloat16": {"precision": "bfloat16"},
    "bfloat16, compiled": {"precision": "bfloat16", "compiled": True},
}
SLOT_SYMBOLS = 14  # of `timing.py`, whose imports this script does without
_VALIDATION = 0.2  # share of the frames


@dataclass(frozen=True)
class Memory:
    """Drops in memory, as a training takes them."""

    paths: PathDrops

    def all(self) -> PathDrops:
        """Return all drops."""
        return self.paths


@dataclass
class Bench:
    """The sizes, the device, and the rows of the table."""

    params: Params
    device: torch.device
    repeats: int
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, what: str, value: float | None, unit: str, note: str = "") -> None:
        """Print a row and keep it."""
        shown = "-" if value is None else f"{value:,.4g}"
        print(f"{what:<58}{shown:>12} {unit:<12}{note}", flush=True)
        self.rows.append({"what": what, "value": value, "unit": unit, "note": note})

    def seconds(self, work: Callable[[], object]) -> float:
        """Return the median time of a call [s], after two that are not counted."""
        times = []
        for index in range(self.repeats + 2):
            self.wait()
            begun = time.perf_counter()
            work()
            self.wait()
            if index >= 2:
                times.append(time.perf_counter() - begun)
        return float(np.median(times))

    def wait(self) -> None:
        """Wait until the device has done all its work."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()


class Quiet:
    """Keep no metrics of a training."""

    def log_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Take the metrics of one epoch."""


def shapes(frames: int, height: int, width: int) -> SceneSet:
    """Draw frames with a rectangle of every class but the first, in a colour and a heat of its own, on noise."""
    source = np.random.default_rng(1)
    looks = source.integers(30, 226, (NUM_CLASSES, 4))
    images = source.integers(90, 166, (frames, 4, height, width))
    labels = np.zeros((frames, height, width), dtype=np.uint8)
    for frame in range(frames):
        for kind in range(1, NUM_CLASSES):
            high, wide = (int(size * source.uniform(0.05, 0.25)) + 1 for size in (height, width))
            top, left = (
                int(source.integers(0, size - part)) for size, part in ((height, high), (width, wide))
            )
            area = (slice(top, top + high), slice(left, left + wide))
            labels[frame][area] = kind
            images[frame][:, area[0], area[1]] = looks[kind][:, None, None] + source.integers(
                -25, 26, (4, high, wide)
            )
    return SceneSet(
        torch.from_numpy(images.clip(0, 255).astype(np.uint8)),
        torch.from_numpy(labels),
        [f"{frame:05d}D" for frame in range(frames)],
    )


def frames_of(path: Path) -> SceneSet:
    """Read frames from an archive."""
    with np.load(path) as content:
        images, labels = (torch.from_numpy(content[name]) for name in ("images", "labels"))
    return SceneSet(images, labels, [f"{frame:05d}D" for frame in range(len(images))])


def parted(scenes: SceneSet) -> tuple[SceneSet, SceneSet]:
    """Split frames into a training and a validation part."""
    first = max(1, round(len(scenes) * _VALIDATION))
    halves = (slice(first, None), slice(0, first))
    train, val = (SceneSet(scenes.images[half], scenes.labels[half], scenes.names[half]) for half in halves)
    return train, val


def tasks(params: Params, scenes: tuple[SceneSet, SceneSet], drops: PathDrops) -> Iterator[tuple[str, Task]]:
    """Yield an untrained task of each stage."""
    both = (Memory(drops), Memory(drops))
    link = noma(params, "learned")
    stage1 = SegmentationTask(IdealLink(link.semantic), scenes, None, params.points, params.semantic, seed=1)
    yield "Stage I", stage1
    yield "Stage II", PhysicalTask(link.physical, both, params.points, params.physical, seed=1)  # type: ignore[arg-type]
    yield "Stage III", SegmentationTask(link, scenes, both, params.points, params.joint, seed=1)  # type: ignore[arg-type]


def time_steps(bench: Bench, scenes: tuple[SceneSet, SceneSet], drops: PathDrops) -> None:
    """Time a step of every stage, in every mode, with the peak of the memory."""
    for mode, changes in _MODES.items():
        if "compiled" in mode and bench.device.type != "cuda":
            continue
        for stage, task in tasks(bench.params, scenes, drops):
            if stage == "Stage II" and changes:
                continue  # it has no convolutional networks
            recipe = bench.params.recipe.model_copy(update=dict(changes))
            try:
                bench.add(*_step(bench, stage, mode, task, recipe))
            except RuntimeError as error:
                bench.add(f"{stage}, a step, {mode}", None, "s", " ".join(str(error).split())[:90])
            finally:
                del task
                if bench.device.type == "cuda":
                    torch.cuda.empty_cache()


def _step(
    bench: Bench, stage: str, mode: str, task: Task, recipe: RecipeParams
) -> tuple[str, float, str, str]:
    task.recipe = recipe
    task.to(device=bench.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    _to_device(task, bench.device)
    prepare_networks(task, recipe)
    task.train()
    optimiser = torch.optim.Adam(task.parameters(), 1e-4)
    batch = torch.arange(task.fit_params.batch_size, device=bench.device) % task.train_items
    source = torch.Generator(device=bench.device).manual_seed(1)
    if bench.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        task.loss(batch, source).backward()
        optimiser.step()

    seconds = bench.seconds(step)
    peak = torch.cuda.max_memory_allocated() / 2**30 if bench.device.type == "cuda" else math.nan
    memory = "" if math.isnan(peak) else f"{peak:.1f} GiB at most"
    return f"{stage}, a step of {len(batch)}, {mode}", seconds, "s", memory


def _to_device(task: Task, device: torch.device) -> None:
    for name in ("train_drops", "val_drops", "train_scenes", "val_scenes"):
        held = getattr(task, name, None)
        if held is not None:
            setattr(task, name, held.to(device))


def time_link(bench: Bench, drops: PathDrops) -> None:
    """Time the effective channel of a batch."""
    params, point = bench.params, _full_point(bench.params)
    link = noma(params, "learned").to(bench.device).eval()
    paths = drops[: params.joint.batch_size].to(bench.device)
    with torch.inference_mode():
        beams = link.physical(paths, point, torch.Generator(device=bench.device).manual_seed(1))
        symbols = data_symbols(point, bench.params.channel, bench.device)
        seconds = bench.seconds(
            lambda: effective_channel(paths, beams.precoder, beams.combiner, symbols, params.channel)
        )
    bench.add(f"W H F of {len(paths)} drops", 1e3 * seconds, "ms")


def time_evaluation(bench: Bench, link: NomaLink, scenes: SceneSet, drops: PathDrops) -> float:
    """Time the evaluation of a link, and return its mIoU."""
    bench.wait()
    begun = time.perf_counter()
    point = _full_point(bench.params)
    outcome = measure(link.eval(), scenes, drops, point, bench.params.channel, draws=1, seed=1)
    bench.add("evaluation, image pairs", len(scenes) / (time.perf_counter() - begun), "1/s")
    return float(miou(outcome.confusions.sum(dim=(0, 1))))


def time_unit(bench: Bench, link: NomaLink) -> None:
    """Time the CSI unit of a UE for one drop, as it is and as a CUDA graph."""
    params = bench.params
    channel, capacity = params.channel, params.points.capacity
    unit = UeCsi(link, 0).to(bench.device).eval()
    csirs = torch.randn(
        1, channel.subcarriers, channel.rf_chains, capacity.csirs_symbols, 2, device=bench.device
    )
    numbers = [torch.tensor([value], device=bench.device) for value in (-10.0, 10.0)]
    counts = [
        torch.tensor([value], device=bench.device)
        for value in (capacity.csirs_symbols, capacity.feedback_bits, channel.feedback_delay_symbols)
    ]
    with torch.inference_mode():
        eager = bench.seconds(lambda: unit(csirs, *numbers, *counts))
        bench.add("CSI unit of a UE, one drop, PyTorch", 1e3 * eager, "ms")
        names = [f"CSI unit of a UE, one drop, CUDA graph{unit}" for unit in ("", ", in slots")]
        if bench.device.type != "cuda":
            for name in names:
                bench.add(name, None, "", "not measured: no accelerator")
            return
        try:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                unit(csirs, *numbers, *counts)
            milliseconds = 1e3 * bench.seconds(graph.replay)
            slot = SLOT_SYMBOLS * channel.symbol_duration_us * 1e-3
            bench.add(names[0], milliseconds, "ms")
            bench.add(names[1], milliseconds / slot, "slots", "within one" if milliseconds <= slot else "")
        except RuntimeError as error:
            for name in names:
                bench.add(name, None, "", "not measured: " + " ".join(str(error).split())[:90])


def train_shortly(
    bench: Bench, scenes: tuple[SceneSet, SceneSet], drops: PathDrops, minutes: float, precision: str
) -> NomaLink:
    """Train Stage I and Stage III for some minutes each half, and return the link."""
    params, both = bench.params, (Memory(drops), Memory(drops))
    residual = params.msf.model_copy(update={"blocks": "residual", "width_multiplier": 1 / 3})
    link = noma(params.model_copy(update={"msf": residual}), "learned")
    recipe = params.recipe.model_copy(
        update={"schedule": "cosine", "warm_up": 0.1, "clip_norm": 1.0, "precision": precision}
    )
    for stage, section, parts in (("Stage I", params.semantic, None), ("Stage III", params.joint, both)):
        changes = {
            "learning_rate": 3e-3 if parts is None else 1e-3,
            "class_weights": "root",
            "dice_weight": 1.0,
            "prior_correction": 0.5,
            "crop": 0.7,
            "points_per_batch": 4,
            "full_share": 0.5,
        }
        trained = IdealLink(link.semantic) if parts is None else link
        fit_params = section.model_copy(update=changes)
        probe = SegmentationTask(trained, scenes, parts, params.points, fit_params, seed=1)  # type: ignore[arg-type]
        seconds = _step(bench, stage, precision, probe, recipe)[1]
        steps = max(4, round(0.8 * 60 * minutes / 2 / seconds))
        longer = fit_params.model_copy(update={"epochs": 2, "steps_per_epoch": steps // 2, "patience": 2})
        task = SegmentationTask(trained, scenes, parts, params.points, longer, seed=1)  # type: ignore[arg-type]
        with tempfile.TemporaryDirectory() as scratch:
            result = fit(task, recipe, Path(scratch), Quiet(), progress=False)
        link.to(bench.device)
        best = result.best["val_miou"]
        bench.add(f"{stage}, validation mIoU after {steps} steps", best, "", precision)
    return link


def _full_point(params: Params) -> OperatingPoint:
    capacity = params.points.capacity
    return OperatingPoint(-10.0, capacity.csirs_symbols, capacity.feedback_bits, capacity.data_symbols)


def machine(device: torch.device) -> dict[str, Any]:
    """Return what the numbers belong to."""
    name = torch.cuda.get_device_name() if device.type == "cuda" else platform.processor() or "CPU"
    return {"device": name, "torch": torch.__version__, "threads": torch.get_num_threads()}


def parameters(*, tiny: bool) -> Params:
    """Return the paper's sizes, or those of the smoke profile."""
    return Params.model_validate(yaml.safe_load(profile_text("smoke" if tiny else "paper")))


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure everything, and return the table as JSON values."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    params = parameters(tiny=arguments.tiny)
    bench = Bench(params, device, repeats=1 if arguments.tiny else 7)
    if arguments.frames:
        scenes = frames_of(arguments.frames)
    else:
        scenes = shapes(20 if arguments.tiny else 160, params.scenes.height, params.scenes.width)
    drops = draw_paths(64 if arguments.tiny else 4096, params.channel, torch.Generator().manual_seed(1))
    scene_parts = parted(scenes)
    print(facts := machine(device), flush=True)
    time_steps(bench, scene_parts, drops)
    time_link(bench, drops)
    link = train_shortly(
        bench, scene_parts, drops, arguments.minutes, "bfloat16" if device.type == "cuda" else "float32"
    )
    reached = time_evaluation(bench, link, scene_parts[1], drops)
    bench.add("mIoU over the channel at -10 dB", reached, "", "frames" if arguments.frames else "shapes")
    time_unit(bench, link)
    return {**facts, "profile": params.profile, "rows": bench.rows}


def main() -> None:
    parser = argparse.ArgumentParser(description="What an accelerator makes of the paper's sizes.")
    parser.add_argument("--minutes", type=float, default=4.0, help="of the short training")
    parser.add_argument("--frames", type=Path, help="archive with images and labels")
    parser.add_argument("--out", type=Path, help="file for the table as JSON")
    parser.add_argument("--tiny", action="store_true", help="the sizes of the smoke profile")
    arguments = parser.parse_args()
    table = run(arguments)
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
