"""The cost of one call of a module in eager PyTorch: the numbers of `graph_cost`, counted in a second way.

FLOPs are those of `torch.utils.flop_counter`, which counts matrix products and convolutions. On a CPU it misses
the products of `scaled_dot_product_attention`, one operator without a formula there. Memory is what PyTorch
allocates during the call, including the temporaries of every function, which live as long as Python holds them.
"""

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True)
class EagerCost:
    """The cost of one call, with the fields of `GraphCost`; parameters and constants are those of the module."""

    multiply_additions: int
    elementwise: int
    parameters: int
    constants: int
    activation_bytes: int

    @property
    def flops(self) -> int:
        """FLOPs: two per multiply-addition."""
        return 2 * self.multiply_additions


def eager_cost(module: nn.Module, inputs: Sequence[Any]) -> EagerCost:
    """Call a module once, without gradient, and return the cost; inputs may hold tensors in tuples."""
    module.eval()
    allocations = _Allocations([leaf for leaf in tree_leaves(tuple(inputs)) if isinstance(leaf, Tensor)])
    # The fused encoder layer would hide all its products from the counter, not only those of attention.
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter, allocations:
            module(*inputs)
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    return EagerCost(
        multiply_additions=counter.get_total_flops() // 2,
        elementwise=allocations.elementwise,
        parameters=sum(parameter.numel() for parameter in module.parameters()),
        constants=sum(buffer.numel() for buffer in module.buffers()),
        activation_bytes=allocations.peak,
    )


_PRODUCTS = frozenset({"mm", "addmm", "bmm", "baddbmm", "convolution"})
_MOVES = frozenset(
    {"clone", "copy_", "_to_copy", "cat", "stack", "index", "gather", "zeros", "ones", "full", "zeros_like"}
    | {"ones_like", "full_like", "empty", "empty_like", "empty_strided", "arange", "constant_pad_nd", "flip"}
    | {"new_zeros", "new_ones", "new_empty", "new_full", "repeat", "scalar_tensor", "lift_fresh_copy"}
    | {"upsample_nearest2d", "index_put_", "fill_", "zero_", "eye"}
)


class _Allocations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Tracks every storage that operators allocate, until it is freed."""

    def __init__(self, inputs: Sequence[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.alive: dict[int, int] = {}
        self.references: dict[int, Any] = {}
        self.now = self.peak = self.elementwise = 0
        for tensor in inputs:
            self._track(tensor)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        input_storages = {
            tensor.untyped_storage()._cdata
            for tensor in tree_leaves((args, kwargs))
            if isinstance(tensor, Tensor)
        }
        outputs = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(outputs):
            if not isinstance(tensor, Tensor):
                continue
            is_new = tensor.untyped_storage()._cdata not in input_storages
            if is_new:
                self._track(tensor)
            name = func.overloadpacket.__name__
            if (is_new or name.endswith("_")) and name not in _PRODUCTS | _MOVES:
                self.elementwise += tensor.numel()
        return outputs

    def _track(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self.alive:
            return
        self.alive[key] = storage.nbytes()
        self.references[key] = weakref.ref(storage, lambda _: self._release(key))
        self.now += self.alive[key]
        self.peak = max(self.peak, self.now)

    def _release(self, key: int) -> None:
        self.now -= self.alive.pop(key)
        del self.references[key]
