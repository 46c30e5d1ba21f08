"""The links that Stage III trains, by how the UEs share the air; each takes every alignment."""

from collections.abc import Callable, Mapping

from cscsanet.links.alignment import Alignment
from cscsanet.links.noma import NomaLink
from cscsanet.links.oma import OmaLink
from cscsanet.links.orthogonal_layer import OrthogonalLayer
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.links.semantic_layer import SemanticLayer
from cscsanet.params import Params


def noma(params: Params, alignment: Alignment = "none") -> NomaLink:
    """Build the untrained non-orthogonal link."""
    return NomaLink(PhysicalLayer(params, alignment), SemanticLayer(params))


def oma(params: Params, alignment: Alignment = "none") -> OmaLink:
    """Build the untrained orthogonal link."""
    return OmaLink(PhysicalLayer(params, alignment), OrthogonalLayer(params), params.joint.oma_energy)


JOINT: Mapping[str, Callable[[Params, Alignment], NomaLink]] = {"noma": noma, "oma": oma}
