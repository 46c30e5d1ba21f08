"""Fill a scheme's Link with its trained weights."""

from collections.abc import Callable
from pathlib import Path

from cscsanet.errors import CscsanetError
from cscsanet.evaluation.device import compute_device
from cscsanet.evaluation.schemes import scheme
from cscsanet.files import file_digest
from cscsanet.links.link import Link
from cscsanet.params import Params, digest
from cscsanet.training.weights import load_weights


def trained_link(name: str, params: Params, weights_file: Callable[[str], Path]) -> tuple[Link, str]:
    """Return a trained Link in evaluation mode, on the device to compute on, and the digest of its weights.

    weights_file: name of trained weights -> where they lie.

    Raises:
        CscsanetError: no such scheme, weights missing, or trained under another configuration.
    """
    row = scheme(name)
    link = row.build(params)
    digests = []
    for submodule, weights in row.weights.items():
        path = weights_file(weights)
        if not path.exists():
            raise CscsanetError(f"{path}: no such weights; run '{row.made_by}' to make them")
        load_weights(link.get_submodule(submodule), path, params)
        digests.append(file_digest(path))
    link.eval().to(compute_device())
    return link, digests[0] if len(digests) == 1 else digest(digests)
