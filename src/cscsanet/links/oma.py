"""`oma` and `oma-aligned`: CSC-SA-Net with orthogonal access (Sec. IV), what the paper compares its proposal with.

The chain is that of `noma`, the beams of both UEs included; but each UE sends on subcarriers of its own, so that on each
subcarrier one UE arrives.
"""

from typing import Literal

from torch import Tensor

from cscsanet.channel.transmission import normalise_block
from cscsanet.links.noma import NomaLink
from cscsanet.links.orthogonal_layer import OrthogonalLayer
from cscsanet.links.physical_layer import PhysicalLayer


class OmaLink(NomaLink):
    """The five networks in one graph, one UE on each subcarrier."""

    semantic: OrthogonalLayer

    def __init__(
        self, physical: PhysicalLayer, semantic: OrthogonalLayer, energy: Literal["element", "total"]
    ) -> None:
        """energy: what each UE has as in `noma`: that of a used resource element, or that of the whole block."""
        super().__init__(physical, semantic)
        self.energy = energy

    def within_power(self, streams: Tensor, precoder: Tensor) -> Tensor:
        """Scale each UE's streams: an energy of 1, or with `total` of K, for each resource element that it uses."""
        # Streams are zero elsewhere: without the mask, the energy of all elements goes to those that are used.
        return normalise_block(streams, precoder, self.semantic.used if self.energy == "element" else None)
