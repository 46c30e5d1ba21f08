"""Rendered datasets in MFNet's layout, with lists that keep each sequence in one part."""

import itertools
import json
import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cscsanet.errors import CscsanetError
from cscsanet.files import folder_by_rename
from cscsanet.processes import exit_with_parent
from cscsanet.scene_sources.manifest import MANIFEST, write_manifest
from cscsanet.scene_sources.renderer.png import write_png
from cscsanet.scene_sources.renderer.sequence import render_sequence
from cscsanet.scenes.layout import in_time_order

SEQUENCES = "sequences.json"
# Day and night alternate after this many sequences: day, day, night, night, ...
_BLOCK = 2


@dataclass(frozen=True)
class SequencePlan:
    """One sequence to render: its name, light, seed and the names of its frames in time order."""

    name: str
    night: bool
    seed: int
    frames: tuple[str, ...]


def plan_sequences(sequences: int, frames_per_sequence: int, seed: int) -> list[SequencePlan]:
    """Plan sequences, half by day and half by night, with frames numbered in time order.

    Raises:
        CscsanetError: `sequences` is no positive multiple of 8, or there are no frames.
    """
    if sequences < 8 or sequences % 8:
        raise CscsanetError(
            f"scenes.sequences = {sequences}: must be a positive multiple of 8, so that day and night split in 50/25/25 %"
        )
    if frames_per_sequence < 1:
        raise CscsanetError(f"scenes.frames_per_sequence = {frames_per_sequence}: must be at least 1")
    plans = []
    for index, sequence_seed in enumerate(_distinct_seeds(sequences, seed)):
        night = index // _BLOCK % 2 == 1
        first = index * frames_per_sequence + 1
        numbers = range(first, first + frames_per_sequence)
        plans.append(
            SequencePlan(
                name=f"sequence{index:04d}",
                night=night,
                seed=sequence_seed,
                frames=tuple(f"{number:05d}{'N' if night else 'D'}" for number in numbers),
            )
        )
    return plans


def _distinct_seeds(count: int, seed: int) -> list[int]:
    """Return a seed of 32 bits for each sequence, all different.

    Of 12 500 drawn ones, two are equal in one dataset of 55, and the same street would be in two parts.
    """
    seeds: dict[int, None] = {}
    for child in np.random.SeedSequence(seed).spawn(count):
        states = (int(child.generate_state(length)[-1]) for length in itertools.count(1))
        seeds[next(state for state in states if state not in seeds)] = None
    return list(seeds)


def split_names(plans: list[SequencePlan]) -> dict[str, list[str]]:
    """Return train, val and test frames: the first half and two quarters of day and of night."""
    parts: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for night in (False, True):
        same_light = [plan for plan in plans if plan.night == night]
        half, quarter = len(same_light) // 2, len(same_light) // 4
        for part, part_plans in (
            ("train", same_light[:half]),
            ("val", same_light[half : half + quarter]),
            ("test", same_light[half + quarter :]),
        ):
            parts[part] += [name for plan in part_plans for name in plan.frames]
    return {part: in_time_order(names) for part, names in parts.items()}


def write_rendered(
    folder: Path,
    *,
    sequences: int,
    frames_per_sequence: int,
    height: int,
    width: int,
    seed: int,
    made_from: Mapping[str, Any] | None = None,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
    finish: Callable[[Path], None] = lambda folder: None,
) -> None:
    """Render a dataset to `folder`, a frames folder with its lists, `sequences.json` and manifest.

    The content does not depend on `workers`. The folder appears by rename once it is complete; an
    older one is replaced only then.

    sequences: number of sequences, a multiple of 8; half by day and half by night.
    frames_per_sequence: number of consecutive frames of a sequence.
    height, width: of a frame [pixels].
    seed: of the dataset; the seeds of its sequences derive from it.
    made_from: the parameters that the frames depend on, for the manifest; None: unknown.
    workers: number of processes that render.
    progress: called with the number of frames written since the last call.
    finish: called with the folder once all frames are in it, before its manifest is written.

    Raises:
        CscsanetError: a count is out of range, or the folder cannot be written or contains
        something else.
    """
    if workers < 1:
        raise CscsanetError(f"workers = {workers}: must be at least 1")
    plans = plan_sequences(sequences, frames_per_sequence, seed)
    # Only a frames folder with a manifest is replaced; any other folder is the user's.
    with folder_by_rename(folder, MANIFEST) as partial:
        (partial / "images").mkdir()
        (partial / "labels").mkdir()
        for written in _render_all(partial, plans, (height, width), workers):
            if progress is not None:
                progress(written)
        for part, names in split_names(plans).items():
            (partial / f"{part}.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        entries = [
            {"name": plan.name, "night": plan.night, "frames": list(plan.frames), "seed": plan.seed}
            for plan in plans
        ]
        (partial / SEQUENCES).write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
        finish(partial)
        write_manifest(partial, made_from=made_from)


def _render_all(
    folder: Path, plans: list[SequencePlan], size: tuple[int, int], workers: int
) -> Iterator[int]:
    if workers == 1:
        for plan in plans:
            yield _write_sequence(folder, plan, size)
        return
    # Spawned, not forked: a process with threads (of torch) cannot be forked safely.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        min(workers, len(plans)), mp_context=context, initializer=exit_with_parent
    ) as pool:
        yield from pool.map(_write_sequence, [folder] * len(plans), plans, [size] * len(plans))


def _write_sequence(folder: Path, plan: SequencePlan, size: tuple[int, int]) -> int:
    rendered = render_sequence(plan.seed, len(plan.frames), *size, plan.night)
    for name, frame in zip(plan.frames, rendered, strict=True):
        write_png(folder / "images" / f"{name}.png", frame.image)
        write_png(folder / "labels" / f"{name}.png", frame.label)
    return len(plan.frames)
