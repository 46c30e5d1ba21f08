"""Expected seconds: of trainings by those of the pipeline, of measurements by a scheme's pace."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from cscsanet.config.assumptions import VariantParams
from cscsanet.errors import CscsanetError
from cscsanet.pipeline.repeats import Repeat
from cscsanet.studies.assumptions.variant import VariantWorkspace
from cscsanet.studies.grid import estimate as module
from cscsanet.studies.grid.cells import Cell
from cscsanet.studies.grid.estimate import Estimator
from cscsanet.studies.sweeps.measure import Job
from cscsanet.workflow.machine import processor
from cscsanet.workflow.stage import Stage
from cscsanet.workflow.task_graph import Task
from cscsanet.workflow.workspace import Workspace


@pytest.fixture
def workspace(tmp_path):
    workspace = Workspace(tmp_path)
    workspace.split.mkdir(parents=True)
    workspace.scenes.mkdir(parents=True)
    (workspace.split / "test.txt").write_text("".join(f"{frame:05}D\n" for frame in range(10)))
    return workspace


@pytest.fixture
def estimator(workspace, smoke, monkeypatch):
    """An estimator that takes every scheme for equally slow: 2 s to begin, 0.5 s, then 0.1 s an image."""
    monkeypatch.setattr(Estimator, "_measure_pace", lambda self, name: [2.0, 0.5, 0.1])
    return Estimator(workspace, smoke)


def write_times(workspace, training, seconds, made_on):
    path = workspace.reports / "times" / f"{training}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"processor_seconds": seconds, "processor": made_on}))


def cell(content, **changed):
    return Cell(Task("task", "group", print, content), None, content, frozenset(), **changed)


def test_a_repeat_takes_as_long_as_the_training(workspace, estimator):
    write_times(workspace, "noma", 40.0, processor())
    assert estimator.seconds([cell(Repeat("noma", "seed-2", seed=2))]) == {"task": 40.0}
    assert estimator.others == set()
    assert estimator.seconds([cell(Repeat("oma", "seed-2", seed=2))]) == {"task": None}


def test_times_of_another_processor_are_noted(workspace, estimator):
    write_times(workspace, "noma", 40.0, "another")
    estimator.seconds([cell(Repeat("noma", "seed-2", seed=2))])
    assert estimator.others == {"another"}


def test_a_measurement_takes_longest_at_its_first_point(workspace, estimator, smoke):
    job = Job("noma", None, (smoke.evaluation.home.point,) * 9)
    # 10 images: 2 + 5 + 3 further points of 1 s.
    assert estimator.seconds([cell(job, points=4)]) == {"task": pytest.approx(10.0)}
    assert estimator.seconds([cell(job, points=4, is_done=True)]) == {}


def test_the_paces_are_kept_for_the_same_parameters(workspace, estimator, smoke, monkeypatch):
    job = cell(Job("noma", None, (smoke.evaluation.home.point,)), points=1)
    estimator.seconds([job])
    monkeypatch.setattr(Estimator, "_measure_pace", lambda self, name: [20.0, 0.0, 0.0])
    assert Estimator(workspace, smoke).seconds([job]) == {"task": pytest.approx(7.0)}
    other = smoke.model_copy(update={"seed": 99})
    assert Estimator(workspace, other).seconds([job]) == {"task": pytest.approx(20.0)}


def test_a_scheme_that_cannot_be_measured_has_no_time(estimator, smoke, monkeypatch):
    def fail(self, name):
        raise CscsanetError("damaged")

    monkeypatch.setattr(Estimator, "_measure_pace", fail)
    job = cell(Job("noma", None, (smoke.evaluation.home.point,)), points=1)
    assert estimator.seconds([job]) == {"task": None}


def test_a_variant_is_its_trainings_scaled_and_its_measurements(workspace, estimator, smoke, monkeypatch):
    longer = smoke.joint.model_copy(update={"epochs": smoke.joint.epochs * 3})
    changed = smoke.model_copy(update={"joint": longer})

    made = VariantWorkspace(workspace.root, "longer", frozenset({"noma"}))
    stage = SimpleNamespace(workspace=made, params=changed)
    monkeypatch.setattr(module, "variant_stage", lambda stage_of_study, variant: stage)
    points = (smoke.evaluation.home.point,) * 2
    monkeypatch.setattr(module, "jobs", lambda params: [Job("noma", None, points)])
    study = Stage("assumptions", workspace, smoke, "code")
    variant = replace(cell(VariantParams(name="longer", what="three times as long")), stage=study)
    assert estimator.seconds([variant]) == {"task": None}
    write_times(workspace, "noma", 40.0, processor())
    assert estimator.seconds([variant]) == {"task": pytest.approx(120.0 + 8.0)}
