"""Training of a detector: new cells, new drops and new books for each batch.

The loss of a cell is the root of the cross-entropy of each device's activity, over the entropy that it has before anything is
received. Cells of few and of many active devices count alike, and hopeless ones do not outweigh those in which few errors are
left. A detector with several iterations gives logits after each. A cell's
numbers are drawn by a generator of the host, so that a GPU is never waited for.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from cscsanet.channel.activity import Cell, draw_access, random_book, received
from cscsanet.config.access import AccessParams, TrainingCellParams
from cscsanet.specialists.access.networks.devices import Known
from cscsanet.specialists.access.system import AccessSystem, book_of_tests
from cscsanet.training.seeds import generator, host_generator
from cscsanet.training.task import Task, mean_of

_LEAST_LOSS = 1e-6  # whose root still has a gradient
_FIRST_SHARE = 0.3  # of the loss, of the powers that all beams share
_VALIDATED = (8, 12, 20)  # lengths of the preamble, as far as the trainings have them


class DetectionTask(Task):
    """Detect active devices; the best validation metric is kept.

    `val_information`: the share of the activity's entropy that the logits resolve, 1 - cross-entropy / entropy, as a mean
    over cells of some lengths, with the spread of `cell` and with independent antennas. 1: all is known, 0: nothing but the
    activity. `val_errors`: errors per device, with logits above zero taken for active.
    """

    monitor = "val_information"

    def __init__(self, system: AccessSystem, params: AccessParams, seed: int) -> None:
        """seed: of the training; drops and the book of tests are of `params.seed`."""
        super().__init__(params.fit, seed)
        self.system = system
        self.cells, self.params = params.training_cell, params
        self.fixed_book = book_of_tests(params)
        self.train_items = params.fit.steps_per_epoch * params.fit.batch_size
        self.validated = validation_cells(params)
        self.val_items = len(self.validated) * params.fit.val_drops

    def loss(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        """Return the root of the weighted cross-entropy of all iterations over that of the activity, in cells that are drawn."""
        host = host_generator(generator)
        losses = []
        for part in batch.tensor_split(self.cells.cells_per_batch):
            cell, symbols = draw_cell(self.cells, self.params, host)
            drops = draw_access(len(part), cell, generator)
            low, high = self.cells.snr_db
            snr_db = low + (high - low) * torch.rand(len(part), generator=generator, device=self.device)
            book = self._book(cell.devices, generator)[:, :symbols]
            activity = torch.full_like(snr_db, cell.activity)
            known = Known(snr_db, activity, cell.group_size, cell.near_far_db)
            logits = self.system(received(drops, book, symbols, snr_db), book, known)
            losses.append(self._weighted(logits, drops.active) / _entropy(cell.activity))
        return torch.stack(losses).clamp_min(_LEAST_LOSS).sqrt().mean()

    def _weighted(self, logits: Tensor, active: Tensor) -> Tensor:
        """Return the cross-entropy, a share of it of the first logits, and more of later ones than of earlier ones."""
        target = active.float().expand_as(logits)
        entropy = functional.binary_cross_entropy_with_logits(logits, target, reduction="none").mean(
            dim=(1, 2)
        )
        if len(entropy) == 1:
            return entropy[0]
        weights = torch.arange(1, len(entropy), device=entropy.device).float().square()
        later = (weights * entropy[1:]).sum() / weights.sum()
        return _FIRST_SHARE * entropy[0] + (1 - _FIRST_SHARE) * later

    def _book(self, devices: int, generator: torch.Generator) -> Tensor:
        if self.params.detector.book == "redrawn":
            return random_book(devices, self.params.cell.longest_preamble, generator)
        return self._book_of_tests(devices)

    def _book_of_tests(self, devices: int) -> Tensor:
        learned = self.system.learned_book()
        return (self.fixed_book.to(self.device) if learned is None else learned)[:devices]

    def validate(self, batch: Tensor, generator: torch.Generator) -> list[tuple[Tensor, int]]:
        """Return the information and the errors of validation drops, which are the same in every epoch.

        For each cell of the batch: sums over its drops (2,), and their number.
        """
        of_cell = Counter((batch // self.params.fit.val_drops).tolist())
        return [(self._sums(index, count, generator), count) for index, count in sorted(of_cell.items())]

    def _sums(self, index: int, count: int, generator: torch.Generator) -> Tensor:
        cell, symbols = self.validated[index]
        drops = draw_access(count, cell, generator)
        book = self._book_of_tests(cell.devices)[:, :symbols]
        snr_db = torch.full((count,), self.params.cell.snr_db, device=self.device)
        activity = torch.full_like(snr_db, cell.activity)
        logits = self.system(received(drops, book, symbols, snr_db), book, Known(snr_db, activity))[-1]
        target = drops.active.float()
        entropy = functional.binary_cross_entropy_with_logits(logits, target)
        errors = ((logits > 0) != drops.active).double().mean()
        resolved = 1 - entropy.double() / _entropy(cell.activity)
        return count * torch.stack((resolved, errors)).cpu()

    def validation_metrics(self, parts: Sequence[list[tuple[Tensor, int]]]) -> Mapping[str, float]:
        """Return the means over the drops of all cells."""
        information, errors = mean_of(parts).tolist()
        return {"val_information": information, "val_errors": errors}


def draw_cell(cells: TrainingCellParams, params: AccessParams, host: torch.Generator) -> tuple[Cell, int]:
    """Draw the cell of a batch, and the length of its preambles."""
    # Short preambles are hard, and long ones have nothing left to learn.
    shortest, longest = cells.preamble_length
    symbols = int(math.exp(_between(math.log(shortest), math.log(longest + 1), host)))
    activity = math.exp(_between(math.log(cells.activity[0]), math.log(cells.activity[1]), host))
    independent = _chance(cells.independent_share, host)
    spread = _between(*cells.spread_deg, host)
    near_far = _between(*cells.near_far_db, host)
    antennas = _one_of(cells.antennas, host)
    group = _one_of(cells.group_size, host) if _chance(cells.grouped_share, host) else 1
    share = max(activity, params.cell.group_share) if group > 1 else 1.0
    cell = Cell(
        _one_of(cells.devices, host),
        antennas,
        min(max(symbols, shortest), longest),
        activity,
        group_size=group,
        group_share=share,
        paths=params.cell.paths,
        spread_deg=math.inf if independent else spread,
        near_far_db=near_far,
    )
    return cell, cell.symbols


def validation_cells(params: AccessParams) -> list[tuple[Cell, int]]:
    """Return the cells of the validation, each with the length of its preambles."""
    shortest, longest = params.training_cell.preamble_length
    lengths = [symbols for symbols in _VALIDATED if shortest <= symbols <= longest] or [longest]
    spreads = dict.fromkeys((params.cell.spread_deg, None))
    return [
        (
            Cell(
                params.cell.devices,
                params.cell.antennas,
                symbols,
                params.cell.activity,
                paths=params.cell.paths,
                spread_deg=math.inf if spread is None else spread,
            ),
            symbols,
        )
        for symbols in lengths
        for spread in spreads
    ]


def initial_system(params: AccessParams, seed: int) -> AccessSystem:
    """Build a detector with weights drawn from a seed. PyTorch's global generator is unchanged."""
    with torch.random.fork_rng():
        torch.manual_seed(generator(seed, "initialise").initial_seed())
        return AccessSystem(params)


def _between(low: float, high: float, host: torch.Generator) -> float:
    return low + (high - low) * float(torch.rand((), generator=host, dtype=torch.float64))


def _chance(share: float, host: torch.Generator) -> bool:
    return float(torch.rand((), generator=host)) < share


def _one_of(values: tuple[int, ...], host: torch.Generator) -> int:
    return values[int(torch.randint(len(values), (), generator=host))]


def _entropy(activity: float) -> float:
    """Return the entropy of a device's activity [nat]."""
    return -activity * math.log(activity) - (1 - activity) * math.log1p(-activity)
