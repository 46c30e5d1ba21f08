"""The recipe of all trainings: the schedule, the limit of the gradient, averages, precision, compilation."""

from itertools import pairwise

import pytest
import torch
from fixtures.fitting import RECIPE, Interrupting, Line, NoLog, params

from cscsanet.errors import CscsanetError
from cscsanet.networks.semantic_codec import SourceEncoder
from cscsanet.training.fit import fit
from cscsanet.training.precision import prepare_networks
from cscsanet.training.task import learning_rate_schedule


def recipe(**changes):
    return RECIPE.model_copy(update=changes)


def test_the_learning_rate_rises_and_falls_to_zero():
    share = learning_rate_schedule(recipe(warm_up=0.2), 100)
    rates = [share(step) for step in range(101)]
    assert rates[0] == pytest.approx(1 / 21)
    assert rates[20] == 1.0
    assert all(early < late for early, late in pairwise(rates[:21]))
    assert all(early > late for early, late in pairwise(rates[20:]))
    assert rates[60] == pytest.approx(0.5)
    assert rates[100] == pytest.approx(0.0)


def test_a_constant_learning_rate_is_one_after_the_warm_up():
    share = learning_rate_schedule(recipe(schedule="constant", warm_up=0.1), 10)
    assert [share(step) for step in (0, 1, 5, 9)] == [0.5, 1.0, 1.0, 1.0]
    assert learning_rate_schedule(recipe(schedule="constant"), 10)(0) == 1.0


def test_the_norm_of_the_gradient_is_limited(tmp_path):
    norms = []

    class Steep(Line):
        def loss(self, batch, generator):
            return 1e4 * super().loss(batch, generator)

        def configure_gradient_clipping(self, *limits, **named):
            super().configure_gradient_clipping(*limits, **named)
            norms.append(float(torch.nn.utils.get_total_norm(weight.grad for weight in self.parameters())))

    for limit in (0.5, None):
        fit(Steep(params(epochs=1)), recipe(clip_norm=limit), tmp_path / str(limit), NoLog(), progress=False)
    assert norms[:3] == pytest.approx([0.5] * 3, rel=1e-4)
    assert min(norms[3:]) > 100


class Broken(Line):
    """A training in which the gradients of some steps are not finite."""

    def __init__(self, broken):
        super().__init__(params(epochs=2, steps_per_epoch=20))
        self.broken, self.step, self.weights = broken, -1, []

    def loss(self, batch, generator):
        self.step += 1
        self.weights.append(float(self.layer.weight))
        return super().loss(batch, generator) * (float("nan") if self.step in self.broken else 1.0)


@pytest.mark.parametrize("limit", [0.5, None])
def test_a_gradient_that_is_not_finite_is_taken_as_zero_and_said(limit, tmp_path, capsys):
    task = Broken({0, 25})
    fit(task, recipe(clip_norm=limit, schedule="constant"), tmp_path, NoLog(), progress=False)
    # Without a momentum before it, the first step leaves the weight where it was.
    assert task.weights[1] == task.weights[0] != task.weights[2]
    assert all(weight == weight for weight in task.weights)
    errors = capsys.readouterr().err
    assert "note: epoch 0: 1 of 20 gradients were not finite, and taken as zero" in errors
    assert "note: epoch 1: 1 of 20 gradients were not finite, and taken as zero" in errors


def test_a_training_with_many_of_them_is_ended_in_one_line(tmp_path):
    with pytest.raises(
        CscsanetError, match="epoch 1: 3 of 20 gradients are not finite, too many for a training to be"
    ):
        fit(Broken({21, 22, 30}), recipe(), tmp_path, NoLog(), progress=False)


def test_a_statistic_that_is_not_finite_ends_a_training(tmp_path):
    class Normalised(Line):
        def __init__(self):
            super().__init__(params(epochs=1))
            self.norm = torch.nn.BatchNorm1d(1)

        def loss(self, batch, generator):
            self.norm(torch.full((len(batch), 1), float("nan")))
            return super().loss(batch, generator)

    with pytest.raises(
        CscsanetError, match=r"epoch 0: norm.running_mean is not finite, so nothing is learned"
    ):
        fit(Normalised(), recipe(), tmp_path, NoLog(), progress=False)


def averaged_by_hand(decay):
    """Return the average of the weight of an unbroken training, step by step."""
    averages = []

    class Watched(Line):
        def on_train_batch_end(self, outputs, batch, batch_idx):
            weight = float(self.layer.weight)
            averages.append(weight if not averages else decay * averages[-1] + (1 - decay) * weight)

    return Watched, averages


def test_averaged_weights_are_validated_and_kept(tmp_path):
    task_class, averages = averaged_by_hand(0.5)
    validated = []

    class Task(task_class):
        def validate(self, batch, generator):
            validated.append(float(self.layer.weight))

    task = Task(params(epochs=2))
    fit(task, recipe(averaging=0.5), tmp_path, NoLog(), progress=False)
    per_epoch = params().steps_per_epoch
    assert validated == pytest.approx([averages[per_epoch - 1], averages[2 * per_epoch - 1]], rel=1e-5)
    assert float(task.layer.weight) in [pytest.approx(value, rel=1e-5) for value in validated]
    plain = Line(params(epochs=2))
    fit(plain, recipe(), tmp_path / "plain", NoLog(), progress=False)
    assert float(plain.layer.weight) != pytest.approx(float(task.layer.weight), rel=1e-3)


def test_an_average_leaves_constants_as_they_are(tmp_path):
    seen = []

    class Task(Line):
        def __init__(self, fit_params):
            super().__init__(fit_params)
            self.register_buffer("table", torch.rand(64), persistent=False)

        def validate(self, batch, generator):
            seen.append(self.table.clone())

    task = Task(params(epochs=2))
    before = task.table.clone()
    fit(task, recipe(averaging=0.9), tmp_path, NoLog(), progress=False)
    assert all(torch.equal(table, before) for table in seen)


def test_an_interrupted_run_with_averages_ends_as_an_unbroken_one(tmp_path):
    with_average = recipe(averaging=0.6, warm_up=0.3, clip_norm=0.1)
    unbroken = Line(params())
    expected = fit(unbroken, with_average, tmp_path / "unbroken", NoLog(), progress=False)
    for epoch in (1, 3):
        scratch = tmp_path / f"broken-{epoch}"
        with pytest.raises(RuntimeError, match="killed"):
            fit(Line(params()), with_average, scratch, Interrupting(epoch), progress=False)
        resumed = Line(params())
        assert fit(resumed, with_average, scratch, NoLog(), progress=False) == expected
        assert torch.equal(resumed.layer.weight, unbroken.layer.weight)


def test_networks_are_set_to_the_precision_of_the_recipe(smoke):
    encoder = SourceEncoder(3, smoke.halvings, smoke.msf)
    prepare_networks(encoder, recipe(precision="bfloat16"))
    assert encoder.autocast_to == torch.bfloat16
    prepare_networks(encoder, recipe())
    assert encoder.autocast_to is None


def test_compilation_keeps_the_names_of_the_weights(smoke, monkeypatch):
    compiled = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda module: compiled.append(module))
    encoder = SourceEncoder(3, smoke.halvings, smoke.msf)
    names = list(encoder.state_dict())
    prepare_networks(encoder, recipe(compiled=True))
    assert compiled == [encoder]
    assert list(encoder.state_dict()) == names
