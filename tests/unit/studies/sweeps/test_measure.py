"""Which points of a job are measured: those without a measurement that is up to date and whole."""

from dataclasses import replace

import pytest
import torch
from fixtures.measurements import measurement_of, outcome_of
from fixtures.params import altered

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.schemes import SCHEMES
from cscsanet.evaluation.evidence import OTHER_ENERGY, Condition
from cscsanet.evaluation.measure import Outcome
from cscsanet.evaluation.measurements import read_measurement
from cscsanet.studies.sweeps import measure
from cscsanet.studies.sweeps.measure import Job, with_other_energy
from cscsanet.workflow.stage import Stage
from cscsanet.workflow.workspace import Workspace

REFERENCE, OTHER = OperatingPoint(-25.0, 8, 64, 4), OperatingPoint(0.0, 8, 64, 4)


@pytest.fixture
def measured(smoke, tmp_path, monkeypatch):
    """Run a job and return the points that it measured; params: at the end of the run."""
    points = []

    def measure_points(workspace, params, name, missing, *, repeat, key, details_at, snr_offset_db):
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
        measure.measure_job(Stage("measure", Workspace(tmp_path), params, "code"), job)
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


def test_the_other_energy_of_orthogonal_access_is_measured_apart(measured, tmp_path):
    assert measured(Job("oma", "seed-2", (REFERENCE,))) == [REFERENCE]
    other = Job("oma", "seed-2", (REFERENCE,), OTHER_ENERGY)
    assert measured(other) == [REFERENCE]
    assert measured(other) == []
    files = sorted(Workspace(tmp_path).measurements.rglob("*.npz"))
    # Told apart by a comparison by hand, too.
    assert [read_measurement(file).repeat for file in files] == ["seed-2-other-energy", "seed-2"]


def test_every_swept_form_of_orthogonal_access_has_both_energies(smoke):
    planned = [(job.scheme, job.repeat, job.energy) for job in measure.jobs(smoke)]
    assert len(set(planned)) == len(planned)
    others = {job[:2] for job in planned if job[2] == OTHER_ENERGY}
    swept = {name for name in smoke.evaluation.swept if SCHEMES[name].access == "oma"}
    assert others == {job[:2] for job in planned if job[0] in swept}
    assert with_other_energy(smoke).joint.oma_energy == "element"
    assert with_other_energy(with_other_energy(smoke)) == smoke


def test_a_measurement_of_another_snr_or_reader_is_outdated(smoke, tmp_path, monkeypatch):
    for name in ("scene_digests", "drop_digests", "weight_digests"):
        monkeypatch.setattr(Workspace, name, lambda self, *_: {})
    stage = Stage("measure", Workspace(tmp_path), smoke, "code")
    job = Job("noma", None, (REFERENCE,))
    keys = [measure._key(stage, smoke, job, offset) for offset in (0.0, 0.0, 6.0)]
    keys.append(measure._key(stage, altered(smoke, joint={"reader": "products"}), job, 0.0))
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


def test_a_measurement_of_another_point_is_made_again(measured, tmp_path):
    job = Job("noma", None, (REFERENCE, OTHER))
    measured(job)
    files = sorted((tmp_path / "data" / "measurements" / "noma").glob("*.npz"))
    assert len(files) == 2
    files[0].write_bytes(files[1].read_bytes())
    assert len(measured(job)) == 1
    assert {read_measurement(path).point for path in files} == {REFERENCE, OTHER}
