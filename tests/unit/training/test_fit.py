"""Fitting: the best epoch is kept, an interrupted run ends as an unbroken one, early stopping stops."""

from collections.abc import Mapping

import pytest
import torch
from torch import nn

from cscsanet.config.training import FitParams
from cscsanet.training.fit import fit
from cscsanet.training.task import Task


class Line(Task):
    """Fit y = 3 x; the validation metric is scripted where a test says so."""

    monitor = "val_score"
    train_items = 32
    val_items = 4

    def __init__(self, params: FitParams, scores: list[float] | None = None) -> None:
        super().__init__(params, seed=1)
        torch.manual_seed(0)
        self.layer = nn.Linear(1, 1)
        self.scores = scores
        self.seen: list[int] = []

    def loss(self, batch, generator):
        assert self.layer.training
        self.seen += batch.tolist()
        x = torch.rand(len(batch), 1, generator=generator)
        return (self.layer(x) - 3 * x).square().mean()

    def validate(self, batch, generator):
        assert not self.training

    def validation_metrics(self) -> Mapping[str, float]:
        score = self.scores[self.current_epoch] if self.scores else -float((self.layer.weight - 3).abs())
        return {"val_score": score}


class NoLog:
    """Discard the metrics of each epoch."""

    def log_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        pass


class Interrupting(NoLog):
    """Die before the checkpoint of an epoch is written."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def log_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        if epoch == self.epoch:
            raise RuntimeError("killed")


def params(**changes) -> FitParams:
    values = {
        "epochs": 4,
        "steps_per_epoch": 3,
        "batch_size": 5,
        "learning_rate": 0.05,
        "schedule": "cosine",
        "patience": 4,
    }
    return FitParams(**{**values, **changes})


def test_an_interrupted_run_ends_as_an_unbroken_one(tmp_path, capsys):
    unbroken = Line(params())
    expected = fit(unbroken, tmp_path / "unbroken", NoLog(), progress=False)
    for epoch in (0, 2, 3):
        scratch = tmp_path / f"broken-{epoch}"
        with pytest.raises(RuntimeError, match="killed"):
            fit(Line(params()), scratch, Interrupting(epoch), progress=False)
        resumed = Line(params())
        result = fit(resumed, scratch, NoLog(), progress=False)
        assert result == expected
        assert torch.equal(resumed.layer.weight, unbroken.layer.weight)
        steps = params().steps_per_epoch * params().batch_size
        assert len(resumed.seen) == (params().epochs - epoch) * steps
    assert "resuming after epoch 3 of 4" in capsys.readouterr().err


def test_the_best_epoch_s_weights_are_kept_not_the_last(tmp_path):
    task = Line(params(schedule="constant"), scores=[0.1, 0.9, 0.2, 0.3])
    result = fit(task, tmp_path, NoLog(), progress=False)
    assert [row["epoch"] for row in result.history] == [0, 1, 2, 3]
    assert result.best["epoch"] == 1
    last = torch.load(tmp_path / "last.ckpt", weights_only=False)["state_dict"]["layer.weight"]
    assert not torch.equal(task.layer.weight, last)


def test_early_stopping_waits_for_its_patience_and_stays_stopped(tmp_path):
    scores = [0.5, 0.4, 0.3, 0.2, 0.9, 0.9]
    result = fit(Line(params(epochs=6, patience=2), scores), tmp_path, NoLog(), progress=False)
    assert len(result.history) == 3
    again = fit(Line(params(epochs=6, patience=2), scores), tmp_path, NoLog(), progress=False)
    assert again == result


def test_finished_training_only_loads_what_it_kept(tmp_path):
    first = Line(params())
    expected = fit(first, tmp_path, NoLog(), progress=False)
    second = Line(params())
    assert fit(second, tmp_path, NoLog(), progress=False) == expected
    assert second.seen == []
    assert torch.equal(first.layer.weight, second.layer.weight)


def test_an_unreadable_checkpoint_is_no_checkpoint(tmp_path, capsys):
    expected = fit(Line(params()), tmp_path / "whole", NoLog(), progress=False)
    with pytest.raises(RuntimeError, match="killed"):
        fit(Line(params()), tmp_path / "torn", Interrupting(2), progress=False)
    last = tmp_path / "torn" / "last.ckpt"
    last.write_bytes(last.read_bytes()[:200])
    assert fit(Line(params()), tmp_path / "torn", NoLog(), progress=False) == expected
    assert "unreadable, so the training starts anew" in capsys.readouterr().err


class Recording(NoLog):
    """Keep the numbers of the logged epochs."""

    def __init__(self) -> None:
        self.epochs: list[int] = []

    def log_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        assert "epoch" not in metrics
        self.epochs.append(epoch)


def test_a_new_log_of_a_resumed_run_gets_the_earlier_epochs(tmp_path):
    with pytest.raises(RuntimeError, match="killed"):
        fit(Line(params()), tmp_path, Interrupting(2), progress=False)
    log = Recording()
    fit(Line(params()), tmp_path, log, progress=False)
    assert log.epochs == [0, 1, 2, 3]


def test_networks_that_come_in_evaluation_mode_are_trained(tmp_path):
    """Loaded weights are in that mode; without the switch, Stage III would never use batch statistics."""
    task = Line(params(epochs=1)).eval()
    fit(task, tmp_path, NoLog(), progress=False)
    assert task.seen
    assert not task.training
