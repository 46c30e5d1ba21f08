"""Weights of Stage I as the start of other trainings: of orthogonal access, and of the source codec.

The networks differ where the signals do: the UEs send on other subcarriers or on one stream, and the BS
reads every UE separately. The convolutions see the same images and draw the same masks, so they start as
they were trained.

Axes: K UEs, Q data symbols, R RF chains, d_s features.
"""

from typing import cast

import torch
from torch import Tensor, nn

from cscsanet.baselines.source_codec import SourceCodec
from cscsanet.links.semantic_layer import OrthogonalLayer, SemanticLayer, TrackedLayer
from cscsanet.networks.bs_msf_net import BlockReader
from cscsanet.networks.bs_msf_oma_net import ShareReader
from cscsanet.networks.bs_msf_tracked_net import UserReader
from cscsanet.networks.ue_msf_net import UeMsfNet


def start_orthogonal(layer: OrthogonalLayer, trained: SemanticLayer) -> None:
    """Start the semantic layer for orthogonal access from one for non-orthogonal access."""
    for new, old in zip(layer.ue, trained.ue, strict=True):
        carry(new, old)
    reader = layer.bs.from_baseband
    assert isinstance(reader, ShareReader)
    for each in reader.ue:
        carry(each, trained.bs.from_baseband)
    carry(layer.bs.from_csi, trained.bs.from_csi)
    carry(layer.bs.fuse, trained.bs.fuse)
    carry(layer.bs.decoder, trained.bs.decoder)


def start_codec(codec: SourceCodec, trained: SemanticLayer) -> None:
    """Start the source codec of the separated designs from the semantic layer of Stage I.

    A symbol of the codec takes the weights of the first of the semantic layer's R streams.
    """
    reader = cast(BlockReader, trained.bs.from_baseband)
    for user, each in enumerate(trained.ue):
        net = cast(UeMsfNet, each)
        chains = net.signal_shape[1]
        carry(codec.encoders[user], net.encoder)
        to_symbols, from_symbols = (
            cast(nn.Linear, layers[user]) for layers in (codec.to_symbols, codec.from_symbols)
        )
        with torch.no_grad():
            to_symbols.weight.copy_(_first_stream(net.to_baseband.weight, chains))
            to_symbols.bias.copy_(_first_stream(net.to_baseband.bias, chains))
            from_symbols.weight.copy_(_first_stream(reader.weight.T, chains).T)
            from_symbols.bias.copy_(reader.bias)
    carry(codec.decoder, trained.bs.decoder)


def start_tracked(layer: TrackedLayer, codec: SourceCodec) -> None:
    """Start the semantic layer for tracked access from the source codec, which also reads every UE separately.

    The gates of the SFA start as they were initialised, and the BS's channel semantics too.
    """
    for user, each in enumerate(layer.ue):
        net = cast(UeMsfNet, each)
        carry(net.encoder, codec.encoders[user])
        carry(net.to_baseband, codec.to_symbols[user])
    reader = cast(UserReader, layer.bs.from_baseband)
    for user, linear in enumerate(reader.ue):
        carry(linear, codec.from_symbols[user])
    carry(layer.bs.decoder, codec.decoder)


def carry(module: nn.Module, trained: nn.Module) -> None:
    """Copy the weights of another network, wherever a layer of the same name has the same shape.

    A layer that has a whole multiple of the inputs, for the features of several UEs, takes the weights
    once for each. All other layers stay as they are.
    """
    known = trained.state_dict()
    with torch.no_grad():
        for name, weight in module.state_dict().items():
            copies = _copies(weight, known[name]) if name in known else 0
            if copies:
                weight.copy_(
                    known[name].repeat(1, copies, *[1] * (weight.dim() - 2)) if copies > 1 else known[name]
                )


def _copies(weight: Tensor, known: Tensor) -> int:
    """Return how often known weights are repeated over the inputs of a layer; 0 where they do not fit."""
    if weight.shape == known.shape:
        return 1
    if weight.dim() != known.dim() or weight.dim() < 2 or weight.shape[1] % known.shape[1]:
        return 0
    same = weight.shape[0] == known.shape[0] and weight.shape[2:] == known.shape[2:]
    return weight.shape[1] // known.shape[1] if same else 0


def _first_stream(values: Tensor, chains: int) -> Tensor:
    """Return the rows of each symbol's first stream, (2 Q, ...), of rows (2 R Q, ...)."""
    return values.reshape(-1, chains, 2, *values.shape[1:])[:, 0].flatten(0, 1)
