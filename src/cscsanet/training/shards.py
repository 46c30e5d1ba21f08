"""The parts of a batch, and the processes that share them (DDP).

A batch is computed in equal parts, each with random draws and statistics of batch normalisation of its own. The gradient
is the mean over the parts, and so is the step of the running statistics. So the trained weights do not depend on the number
of processes, up to rounding: one process computes all parts, two a half of them each.
"""

from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor, distributed, nn

from cscsanet import processes


def of_this_process(parts: int) -> range:
    """Return the parts of a batch that this process computes. parts: a multiple of the number of processes."""
    each = parts // processes.count()
    return range(processes.rank() * each, (processes.rank() + 1) * each)


def gathered(mine: list[Any]) -> list[Any]:
    """Return the items of the lists of all processes, in the order of the processes."""
    if processes.count() == 1:
        return mine
    lists: list[list[Any]] = [[] for _ in range(processes.count())]
    distributed.all_gather_object(lists, mine)
    return [item for each in lists for item in each]


def same_everywhere(module: nn.Module) -> None:
    """Give every process the weights and statistics of the first one."""
    if processes.count() > 1:
        for tensor in module.state_dict().values():
            distributed.broadcast(tensor, src=0)


def wait_for_all() -> None:
    """Wait until every process is here, if several share a training that has begun."""
    if processes.count() > 1 and distributed.is_initialized():
        distributed.barrier()


class MeanStatistics:
    """A context in which the running statistics of a module take the mean step of the parts of a batch.

    Without it they would take the steps of one process one after the other. `take` follows each part.
    """

    def __init__(self, module: nn.Module, parts: int) -> None:
        """parts: of a batch; with one, nothing is done."""
        self.parts = parts
        self.running = list(_running(module)) if parts > 1 else []
        self.before = [tensor.clone() for tensor in self.running]
        self.sums = [torch.zeros_like(tensor) for tensor in self.running]

    def __enter__(self) -> Self:
        return self

    @torch.no_grad()
    def take(self) -> None:
        """Keep the statistics after a part, and set them back for the next one."""
        for tensor, before, total in zip(self.running, self.before, self.sums, strict=True):
            total += tensor
            # Past the version counter: a backward pass in training mode keeps these statistics, and does not use them.
            tensor.data.copy_(before)

    @torch.no_grad()
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            return
        for tensor, total in zip(self.running, self.sums, strict=True):
            if processes.count() > 1:
                distributed.all_reduce(total)
            # A count of batches grows alike in every part, so its mean is a whole number.
            tensor.data.copy_(total / self.parts if total.is_floating_point() else total // self.parts)


def _running(module: nn.Module) -> Iterable[Tensor]:
    """Yield the buffers that a training step may change: those of the weights file, of modules in training mode."""
    kept = module.state_dict()
    for prefix, each in module.named_modules():
        if each.training:
            for name, tensor in each.named_buffers(recurse=False):
                if f"{prefix}.{name}".lstrip(".") in kept:
                    yield tensor
