"""Parts of a batch: draws of their own, the mean of their statistics, and errors of a batch that cannot be split."""

import pytest
import torch
from fixtures.fitting import RECIPE, Line, NoLog, params
from torch import nn

from cscsanet.errors import CscsanetError
from cscsanet.training.fit import fit
from cscsanet.training.shards import MeanStatistics, of_this_process


def shards(count: int):
    return RECIPE.model_copy(update={"shards": count})


class Noting(Line):
    """Note the numbers that each part draws."""

    def __init__(self, **changes):
        super().__init__(params(**changes))
        self.drawn = []

    def loss(self, batch, generator):
        self.drawn.append((batch.tolist(), generator.initial_seed()))
        return super().loss(batch, generator)


def test_parts_are_equal_and_have_noise_of_their_own(tmp_path):
    whole, parted = (Noting(batch_size=6, epochs=1, steps_per_epoch=2) for _ in range(2))
    fit(whole, shards(1), tmp_path / "whole", NoLog(), progress=False)
    fit(parted, shards(3), tmp_path / "parted", NoLog(), progress=False)
    assert [len(items) for items, _ in parted.drawn] == [2] * 6
    # The same items in the same order, whatever the number of parts.
    assert [item for items, _ in parted.drawn for item in items] == [
        item for items, _ in whole.drawn for item in items
    ]
    assert len({seed for _, seed in (*parted.drawn, *whole.drawn)}) == 8


def test_the_gradient_is_the_mean_over_the_parts(tmp_path):
    class Linear(Line):
        """A loss without noise, so that parts and whole have one gradient."""

        def loss(self, batch, generator):
            return (self.layer(batch.float().unsqueeze(1)) - 1).square().mean()

    tasks = [Linear(params(batch_size=6, epochs=2)) for _ in range(2)]
    for task, count in zip(tasks, (1, 3), strict=True):
        fit(task, shards(count), tmp_path / str(count), NoLog(), progress=False)
    torch.testing.assert_close(tasks[0].layer.weight, tasks[1].layer.weight)


def test_a_batch_that_cannot_be_split_is_an_error(tmp_path):
    with pytest.raises(CscsanetError, match=r"batch_size = 5: must be a multiple of recipe.shards x"):
        fit(Line(params()), shards(2), tmp_path, NoLog(), progress=False)


def test_statistics_take_the_mean_step_of_the_parts():
    torch.manual_seed(0)
    parts = [torch.randn(8, 3) + shift for shift in (0.0, 4.0)]
    steps = []
    for part in parts:
        alone = nn.BatchNorm1d(3)
        alone(part)
        steps.append(alone.running_mean.clone())
    norm = nn.BatchNorm1d(3)
    frozen = nn.BatchNorm1d(3).eval()
    module = nn.ModuleList([norm, frozen])
    with MeanStatistics(module, 2) as statistics:
        for part in parts:
            loss = frozen(norm(part)).square().sum()
            statistics.take()
    loss.backward()
    torch.testing.assert_close(norm.running_mean, torch.stack(steps).mean(dim=0))
    assert int(norm.num_batches_tracked) == 1
    assert not frozen.running_mean.any()


def test_a_process_takes_an_equal_share_of_the_parts(monkeypatch):
    assert list(of_this_process(6)) == [0, 1, 2, 3, 4, 5]
    monkeypatch.setenv("WORLD_SIZE", "3")
    shares = []
    for rank in range(3):
        monkeypatch.setenv("RANK", str(rank))
        shares.append(list(of_this_process(6)))
    assert shares == [[0, 1], [2, 3], [4, 5]]
