"""How long the tasks of a study are expected to take on this machine, on one thread each.

A training takes as long as the pipeline's training of that name took in processor time (reports/times), scaled by the
images or drops that it sees. A measurement takes as much of it as two batches of its scheme do when they are measured here,
one of them with all that is kept from point to point. A variant is its trainings and its measurements. What is not there
yet, weights, scenes or drops, is replaced by random ones of the same sizes.
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
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.sources import open_source
from cscsanet.config.assumptions import VariantParams
from cscsanet.config.params import Params, digest, select
from cscsanet.config.schemes import scheme
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.cache import cached_features
from cscsanet.evaluation.measure import measure
from cscsanet.evaluation.schemes import BUILD, compute_device, trained_link
from cscsanet.evaluation.sweeps import moved
from cscsanet.files import write_json
from cscsanet.links.link import Link
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


class _PlannedWorkspace(Workspace):
    """The files of a project, of which some need not be there yet."""

    def scene_digests(self) -> dict[str, str]:
        """Return the digests of the frames and of their split, or texts in their place."""
        with suppress(CscsanetError):
            return super().scene_digests()
        return {"scenes": "planned", "split": "planned"}

    def drop_digests(self, *parts: str) -> dict[str, str]:
        """Return the digests of the drops of some parts, or texts in their place."""
        with suppress(CscsanetError):
            return super().drop_digests(*parts)
        return {f"channels_{part}": "planned" for part in parts}

    def weight_digests(self, *names: str) -> dict[str, str]:
        """Return the digests of some trained weights, or texts in their place."""
        with suppress(CscsanetError):
            return super().weight_digests(*names)
        return dict.fromkeys(names, "planned")


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

    def training(self, name: str) -> float | None:
        """Return the expected seconds of a training of the pipeline; None: not known."""
        return self._training(name, self.params)

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
            images = num_draws(job.scheme, self.params) * self._images
        except CscsanetError:
            # Its task will say what is wrong.
            return None
        return start + images * (first + further * max(points - 1, 0))

    def _variant(self, stage: Stage, variant: VariantParams) -> float | None:
        changed = variant_stage(replace(stage, workspace=_PlannedWorkspace(stage.workspace.root)), variant)
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
            started = time.process_time()
            link = self._link(name)
            drops = self._drops()
            scenes, decoding = self._few_scenes
            seconds = [decoding + time.process_time() - started]
            home = self.params.evaluation.home.point
            with cached_features(link):
                for snr_db in (home.snr_db, home.snr_db + 1.0):
                    point = moved(home, "snr_db", snr_db).within(self.params.points.capacity)
                    started = time.process_time()
                    measure(link, scenes, drops, point, self.params.channel, draws=1, seed=self.params.seed)
                    seconds.append((time.process_time() - started) / len(scenes))
        finally:
            limit_threads(threads)
        return [round(each, 6) for each in seconds]

    def _link(self, name: str) -> Link:
        """Return a link; without its weights an untrained one, which computes as much."""
        try:
            return trained_link(name, self.params, self.workspace.trained)[0]
        except CscsanetError:
            if all(self.workspace.trained(each).exists() for each in scheme(name).weights.values()):
                raise  # of another configuration
            return BUILD[name](self.params).eval().to(compute_device())

    def _drops(self) -> PathDrops:
        if self.workspace.drops("test").exists():
            return open_drops(self.workspace.drops("test")).all()
        source = open_source(self.params.channel, self.workspace.root, "test")
        return source.draw(_IMAGES, torch.Generator().manual_seed(0))

    @cached_property
    def _few_scenes(self) -> tuple[SceneSet, float]:
        """A few scenes, and the seconds that it takes to decode all of the test part."""
        if not self._has_scenes:
            size = (self.params.scenes.height, self.params.scenes.width)
            images = torch.randint(0, 256, (_IMAGES, 4, *size), dtype=torch.uint8)
            names = [f"{number:05d}D" for number in range(_IMAGES)]
            return SceneSet(images, torch.zeros(_IMAGES, *size, dtype=torch.uint8), names), 0.0
        started = time.process_time()
        whole = load_part(self.workspace.scenes, self.workspace.split, "test")
        few = SceneSet(whole.images[:_IMAGES], whole.labels[:_IMAGES], whole.names[:_IMAGES])
        return few, time.process_time() - started

    @property
    def _has_scenes(self) -> bool:
        return self.workspace.split.exists() and self.workspace.scenes.exists()

    @cached_property
    def _images(self) -> int:
        if self._has_scenes:
            return len(read_list(self.workspace.split / "test.txt"))
        scenes = self.params.scenes
        if scenes.source != "rendered":
            raise CscsanetError("how many frames a recorded dataset has is known once it was imported")
        test = 1 - self.params.split.train - self.params.split.val
        return round(test * scenes.sequences * scenes.frames_per_sequence)

    @property
    def _file(self) -> Path:
        return self.workspace.root / "scratch" / "study" / "paces.json"

    def _made_on(self) -> dict[str, Any]:
        return {
            "processor": processor(),
            "cores": os.cpu_count(),
            "params": digest(select(self.params, DEPENDS)),
            "scenes": self._has_scenes,
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
