"""The run of a training: results, resuming with the same run, variants that are up to date."""

import csv
import json
from dataclasses import replace

import pytest
import torch
from torch import nn

from cscsanet.config.training import FitParams
from cscsanet.pipeline.run import Training, initialised, train
from cscsanet.training.task import Task
from cscsanet.training.weights import weights_origin

FIT = FitParams(epochs=3, steps_per_epoch=2, batch_size=4, learning_rate=0.05, patience=3)


class Line(Task):
    """Fit y = 3 x."""

    monitor = "val_score"
    train_items = 16
    val_items = 4

    def __init__(self):
        super().__init__(FIT, seed=1)
        torch.manual_seed(0)
        self.layer = nn.Linear(1, 1)

    def loss(self, batch, generator):
        x = torch.rand(len(batch), 1, generator=generator)
        return (self.layer(x) - 3 * x).square().mean()

    def validate(self, batch, generator):
        pass

    def validation_metrics(self, parts):
        return {"val_score": -float((self.layer.weight - 3).abs())}


class Killed(Line):
    """Fail in the last epoch."""

    def loss(self, batch, generator):
        if self.current_epoch == 2:
            raise RuntimeError("killed")
        return super().loss(batch, generator)


class OnceNotFinite(Line):
    """Have one loss that is no number, in a step that then trains nothing; the epoch is the best."""

    def loss(self, batch, generator):
        loss = super().loss(batch, generator)
        return loss * float("nan") if self.current_epoch == 2 and self.steps_of_last() == 1 else loss

    def steps_of_last(self):
        self.last = getattr(self, "last", 0) + 1
        return self.last


def training_of(smoke, name="tiny", task_class=Line, built=None):
    """Describe a training; `built` collects the tasks that it builds."""

    def task():
        line = task_class()
        if built is not None:
            built.append(line)
        return line, line.layer

    return Training(
        name=name,
        params=smoke,
        networks_for=smoke,
        depends=("seed", "threads", "physical"),
        shapes=(),
        inputs={"drops": "digest of the drops"},
        task=task,
    )


def results(stage, name="tiny"):
    """Return the bytes of all result files of a training."""
    reports = stage.workspace.reports / "training"
    files = [stage.workspace.weights(name), reports / f"{name}.csv", reports / f"{name}.json"]
    return [file.read_bytes() for file in files]


def test_a_training_leaves_weights_metrics_epochs_and_a_run(stage, smoke):
    built = []
    train(stage, training_of(smoke, built=built))
    (run,) = stage.runs
    reports = stage.workspace.reports / "training"
    metrics = json.loads((reports / "tiny.json").read_text())
    rows = list(csv.DictReader((reports / "tiny.csv").open(encoding="utf-8", newline="")))
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]
    assert metrics["epochs"] == 3
    assert metrics["best_val_score"] == max(float(row["val_score"]) for row in rows)
    origin = weights_origin(stage.workspace.weights("tiny"))
    assert origin["stage"] == "tiny"
    assert origin["inputs"] == {"drops": "digest of the drops"}
    assert run.name == "tiny"
    assert run.sections == ("physical", "seed", "threads")
    assert run.tags == {"drops": "digest of the drops"}
    assert run.datasets == [("drops", "training")]
    assert run.epochs == [0, 1, 2]
    assert set(run.metrics) == {*metrics, "seconds"}
    assert run.artifacts == [stage.workspace.weights("tiny")]
    assert not list((stage.workspace.root / "scratch" / "tiny").glob("*"))


def test_a_loss_that_is_no_number_in_the_best_epoch_is_left_out_of_the_metrics(stage, smoke):
    train(stage, training_of(smoke, task_class=OnceNotFinite))
    reports = stage.workspace.reports / "training"
    rows = list(csv.DictReader((reports / "tiny.csv").open(encoding="utf-8", newline="")))
    assert rows[2]["train_loss"] == "nan"
    metrics = json.loads((reports / "tiny.json").read_text())
    assert metrics["best_val_score"] == float(rows[2]["val_score"])
    assert "best_train_loss" not in metrics
    assert "train_loss" not in weights_origin(stage.workspace.weights("tiny"))["best"]


def test_a_killed_training_resumes_its_run_and_ends_as_an_unbroken_one(stage, smoke, tmp_path):
    with pytest.raises(RuntimeError, match="killed"):
        train(stage, training_of(smoke, task_class=Killed))
    assert not stage.workspace.weights("tiny").exists()
    train(stage, training_of(smoke))
    killed, resumed = stage.runs
    assert killed.resume_id is None
    assert resumed.resume_id == killed.run_id
    unbroken = replace(stage, workspace=type(stage.workspace)(tmp_path / "unbroken"), runs=[])
    train(unbroken, training_of(smoke))
    assert results(stage) == results(unbroken)


def test_other_code_does_not_resume_the_run(stage, smoke):
    with pytest.raises(RuntimeError, match="killed"):
        train(stage, training_of(smoke, task_class=Killed))
    changed = replace(stage, code="digest of other code")
    train(changed, training_of(smoke))
    assert changed.runs[-1].resume_id is None
    assert changed.runs[-1].epochs == [0, 1, 2]


def test_a_variant_is_skipped_while_its_results_are_up_to_date(stage, smoke):
    built = []
    variant = training_of(smoke, name="tiny/variant", built=built)
    assert variant.is_variant
    train(stage, variant)
    train(stage, variant)
    assert (len(built), len(stage.runs)) == (1, 1)
    # Metrics are written last: without them a training is not complete.
    (stage.workspace.reports / "training" / "tiny" / "variant.json").unlink()
    train(stage, variant)
    assert len(built) == 2
    train(stage, replace(variant, inputs={"drops": "digest of other drops"}))
    assert len(built) == 3


def test_a_training_that_is_no_variant_always_runs(stage, smoke):
    built = []
    training = training_of(smoke, built=built)
    assert not training.is_variant
    train(stage, training)
    train(stage, training)
    assert len(built) == 2


def test_initial_weights_depend_on_the_seed_alone(smoke):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = initialised(smoke, lambda: nn.Linear(2, 2))
    assert torch.equal(torch.rand(3), expected)
    second = initialised(smoke, lambda: nn.Linear(2, 2))
    other = initialised(smoke.model_copy(update={"seed": 2}), lambda: nn.Linear(2, 2))
    assert torch.equal(first.weight, second.weight)
    assert not torch.equal(first.weight, other.weight)
