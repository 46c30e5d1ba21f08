"""Loops with a fixed number of steps, which an exported graph holds as one Scan operator."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

State = tuple[Tensor, ...]


def scan(step: Callable[[State], tuple[State, State]], state: State, times: int) -> tuple[State, State]:
    """Return the state after `times` steps, and the outputs of all steps along a new first axis.

    step: maps a state to (next state, outputs), without side effects; the shapes of the state stay
    the same.
    """
    if torch.compiler.is_exporting():
        # Not public in the pinned PyTorch; the ONNX exporter translates it to one Scan.
        from torch._higher_order_ops.scan import scan as torch_scan

        final: tuple[State, State] = torch_scan(
            lambda carry, _: step(carry), state, torch.arange(times, device=state[0].device)
        )
        return final
    outputs = []
    for _ in range(times):
        state, output = step(state)
        outputs.append(output)
    return state, tuple(torch.stack(parts) for parts in zip(*outputs, strict=True))


def no_grad_unless_exporting() -> AbstractContextManager[None]:
    """Return torch.no_grad(), or a null context while a graph is exported."""
    # An exported graph has no gradients, and the exporter has no operator for switching them off.
    return nullcontext() if torch.compiler.is_exporting() else torch.no_grad()
