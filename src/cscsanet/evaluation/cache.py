"""A cache for what repeats from one operating point to the next: image features, lengths of messages, detected paths.

They take most of the time of an evaluation. Features and messages depend on the image alone. The detected
paths depend on the CSI-RS that a UE receives, which are the same for every B and Q of an SNR and an
L.

Each module keeps a limited number of bytes. Beyond it a new output replaces one at random. All images are
read again at every point, so the least recently used output would be the next one that is wanted.
"""

import hashlib
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from cscsanet.baselines.digital.bit_prior import BitPrior
from cscsanet.networks.beamspace.path_search import PathSearch
from cscsanet.networks.semantic_codec import SourceEncoder

# What is cached -> bytes of outputs that one module keeps: features of about 2 600 images at the paper's size,
# and detected paths of about 7 000 drops. Paths of a former SNR are never wanted again, so these get less.
LIMITS: Mapping[type[nn.Module], int] = {
    SourceEncoder: 64 * 2**20,
    BitPrior: 64 * 2**20,
    PathSearch: 16 * 2**20,
}


@contextmanager
def cached_features(link: nn.Module, limits: Mapping[type[nn.Module], int] = LIMITS) -> Iterator[None]:
    """Cache the outputs of a link's source encoders, bit priors and path searches while the context is open.

    The weights must not change meanwhile, and outputs are shared, so callers must not change them.
    With gradients enabled nothing is cached. The key is a digest of the inputs, so only outputs take
    memory.

    limits: what is cached -> bytes of outputs that one module keeps.
    """
    modules = [module for module in link.modules() if isinstance(module, tuple(limits))]
    for module in modules:
        limit = next(limits[kind] for kind in limits if isinstance(module, kind))
        setattr(module, "forward", _cached(module.forward, limit))  # noqa: B010, mypy refuses the assignment
    try:
        yield
    finally:
        for module in modules:
            del module.forward


class _Outputs:
    """Outputs by key, of at most `limit` bytes together."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.bytes = 0
        self.by_key: dict[bytes, Any] = {}
        self._keys: list[bytes] = []
        self._random = random.Random(0)

    def keep(self, key: bytes, output: Any) -> None:
        """Keep an output in place of others at random, unless it is over the limit by itself."""
        size = _bytes_of(output)
        if size > self.limit:
            return
        while self.bytes + size > self.limit:
            index = self._random.randrange(len(self._keys))
            self._keys[index], self._keys[-1] = self._keys[-1], self._keys[index]
            self.bytes -= _bytes_of(self.by_key.pop(self._keys.pop()))
        self.by_key[key] = output
        self._keys.append(key)
        self.bytes += size


def _cached(function: Callable[..., Any], limit: int) -> Callable[..., Any]:
    outputs = _Outputs(limit)

    def lookup(*inputs: Any) -> Any:
        if torch.is_grad_enabled():
            return function(*inputs)
        key = _digest(inputs)
        if key in outputs.by_key:
            return outputs.by_key[key]
        output = function(*inputs)
        outputs.keep(key, output)
        return output

    return lookup


def _bytes_of(output: Any) -> int:
    """Return the bytes that a tensor, or the tensors of a tuple, keep in memory."""
    if isinstance(output, Tensor):
        # Of a view, all that it is a view of.
        return output.untyped_storage().nbytes()
    return sum(_bytes_of(part) for part in output)


def _digest(inputs: tuple[Any, ...]) -> bytes:
    """Return a digest of tensors, and of tuples of them."""
    digest = hashlib.blake2b(digest_size=16)
    for value in inputs:
        if isinstance(value, Tensor):
            digest.update(f"{value.dtype}{tuple(value.shape)}".encode())
            digest.update(value.detach().cpu().contiguous().numpy().data)
        else:
            digest.update(_digest(tuple(value)))
    return digest.digest()
