"""Stage II: the objective, the validation metric, and the loss after some steps."""

import math

import pytest
import torch

from cscsanet.channel.paths import draw_paths
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.training.operating_points import draw_point, validation_snrs
from cscsanet.training.physical_task import PhysicalTask
from cscsanet.training.seeds import host_generator


class Drops:
    """Drops in memory, with the interface of a drop folder."""

    def __init__(self, paths):
        self.paths = paths

    def __len__(self):
        return len(self.paths)

    def all(self):
        return self.paths


@pytest.fixture
def build(smoke):
    def make(alignment="none", **changes):
        torch.manual_seed(1)
        fit = smoke.physical.model_copy(update={"batch_size": 8, "coherence_weight": 0.0, **changes})
        drops = Drops(draw_paths(32, smoke.channel, torch.Generator().manual_seed(3)))
        return PhysicalTask(PhysicalLayer(smoke, alignment), (drops, drops), smoke.points, fit, seed=1)

    return make


def test_the_objective_is_minus_the_mean_over_drops_or_its_logarithm(build):
    batch = torch.arange(8)
    for scale, function in (("linear", lambda se: se), ("log", torch.log)):
        task = build(objective_scale=scale, snr_db=(-10.0, -10.0))
        generator = torch.Generator().manual_seed(2)
        loss = task.loss(batch, generator)
        generator = torch.Generator().manual_seed(2)
        point = draw_point(task.points, host_generator(generator))
        assert point.snr_db == -10
        paths = task.train_drops[batch]
        per_drop = task.sum_se(paths, task.physical(paths, point, generator), point)
        torch.testing.assert_close(loss, -function(per_drop.mean()), rtol=1e-3, atol=1e-4)


def test_validation_over_a_range_cycles_through_its_snrs_and_averages_like_the_objective(build):
    assert validation_snrs(build(snr_db=(-30.0, 10.0)).points) == pytest.approx((-30, -50 / 3, -10 / 3, 10))
    assert validation_snrs(build(snr_db=(10.0, 10.0)).points) == (10.0,)
    task = build(objective_scale="log", snr_db=(-30.0, 0.0))
    snrs = []
    task.sum_se = lambda paths, beams, point: (
        snrs.append(point.snr_db) or torch.full((len(paths),), 2.0 ** len(snrs))
    )
    batches = [torch.arange(first, first + 8) for first in range(0, 32, 8)]
    parts = [task.validate(batch, torch.Generator()) for batch in batches]
    assert snrs == [-30, -20, -10, 0]
    assert task.validation_metrics(parts)["val_sum_se"] == pytest.approx(math.prod((2, 4, 8, 16)) ** 0.25)


def test_a_few_steps_on_the_same_drops_raise_the_spectral_efficiency(build):
    task = build(snr_db=(0.0, 0.0))
    batch, optimiser = torch.arange(16), torch.optim.Adam(task.parameters(), 2e-3)

    def loss():
        return task.loss(batch, torch.Generator().manual_seed(2))

    start = float(loss().detach())
    for _ in range(12):
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()
    assert float(loss().detach()) < start


def test_the_coherence_adds_its_logarithm_and_trains_the_refinement_of_the_paths(build):
    batch = torch.arange(32)

    def task_and_loss(weight):
        task = build("learned", snr_db=(-25.0, -25.0), coherence_weight=weight)
        return task, task.loss(batch, torch.Generator().manual_seed(2))

    (_, plain), (task, loss) = task_and_loss(0.0), task_and_loss(2.0)
    assert float(loss) > float(plain)
    # -2 log of a coherence between a quarter and one.
    assert 0 < float(loss - plain) < 2 * math.log(4)
    loss.backward()
    for ue in task.physical.ue:
        gradient = ue.correction.mixer.layers[-1].weight.grad
        assert gradient.isfinite().all()
        assert gradient.abs().max() > 0
