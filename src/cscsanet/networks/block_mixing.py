"""What a BS may do with a received block before BS-MSFNet reads it position by position (ours).

    Y_BB -> AGC -> + a correction = the block that BS-MSFNet reads

The paper's reader is linear in each position (`bs_msf_net`), so it can neither combine subcarriers nor multiply one
element by another, as a receiver does that takes the phase of a pilot off its data. Two corrections can:

A correction leaves data symbols empty that are, since AGC and BS-MSFNet tell the number of symbols by their energy.

    subcarriers   layers over the positions and over the elements of a position, in turn (Tolstikhin et al., NeurIPS 2021)
    products      a conj(b): a is linear in a position, b in a position and its neighbours

Before training the correction is zero.

Axes: N_c positions, Q data symbols, N_RF chains, 2 = I/Q, e = Q N_RF elements of a position.
"""

from torch import Tensor, nn

from cscsanet.networks import iq
from cscsanet.networks.iq import normalize_power

_FEATURES = 64
_LAYERS = 2
_PRODUCTS = 32
_REACH = 4  # neighbours on either side that b is linear in


class SubcarrierMixing(nn.Module):
    """Layers over positions and over the elements of a position, in turn."""

    def __init__(self, positions: int, elements: int) -> None:
        super().__init__()
        self.enter = nn.Linear(2 * elements, _FEATURES)
        self.over_positions = nn.ModuleList(_layer(positions) for _ in range(_LAYERS))
        self.over_features = nn.ModuleList(_layer(_FEATURES) for _ in range(_LAYERS))
        self.leave = _zero(nn.Linear(_FEATURES, 2 * elements))

    def forward(self, received: Tensor) -> Tensor:
        """Return the corrected pairs of received ones, both (batch, N_c, Q, N_RF, 2)."""
        block = normalize_power(received, symbol_axis=2)
        features = self.enter(block.flatten(2))
        for positions, each in zip(self.over_positions, self.over_features, strict=True):
            features = features + positions(features.transpose(1, 2)).transpose(1, 2)
            features = features + each(features)
        return _corrected(block, self.leave(features))


class ElementProducts(nn.Module):
    """Products of linear combinations of elements."""

    def __init__(self, elements: int) -> None:
        super().__init__()
        self.local = nn.Linear(2 * elements, 2 * _PRODUCTS)
        self.around = nn.Conv1d(2 * elements, 2 * _PRODUCTS, 2 * _REACH + 1, padding=_REACH)
        self.leave = _zero(nn.Linear(2 * _PRODUCTS, 2 * elements))

    def forward(self, received: Tensor) -> Tensor:
        """Return the corrected pairs of received ones, both (batch, N_c, Q, N_RF, 2)."""
        block = normalize_power(received, symbol_axis=2)
        flat = block.flatten(2)
        local = self.local(flat).unflatten(-1, (_PRODUCTS, 2))
        around = self.around(flat.transpose(1, 2)).transpose(1, 2).unflatten(-1, (_PRODUCTS, 2))
        products = nn.functional.rms_norm(iq.mul(local, iq.conj(around)).flatten(2), (2 * _PRODUCTS,))
        return _corrected(block, self.leave(products))


def block_mixing(kind: str, positions: int, elements: int) -> nn.Module:
    """Build what `joint.reader` names; linear: nothing. elements: Q N_RF."""
    if kind == "subcarriers":
        return SubcarrierMixing(positions, elements)
    return ElementProducts(elements) if kind == "products" else nn.Identity()


def _corrected(block: Tensor, correction: Tensor) -> Tensor:
    """Add a correction (batch, N_c, 2 e) to the symbols of a block (batch, N_c, Q, N_RF, 2) that carry energy."""
    used = block.square().sum(dim=(1, 3, 4), keepdim=True) > 0
    return block + correction.reshape(block.shape) * used


def _layer(size: int) -> nn.Sequential:
    return nn.Sequential(nn.LayerNorm(size), nn.Linear(size, 2 * size), nn.GELU(), nn.Linear(2 * size, size))


def _zero(layer: nn.Linear) -> nn.Linear:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
