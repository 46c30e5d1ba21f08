"""How long the tasks of a study are expected to take on this machine, on one thread each.

A training takes as long as the pipeline's training of that name took in processor time (reports/times), scaled by the
images or drops that it sees. A measurement takes as long as two batches of its scheme do when they are measured here,
one of them with all that is kept from point to point. A variant is its trainings and its measurements.
"""

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from cscsanet.channel.dataset import open_drops
from cscsanet.config.assumptions import VariantParams
from cscsanet.config.params import Params, digest, select
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.cache import cached_features
from cscsanet.evaluation.measure import measure
from cscsanet.evaluation.schemes import trained_link
from cscsanet.evaluation.sweeps import moved
from cscsanet.files import write_json
from cscsanet.parsing import parse_json
from cscsanet.pipeline.repeats import Repeat
from cscsanet.scenes.dataset import load_part
from cscsanet.scenes.layout import read_list
from cscsanet.scenes.scene_set import SceneSet
from cscsanet.studies.assumptions.variant import VariantWorkspace, variant_stage
from cscsanet.studies.grid.cells import Cell
from cscsanet.studies.sweeps.measure import DEPENDS, Job, jobs, num_draws
from cscsanet.workflow.machine import limit_threads, processor
from cscsanet.workflow.stage import Stage
from cscsanet.workflow.workspace import Workspace

_IMAGES = 32
# Trainings whose parameters are in a section of another name. The second ones have epochs of their own there.
_JOINT = ("noma", "noma_aligned", "oma", "oma_aligned", "noma_tracked", "oma_tracked")
_FEWER_EPOCHS = ("oma", "oma_aligned", "noma_tracked", "oma_tracked")


@dataclass
class Estimator:
    """Expected seconds of tasks. others: processors, other than this machine's, of which times are used."""

    workspace: Workspace
    params: Params
    others: set[str] = field(default_factory=set)
    _paces: dict[str, list[float]] = field(default_factory=dict)

    def seconds(self, cells: Sequence[Cell]) -> dict[str, float | None]:
        """Return the expected seconds of the tasks that are to be done, by name; None: not known.

        Schemes whose pace is not known yet are measured, which takes a few seconds each.
        """
        self._paces = self._read_paces()
        known = len(self._paces)
        expected = {cell.task.name: self._of(cell) for cell in cells if not cell.is_done}
        if len(self._paces) > known:
            write_json(self._file, {**self._made_on(), "paces": self._paces})
        return expected

    def _of(self, cell: Cell) -> float | None:
        if isinstance(cell.content, Repeat):
            return self._training(cell.content.training, self.params)
        if isinstance(cell.content, Job):
            return self._measurement(cell.content, cell.points)
        return self._variant(cell.stage, cell.content)

    def _training(self, training: str, params: Params) -> float | None:
        """Return the seconds of a training with some parameters, by those of the pipeline's."""
        try:
            path = self.workspace.reports / "times" / f"{training}.json"
            times = parse_json(path.read_text(encoding="utf-8"))
            spent, made_on = float(times["processor_seconds"]), str(times["processor"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if made_on != processor():
            self.others.add(made_on)
        # The start of the stage's process, which is in it, stands for what a job loads and logs.
        return spent * _seen(params, training) / _seen(self.params, training)

    def _measurement(self, job: Job, points: int) -> float | None:
        try:
            start, first, further = self._pace(job.scheme)
        except CscsanetError:
            # Its task will say what is wrong.
            return None
        images = num_draws(job.scheme, self.params) * self._images
        return start + images * (first + further * max(points - 1, 0))

    def _variant(self, stage: Stage, variant: VariantParams) -> float | None:
        changed = variant_stage(stage, variant)
        assert isinstance(changed.workspace, VariantWorkspace)
        parts = [
            *(self._training(each, changed.params) for each in sorted(changed.workspace.trained_anew)),
            *(self._measurement(job, len(job.points)) for job in jobs(changed.params)),
        ]
        return None if None in parts else sum(filter(None, parts))

    def _pace(self, name: str) -> list[float]:
        if name not in self._paces:
            self._paces[name] = self._measure_pace(name)
        return self._paces[name]

    def _measure_pace(self, name: str) -> list[float]:
        """Measure a scheme: seconds until a job has its link and data, and of an image at a first and at a further point."""
        threads = torch.get_num_threads()
        limit_threads(1)
        try:
            started = time.monotonic()
            link, _ = trained_link(name, self.params, self.workspace.trained)
            drops = open_drops(self.workspace.drops("test")).all()
            scenes, decoding = self._few_scenes
            seconds = [decoding + time.monotonic() - started]
            home = self.params.evaluation.home.point
            with cached_features(link):
                for snr_db in (home.snr_db, home.snr_db + 1.0):
                    point = moved(home, "snr_db", snr_db).within(self.params.points.capacity)
                    started = time.monotonic()
                    measure(link, scenes, drops, point, self.params.channel, draws=1, seed=self.params.seed)
                    seconds.append((time.monotonic() - started) / len(scenes))
        finally:
            limit_threads(threads)
        return [round(each, 6) for each in seconds]

    @cached_property
    def _few_scenes(self) -> tuple[SceneSet, float]:
        """A few scenes, and the seconds that it takes to decode all of the test part."""
        started = time.monotonic()
        whole = load_part(self.workspace.scenes, self.workspace.split, "test")
        few = replace(
            whole,
            images=whole.images[:_IMAGES],
            labels=whole.labels[:_IMAGES],
            names=whole.names[:_IMAGES],
        )
        return few, time.monotonic() - started

    @cached_property
    def _images(self) -> int:
        return len(read_list(self.workspace.split / "test.txt"))

    @property
    def _file(self) -> Path:
        return self.workspace.root / "scratch" / "study" / "paces.json"

    def _made_on(self) -> dict[str, Any]:
        return {
            "processor": processor(),
            "cores": os.cpu_count(),
            "params": digest(select(self.params, DEPENDS)),
        }

    def _read_paces(self) -> dict[str, list[float]]:
        with suppress(OSError, ValueError, KeyError, TypeError):
            content = parse_json(self._file.read_text(encoding="utf-8"))
            if {name: content[name] for name in self._made_on()} == self._made_on():
                return {str(name): [float(each) for each in pace] for name, pace in content["paces"].items()}
        return {}


def _seen(params: Params, training: str) -> int:
    """Return how many images or drops a training sees."""
    section = getattr(params, "joint" if training in _JOINT else training)
    epochs = section.oma_epochs if training in _FEWER_EPOCHS else section.epochs
    return int(epochs * section.steps_per_epoch * section.batch_size)
