"""Loops of a fixed number of steps, which a captured graph holds once instead of step after step."""

from collections.abc import Callable

import torch
from torch import Tensor

State = tuple[Tensor, ...]


def repeat(
    step: Callable[[State], tuple[State, State]], state: State, times: int, *, captured: bool
) -> tuple[State, State]:
    """Return the state after `times` steps, and what the steps gave beside it, stacked along a new first axis.

    step: state -> (next state of the same shapes, what it gives), without side effects.
    captured: whether the loop is to become one operator of the graph that is being captured.
    """
    if captured:
        # Not public in the PyTorch that is pinned; it captures to one Scan of ONNX.
        from torch._higher_order_ops.scan import scan

        after: tuple[State, State] = scan(
            lambda carry, _: step(carry), state, torch.arange(times, device=state[0].device)
        )
        return after
    given = []
    for _ in range(times):
        state, out = step(state)
        given.append(out)
    return state, tuple(torch.stack(parts) for parts in zip(*given, strict=True))
