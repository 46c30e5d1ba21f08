"""Which points of a job are measured: those without a measurement that is up to date and whole."""

from dataclasses import replace

import pytest
import torch
from fixtures.measurements import measurement_of, outcome_of

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.evaluation.evidence import Condition
from cscsanet.evaluation.measure import Outcome
from cscsanet.studies.sweeps import measure
from cscsanet.studies.sweeps.measure import Job
from cscsanet.workflow.stage import Stage
from cscsanet.workflow.workspace import Workspace

REFERENCE, OTHER = OperatingPoint(-25.0, 8, 64, 4), OperatingPoint(0.0, 8, 64, 4)


@pytest.fixture
def measured(smoke, tmp_path, monkeypatch):
    """Run a job and return the points that it measured; params: at the end of the run."""
    points = []

    def measure_points(workspace, params, name, missing, *, repeat, key, details_at):
        for point in missing:
            points.append(point)
            outcome = outcome_of(0.3)
            if point == details_at:
                masks = torch.zeros(len(outcome.confusions), 2, 2, dtype=torch.uint8)
                outcome = Outcome(outcome.confusions, None, masks, {"elements": 1})
            yield replace(measurement_of(Condition(name, point, repeat), outcome), key=key)

    def run(job, key="key", params=smoke):
        points.clear()
        monkeypatch.setattr(measure, "_key", lambda *_: key)
        measure._measure_job(Stage("measure", Workspace(tmp_path), params, "code"), job)
        return list(points)

    monkeypatch.setattr(measure, "measure_points", measure_points)
    return run


def test_a_job_measures_what_is_missing_or_outdated(measured):
    assert measured(Job("noma", None, (REFERENCE,))) == [REFERENCE]
    assert measured(Job("noma", None, (REFERENCE, OTHER))) == [OTHER]
    assert measured(Job("noma", None, (REFERENCE, OTHER))) == []
    assert measured(Job("noma", None, (REFERENCE, OTHER)), key="other") == [REFERENCE, OTHER]


def test_a_point_that_becomes_the_reference_is_measured_again_with_masks_and_budget(measured, smoke):
    job = Job("noma", None, (REFERENCE, OTHER))
    assert measured(job) == [REFERENCE, OTHER]
    home = smoke.evaluation.home.model_copy(update={"snr_db": OTHER.snr_db})
    moved = smoke.model_copy(update={"evaluation": smoke.evaluation.model_copy(update={"home": home})})
    assert measured(job, params=moved) == [OTHER]
    # The details of the former reference point do no harm.
    assert measured(job) == []


def test_further_seeds_need_no_details(measured):
    job = Job("noma", "seed-2", (REFERENCE,))
    assert measured(job) == [REFERENCE]
    assert measured(job) == []
