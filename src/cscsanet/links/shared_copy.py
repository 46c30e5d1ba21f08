"""Copies of links and layers that share all weights, so that an evaluation can vary one setting."""

import copy
from collections.abc import Iterator
from typing import Protocol, TypeVar

from torch import Tensor, nn

from cscsanet.config.system import ChannelParams


class Shareable(Protocol):
    """A module, as far as a copy of it needs to know it."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """Return the parameters of the module and its submodules."""
        ...

    def buffers(self) -> Iterator[Tensor]:
        """Return the buffers of the module and its submodules."""
        ...


class OverChannel(Shareable, Protocol):
    """A link or a layer that simulates the channel with its attribute `channel`."""

    channel: ChannelParams


AnyModule = TypeVar("AnyModule", bound=Shareable)
AnyOverChannel = TypeVar("AnyOverChannel", bound=OverChannel)


def shared_copy(module: AnyModule) -> AnyModule:
    """Return a copy with separate settings that shares all parameters and buffers."""
    # A deep copy takes every object in its memo as copied already.
    memo = {id(tensor): tensor for tensors in (module.parameters(), module.buffers()) for tensor in tensors}
    return copy.deepcopy(module, memo)


def with_channel(module: AnyOverChannel, channel: ChannelParams) -> AnyOverChannel:
    """Return a copy over another channel; weights are shared and the original is unchanged.

    channel: with the array sizes of the original. The power of the CSI-RS and the oscillators may
    differ.
    """
    copied = shared_copy(module)
    copied.channel = channel
    return copied
