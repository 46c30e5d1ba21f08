"""Fitting: the best epoch is kept, an interrupted run ends as an unbroken one, early stopping stops."""

from collections.abc import Mapping

import pytest
import torch
from fixtures.fitting import RECIPE, Interrupting, Line, NoLog, params

from cscsanet.training.fit import fit


def test_an_interrupted_run_ends_as_an_unbroken_one(tmp_path, capsys):
    unbroken = Line(params())
    expected = fit(unbroken, RECIPE, tmp_path / "unbroken", NoLog(), progress=False)
    for epoch in (0, 2, 3):
        scratch = tmp_path / f"broken-{epoch}"
        with pytest.raises(RuntimeError, match="killed"):
            fit(Line(params()), RECIPE, scratch, Interrupting(epoch), progress=False)
        resumed = Line(params())
        result = fit(resumed, RECIPE, scratch, NoLog(), progress=False)
        assert result == expected
        assert torch.equal(resumed.layer.weight, unbroken.layer.weight)
        steps = params().steps_per_epoch * params().batch_size
        assert len(resumed.seen) == (params().epochs - epoch) * steps
    assert "resuming after epoch 3 of 4" in capsys.readouterr().err


def test_the_best_epoch_s_weights_are_kept_not_the_last(tmp_path):
    task = Line(params(), scores=[0.1, 0.9, 0.2, 0.3])
    result = fit(task, RECIPE, tmp_path, NoLog(), progress=False)
    assert [row["epoch"] for row in result.history] == [0, 1, 2, 3]
    assert result.best["epoch"] == 1
    last = torch.load(tmp_path / "last.ckpt", weights_only=False)["state_dict"]["layer.weight"]
    assert not torch.equal(task.layer.weight, last)


def test_a_training_that_was_moved_keeps_its_best_epoch(tmp_path):
    scores = [0.1, 0.9, 0.2, 0.3]
    unbroken, resumed = Line(params(), scores), Line(params(), scores)
    expected = fit(unbroken, RECIPE, tmp_path / "whole" / "key", NoLog(), progress=False)
    with pytest.raises(RuntimeError, match="killed"):
        fit(Line(params(), scores), RECIPE, tmp_path / "before" / "key", Interrupting(2), progress=False)
    (tmp_path / "before").rename(tmp_path / "after")
    assert fit(resumed, RECIPE, tmp_path / "after" / "key", NoLog(), progress=False) == expected
    assert torch.equal(resumed.layer.weight, unbroken.layer.weight)


def test_early_stopping_waits_for_its_patience_and_stays_stopped(tmp_path):
    scores = [0.5, 0.4, 0.3, 0.2, 0.9, 0.9]
    result = fit(Line(params(epochs=6, patience=2), scores), RECIPE, tmp_path, NoLog(), progress=False)
    assert len(result.history) == 3
    again = fit(Line(params(epochs=6, patience=2), scores), RECIPE, tmp_path, NoLog(), progress=False)
    assert again == result


def test_finished_training_only_loads_what_it_kept(tmp_path):
    first = Line(params())
    expected = fit(first, RECIPE, tmp_path, NoLog(), progress=False)
    second = Line(params())
    assert fit(second, RECIPE, tmp_path, NoLog(), progress=False) == expected
    assert second.seen == []
    assert torch.equal(first.layer.weight, second.layer.weight)


def test_an_unreadable_checkpoint_is_no_checkpoint(tmp_path, capsys):
    expected = fit(Line(params()), RECIPE, tmp_path / "whole", NoLog(), progress=False)
    with pytest.raises(RuntimeError, match="killed"):
        fit(Line(params()), RECIPE, tmp_path / "torn", Interrupting(2), progress=False)
    last = tmp_path / "torn" / "last.ckpt"
    last.write_bytes(last.read_bytes()[:200])
    assert fit(Line(params()), RECIPE, tmp_path / "torn", NoLog(), progress=False) == expected
    assert "not a checkpoint, or damaged; the training starts anew" in capsys.readouterr().err


class Recording(NoLog):
    """Keep the numbers of the logged epochs."""

    def __init__(self) -> None:
        self.epochs: list[int] = []

    def log_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        assert "epoch" not in metrics
        self.epochs.append(epoch)


def test_a_new_log_of_a_resumed_run_gets_the_earlier_epochs(tmp_path):
    with pytest.raises(RuntimeError, match="killed"):
        fit(Line(params()), RECIPE, tmp_path, Interrupting(2), progress=False)
    log = Recording()
    fit(Line(params()), RECIPE, tmp_path, log, progress=False)
    assert log.epochs == [0, 1, 2, 3]


def test_networks_that_come_in_evaluation_mode_are_trained(tmp_path):
    """Loaded weights are in that mode; without the switch, Stage III would never use batch statistics."""
    task = Line(params(epochs=1)).eval()
    fit(task, RECIPE, tmp_path, NoLog(), progress=False)
    assert task.seen
    assert not task.training
