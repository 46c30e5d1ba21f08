"""The committed reports: each is of one run of the pipeline, of the shipped models, and of the same data."""

import json
from pathlib import Path

import pytest
import yaml

from cscsanet.config.params import digest
from cscsanet.config.schemes import FLOOR, SCHEMES
from cscsanet.workflow.pipeline_file import content_hash, read_lock, read_pipeline
from cscsanet.workflow.workspace import SHIPPED

ROOT = Path(__file__).parents[2]
REPORTS = ROOT / "reports"
STAGES, LOCK = read_pipeline(ROOT), read_lock(ROOT)
# Stages of a specialist run in the root of the project, too.
PIPELINES = [
    (STAGES, LOCK),
    *((read_pipeline(file.parent), read_lock(file.parent)) for file in ROOT.glob("specialists/*/dvc.yaml")),
]
# Written beside the stages: by benchmarks, and the time that each stage took.
OTHER = ("benchmarks", "times")


def read(name):
    return json.loads((REPORTS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def shipped():
    """Name of the weights -> their digest in the package's manifest."""
    models = json.loads((SHIPPED / "manifest.json").read_text(encoding="utf-8"))["models"]
    return {name: model["full_precision"] for name, model in models.items()}


def ran(stages, lock):
    """Return the stages that have run for the committed reports; a new one has not yet."""
    return [entry for entry in stages.values() if entry.address in lock]


@pytest.mark.parametrize(("stages", "lock"), PIPELINES)
def test_a_stage_that_has_not_run_has_no_report(stages, lock):
    for entry in stages.values():
        if entry.address not in lock:
            assert not [path for path in entry.outputs if (ROOT / path).exists()], entry.address


def stale(root, stages, lock):
    """Return the reports of a project that are not what their stage wrote when it last ran."""
    outputs = [(path, lock[entry.address]) for entry in ran(stages, lock) for path in entry.outputs]
    return [
        path
        for path, entry in outputs
        if path.startswith("reports/") and content_hash(root / path) != entry.files[path]
    ]


@pytest.mark.parametrize(("stages", "lock"), PIPELINES)
def test_every_report_is_what_its_stage_wrote(stages, lock):
    assert stale(ROOT, stages, lock) == []


def test_a_report_of_another_run_is_noticed(tmp_path):
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports/complexity.json").write_text((REPORTS / "complexity.json").read_text())
    stages = {name: STAGES[name] for name in ("complexity", "pictures")}
    assert stale(tmp_path, stages, LOCK) == ["reports/pictures.json"]
    (tmp_path / "reports/complexity.json").write_text("{}")
    assert stale(tmp_path, stages, LOCK) == ["reports/complexity.json", "reports/pictures.json"]


def test_every_report_belongs_to_a_stage():
    outputs = {path for stages, _ in PIPELINES for entry in stages.values() for path in entry.outputs}
    found = {path.relative_to(ROOT) for path in REPORTS.rglob("*") if path.is_file()}
    unknown = {
        path
        for path in found
        if not set(OTHER) & set(path.parts)
        and not any(str(parent) in outputs for parent in (path, *path.parents))
    }
    assert unknown == set()


@pytest.mark.parametrize(("stages", "lock"), PIPELINES)
def test_every_stage_read_what_the_stages_before_it_wrote(stages, lock):
    written = {path: lock[entry.address].files[path] for entry in ran(stages, lock) for path in entry.outputs}
    for entry in ran(stages, lock):
        for path in entry.inputs:
            if path in written and path in lock[entry.address].files:
                assert lock[entry.address].files[path] == written[path], (entry.address, path)


def test_reports_of_activity_detection_are_of_the_shipped_detector():
    shipped = json.loads((SHIPPED / "access" / "manifest.json").read_text(encoding="utf-8"))["models"]
    assert set(shipped) == {"access/ours"}
    rows = read("specialists/access")
    assert {row["method"] for row in rows} >= {"ours", "paper", "covariance-ml", "genie", "omp", "mmv-amp"}
    assert {row["trainings"] for row in rows if row["method"] == "ours" and row["seed"] is None} == {3}
    parity = read("specialists/access_parity")
    assert {row["model"] for row in parity} == {shipped["access/ours"]}
    assert {row["decisions_equal"] for row in parity} == {1.0}


def test_reports_of_fusion_precoding_are_of_the_shipped_link():
    shipped = json.loads((SHIPPED / "fusion" / "manifest.json").read_text(encoding="utf-8"))["models"]
    assert set(shipped) == {"fusion/fusion"}
    rows = read("specialists/fusion")
    assert {row["method"] for row in rows} >= {
        "fusion",
        "paper",
        "autoencoder",
        "classical-fusion",
        "perfect-rzf",
    }
    assert {row["trainings"] for row in rows if row["method"] == "fusion" and row["seed"] is None} == {3}
    parity = read("specialists/fusion_parity")
    assert {row["model"] for row in parity} == {shipped["fusion/fusion"]}


def test_rows_are_of_the_shipped_models(shipped):
    rows = [
        row
        for row in (*read("sweeps"), *read("evaluation"))
        if row["repeat"] is None and row["scheme"] != FLOOR and SCHEMES[row["scheme"]].shipped
    ]
    assert len({row["scheme"] for row in rows}) > 10
    for row in rows:
        weights = [shipped[name] for name in SCHEMES[row["scheme"]].weights.values()]
        assert row["model"] == (weights[0] if len(weights) == 1 else digest(weights)), row["scheme"]
    latency = read("latency")
    assert latency["model"] == shipped[SCHEMES[latency["scheme"]].weights[""]]
    for row in read("parity")["chains"]:
        assert row["weights"] == shipped[SCHEMES[row["scheme"]].weights[""]]


def test_rows_are_of_the_data_that_the_shipped_models_were_split_from():
    models = json.loads((SHIPPED / "manifest.json").read_text(encoding="utf-8"))["models"]
    inputs = models["semantic"]["inputs"]
    rows = [*read("sweeps"), *read("evaluation")]
    assert {(row["scenes_digest"], row["split_digest"]) for row in rows} == {
        (inputs["scenes"], inputs["split"])
    }
    over_air = [row for row in rows if row["snr_db"] is not None]
    assert len({(row["drops_digest"], row["channel_digest"]) for row in over_air}) == 1
    assert all(row["drops_digest"] for row in over_air)
    pictures = read("pictures")
    assert (pictures["scenes"], pictures["split"]) == (inputs["scenes"], inputs["split"])
    assert json.loads((SHIPPED / "pictures.json").read_text(encoding="utf-8")) == pictures


def test_every_genie_hybrid_is_of_the_same_drops():
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    rows = [
        *(row for row in read("physical") if row["scheme"] == "genie"),
        *(row for row in read("spectral_efficiency") if row["scheme"] == "genie"),
        *(row for row in read("separated")["csi"] if row["method"] == "genie hybrid"),
    ]
    assert {row["drops"] for row in rows} == {params["study"]["drops"]}
