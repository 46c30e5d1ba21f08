"""Runs of stages: parents, parameters, curves, resumption and what an exception leaves."""

import inspect
import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from cscsanet.config.params import Params, digest
from cscsanet.errors import Stopped
from cscsanet.tracking import StageRun, Tracker
from cscsanet.tracking.tracker import flatten_params
from cscsanet.training.task import EpochLog


@pytest.fixture
def client(tracker: Tracker) -> MlflowClient:
    return MlflowClient(tracker.store.uri)


def _parents(client: MlflowClient, tracker: Tracker, params: Params) -> list[Run]:
    return client.search_runs([tracker.experiment_id], f"tags.params_digest = '{digest(params)}'")


def _children(client: MlflowClient, tracker: Tracker, parent: Run) -> list[Run]:
    return client.search_runs(
        [tracker.experiment_id],
        f"tags.mlflow.parentRunId = '{parent.info.run_id}'",
        order_by=["attributes.start_time ASC"],
    )


def _history(client: MlflowClient, run: StageRun, key: str) -> list[tuple[int, float]]:
    return [(point.step, point.value) for point in client.get_metric_history(run.run_id, key)]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the metrics of each call that logs some."""
    counts: list[int] = []
    original = MlflowClient.log_batch

    def counted(self: MlflowClient, run_id: str, metrics: Any = (), *rest: Any, **named: Any) -> Any:
        if metrics:
            counts.append(len(metrics))
        return original(self, run_id, metrics, *rest, **named)

    monkeypatch.setattr(MlflowClient, "log_batch", counted)
    return counts


def test_stages_of_one_configuration_are_children_of_one_run(
    tracker: Tracker, client: MlflowClient, params: Params
) -> None:
    for name, section in (("scenes", "scenes"), ("repeats/noma", "joint"), ("repeats/noma", "joint")):
        with tracker.stage(name, params, sections=[section], tags={"data_digest": "d1"}) as run:
            assert client.get_run(run.run_id).info.status == "RUNNING"
    (parent,) = _parents(client, tracker, params)
    assert parent.info.run_name == f"small-{digest(params)[:6]}"
    assert parent.info.status == "FINISHED"
    children = _children(client, tracker, parent)
    assert [child.info.run_name for child in children] == ["scenes", "repeats/noma", "repeats/noma"]
    assert {child.info.status for child in children} == {"FINISHED"}
    tags = children[1].data.tags
    assert (tags["stage"], tags["profile"], tags["data_digest"]) == ("repeats/noma", "small", "d1")

    other = params.model_copy(update={"seed": params.seed + 1})
    with tracker.stage("scenes", other, sections=[]):
        pass
    (second,) = _parents(client, tracker, other)
    assert second.info.run_id != parent.info.run_id
    assert len(_children(client, tracker, parent)) == 3


def test_parent_holds_all_params_and_stages_their_sections_by_the_same_keys(
    tracker: Tracker, client: MlflowClient, params: Params
) -> None:
    with tracker.stage("joint", params, sections=["joint", "points"]) as run:
        pass
    whole = _parents(client, tracker, params)[0].data.params
    shown = client.get_run(run.run_id).data.params
    assert whole["csa.model_features"] == "64"
    assert json.loads(whole["points.snr_db"]) == list(params.points.snr_db)
    assert len(whole) > 70
    assert shown.items() < whole.items()
    assert {key.partition(".")[0] for key in shown} == {"joint", "points", "profile", "seed", "threads"}


def test_the_source_of_a_run_is_its_stage_whatever_program_runs_it(
    tracker: Tracker, client: MlflowClient, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/__main__.py"])
    for name in ("noma", "evaluate/noma"):
        with tracker.stage(name, params, sections=[]) as run:
            pass
        source = client.get_run(run.run_id).data.tags["mlflow.source.name"]
        assert source == name.partition("/")[0]
    (parent,) = _parents(client, tracker, params)
    assert parent.data.tags["mlflow.source.name"] == "pipeline"


def test_a_run_with_varied_params_shows_these_under_the_parent_of_the_configuration(
    tracker: Tracker, client: MlflowClient, params: Params
) -> None:
    varied = params.model_copy(update={"seed": params.seed + 1})
    with tracker.stage("repeats/noma", params, sections=[], run_params=varied) as run:
        pass
    (parent,) = _parents(client, tracker, params)
    assert _children(client, tracker, parent)[0].info.run_id == run.run_id
    assert parent.data.params["seed"] == str(params.seed)
    assert client.get_run(run.run_id).data.params["seed"] == str(params.seed + 1)


def test_long_values_are_cut_to_the_limit_of_mlflow(
    tracker: Tracker, client: MlflowClient, params: Params
) -> None:
    folder = "x" * 7000
    long = params.model_copy(update={"scenes": params.scenes.model_copy(update={"folder": folder})})
    assert flatten_params(long)["scenes.folder"] == folder[:5999] + "…"
    with tracker.stage("scenes", long, sections=["scenes"], tags={"note": folder * 2}) as run:
        pass
    stored = client.get_run(run.run_id).data
    assert stored.params["scenes.folder"] == folder[:5999] + "…"
    assert len(stored.tags["note"]) == 8000


def test_an_epoch_is_one_call_without_values_that_are_not_finite(
    tracker: Tracker, client: MlflowClient, params: Params, calls: list[int]
) -> None:
    with tracker.stage("semantic", params, sections=[]) as run:
        run.log_epoch(1, {"train/loss": 2.0, "val/miou": 0.1, "gap": math.nan})
        run.log_epoch(2, {"train/loss": 1.0, "val/miou": 0.2, "gap": 3.0})
        run.log_epoch(3, {"train/loss": math.inf})
    assert calls == [2, 3]
    assert _history(client, run, "train/loss") == [(1, 2.0), (2, 1.0)]
    assert _history(client, run, "gap") == [(2, 3.0)]


def test_curves_are_logged_in_batches_of_a_thousand(
    tracker: Tracker, client: MlflowClient, params: Params, calls: list[int]
) -> None:
    rows = [{"snr_db": float(step), "a": step / 2, "b": 1.0} for step in range(-600, 600)]
    with tracker.stage("evaluate", params, sections=[]) as run:
        run.log_curves(rows, "snr_db")
    assert calls == [1000, 1000, 400]
    assert sorted(_history(client, run, "a")) == [(step, step / 2) for step in range(-600, 600)]
    assert _history(client, run, "snr_db") == []


def test_a_curve_over_fractions_has_the_row_as_its_step(
    tracker: Tracker, client: MlflowClient, params: Params
) -> None:
    with tracker.stage("evaluate", params, sections=[]) as run:
        run.log_curves([{"snr_db": -2.5, "a": 1.0}, {"snr_db": 0.0, "a": 2.0}], "snr_db")
    assert _history(client, run, "a") == [(0, 1.0), (1, 2.0)]
    assert _history(client, run, "snr_db") == [(0, -2.5), (1, 0.0)]


@pytest.mark.parametrize(
    ("error", "status"),
    [(ValueError("no"), "FAILED"), (KeyboardInterrupt(), "KILLED"), (Stopped(), "KILLED")],
)
def test_an_exception_marks_the_run_and_propagates(
    error: BaseException, status: str, tracker: Tracker, client: MlflowClient, params: Params
) -> None:
    with pytest.raises(type(error)) as caught, tracker.stage("joint", params, sections=[]) as run:
        raise error
    assert caught.value is error
    assert client.get_run(run.run_id).info.status == status
    assert _parents(client, tracker, params)[0].info.status == "FINISHED"


def test_a_run_of_a_killed_process_is_marked_by_the_next(
    tracker: Tracker, client: MlflowClient, params: Params
) -> None:
    dead = tracker.stage("joint", params, sections=[])
    run = dead.__enter__()
    assert _parents(client, tracker, params)[0].info.status == "FINISHED"
    with tracker.stage("semantic", params, sections=[]):
        assert client.get_run(run.run_id).info.status == "RUNNING"
    with tracker.stage("joint", params, sections=[]) as second:
        assert client.get_run(run.run_id).info.status == "KILLED"
    assert second.run_id != run.run_id


def test_a_killed_stage_goes_on_in_its_run(tracker: Tracker, client: MlflowClient, params: Params) -> None:
    killed = tracker.stage("joint", params, sections=["joint"])
    first = killed.__enter__()
    first.log_epoch(1, {"loss": 3.0})
    first.log_epoch(2, {"loss": 2.0})
    with tracker.stage("joint", params, sections=["joint"], resume_id=first.run_id) as second:
        second.log_epoch(2, {"loss": 2.0})
        second.log_epoch(3, {"loss": 1.0})
    assert second.run_id == first.run_id
    assert client.get_run(first.run_id).info.status == "FINISHED"
    assert _history(client, second, "loss") == [(1, 3.0), (2, 2.0), (3, 1.0)]


def test_only_an_unfinished_run_of_the_same_stage_is_resumed(
    tracker: Tracker, client: MlflowClient, params: Params
) -> None:
    with tracker.stage("joint", params, sections=[]) as finished:
        pass
    with pytest.raises(ValueError, match="no"), tracker.stage("joint", params, sections=[]) as failed:
        raise ValueError("no")
    other = params.model_copy(update={"seed": params.seed + 1})
    for stage, configuration, resume_id in (
        ("joint", params, finished.run_id),
        ("joint", params, "0" * 32),
        ("joint", params, "not an id"),
        ("semantic", params, failed.run_id),
        ("joint", other, failed.run_id),
    ):
        with tracker.stage(stage, configuration, sections=[], resume_id=resume_id) as run:
            pass
        assert run.run_id not in {finished.run_id, failed.run_id}
    with tracker.stage("joint", params, sections=[], resume_id=failed.run_id) as run:
        pass
    assert run.run_id == failed.run_id
    client.delete_run(failed.run_id)
    with tracker.stage("joint", params, sections=[], resume_id=failed.run_id) as run:
        pass
    assert run.run_id != failed.run_id


def test_datasets_and_artifacts(
    root: Path, tracker: Tracker, client: MlflowClient, params: Params, tmp_path: Path
) -> None:
    (tmp_path / "rows.csv").write_text("1")
    with tracker.stage("evaluate", params, sections=[]) as run:
        run.log_dataset("scenes", "ab" * 32, "data/scenes", "testing")
        run.log_artifact(tmp_path / "rows.csv", "results")
        run.log_metrics({"test/miou": 0.5})
    stored = client.get_run(run.run_id)
    (used,) = stored.inputs.dataset_inputs
    assert (used.dataset.name, used.dataset.digest) == ("scenes", ("ab" * 32)[:36])
    assert {tag.key: tag.value for tag in used.tags} == {"mlflow.data.context": "testing"}
    assert (root / "mlruns/tests" / run.run_id / "artifacts/results/rows.csv").read_text() == "1"
    assert stored.data.metrics == {"test/miou": 0.5}


def test_a_run_is_an_epoch_log() -> None:
    assert inspect.signature(StageRun.log_epoch) == inspect.signature(EpochLog.log_epoch)
