"""The training of a detector: its cells, its books, its validation, and that it learns."""

import math

import pytest
import torch

from cscsanet.specialists.access.task import DetectionTask, draw_cell, initial_system, validation_cells
from cscsanet.training.fit import fit
from cscsanet.training.seeds import generator


class NoLog:
    def log_epoch(self, epoch, metrics):
        pass


def test_cells_are_drawn_from_all_of_their_ranges(params, change):
    params = change(params, training_cell={"devices": [8, 16, 32]})
    cells = params.training_cell
    drawn = [draw_cell(cells, params, generator(1, "step", index)) for index in range(300)]
    assert {symbols for _, symbols in drawn} == set(range(4, 13))
    assert {cell.antennas for cell, _ in drawn} == {8, 16}
    assert {cell.devices for cell, _ in drawn} == {8, 16, 32}
    assert {cell.group_size for cell, _ in drawn} == {1, 2, 4, 8}
    independent = sum(math.isinf(cell.spread_deg) for cell, _ in drawn) / 300
    assert independent == pytest.approx(cells.independent_share, abs=0.1)
    assert all(0.02 <= cell.activity <= 0.3 <= cell.group_share for cell, _ in drawn)
    assert all(1 <= cell.spread_deg <= 10 for cell, _ in drawn if not math.isinf(cell.spread_deg))


def test_the_validation_has_the_lengths_that_are_trained(params, change):
    assert [(symbols, cell.spread_deg) for cell, symbols in validation_cells(params)] == [
        (8, 3.0),
        (8, math.inf),
        (12, 3.0),
        (12, math.inf),
    ]
    dedicated = change(params, training_cell={"preamble_length": [5, 5]})
    assert {symbols for _, symbols in validation_cells(dedicated)} == {5}


def test_two_passes_over_the_validation_agree(params):
    task = DetectionTask(initial_system(params, 1), params, 1)
    passes = []
    for _ in range(2):
        batches = [torch.arange(first, first + 8) for first in range(0, task.val_items, 8)]
        parts = [task.validate(batch, generator(1, "validate", int(batch[0]))) for batch in batches]
        passes.append(task.validation_metrics(parts))
    assert passes[0] == passes[1]
    assert task.val_items == 4 * 8


@pytest.mark.parametrize("book", ["redrawn", "fixed", "learned"])
def test_a_training_learns_and_moves_a_learned_book_alone(book, params, change, tmp_path):
    longer = change(
        params,
        detector={"book": book},
        fit={"epochs": 3, "steps_per_epoch": 20, "patience": 3, "learning_rate": 0.01},
        training_cell={"snr_db": [0.0, 0.0], "preamble_length": [4, 4]},
        cell={"snr_db": 0.0, "activity": 0.3},
    )
    system = initial_system(longer, 1)
    before = None if system.phases is None else system.phases.detach().clone()
    result = fit(DetectionTask(system, longer, 1), longer.recipe, tmp_path, NoLog(), progress=False)
    assert result.best["val_information"] > 0.2
    assert result.history[-1]["val_information"] > result.history[0]["val_information"]
    if before is not None:
        assert not torch.allclose(before, system.phases)


@pytest.mark.parametrize("book", ["redrawn", "fixed", "learned"])
def test_every_batch_has_books_of_its_number_of_devices(book, params, change):
    several = change(params, detector={"book": book}, training_cell={"devices": [5, 30]})
    task = DetectionTask(initial_system(several, 1), several, 1)
    for step in range(8):
        assert task.loss(torch.arange(4), generator(1, "step", step)).isfinite()


def test_seeds_of_a_training_differ_in_weights_and_drops(params):
    first, second = initial_system(params, 1), initial_system(params, 2)
    same = initial_system(params, 1)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), same.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
