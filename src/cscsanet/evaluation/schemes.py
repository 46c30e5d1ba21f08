"""The Link of each scheme, filled with its trained weights."""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from cscsanet.baselines.front_ends import codebook, learned_csi, perfect_csi
from cscsanet.baselines.mfnet import MfnetLink
from cscsanet.config.params import Params, digest
from cscsanet.config.schemes import scheme
from cscsanet.errors import CscsanetError
from cscsanet.files import file_digest
from cscsanet.links.csc_sa_net import noma, oma
from cscsanet.links.ideal import IdealLink
from cscsanet.links.link import Link
from cscsanet.links.semantic_layer import OrthogonalLayer, SemanticLayer
from cscsanet.training.weights import load_weights

# Scheme -> its Link, untrained.
BUILD: Mapping[str, Callable[[Params], Link]] = {
    "ideal": lambda params: IdealLink(SemanticLayer(params)),
    "noma": noma,
    "noma-aligned": lambda params: noma(params, "learned"),
    "oma": oma,
    "oma-aligned": lambda params: oma(params, "learned"),
    "dlcsi-dl": lambda params: learned_csi(params, "dl"),
    "dlcsi-pca": lambda params: learned_csi(params, "pca"),
    "perfect-dl": lambda params: perfect_csi(params, "dl"),
    "perfect-pca": lambda params: perfect_csi(params, "pca"),
    "codebook": codebook,
    "noma-stage2": noma,
    "ideal-oma": lambda params: IdealLink(OrthogonalLayer(params)),
    "mfnet": lambda params: MfnetLink(),
    "mfnet-imported": lambda params: MfnetLink(),
}


def compute_device() -> torch.device:
    """Return the GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def trained_link(name: str, params: Params, weights_file: Callable[[str], Path]) -> tuple[Link, str]:
    """Return a trained Link and the digest of its weights.

    The Link is in evaluation mode, on the device to compute on. weights_file: maps the name of
    trained weights to their file.

    Raises:
        CscsanetError: no such scheme, weights missing, or trained under another configuration.
    """
    row = scheme(name)
    if name not in BUILD:
        raise CscsanetError(
            f"scheme '{name}': has a row in config/schemes.py and no builder; add one to evaluation/schemes.BUILD"
        )
    link = BUILD[name](params)
    digests = []
    for submodule, weights in row.weights.items():
        path = weights_file(weights)
        if not path.exists():
            raise row.without_weights(path)
        load_weights(link.get_submodule(submodule), path, params)
        digests.append(file_digest(path))
    link.eval().to(compute_device())
    return link, digests[0] if len(digests) == 1 else digest(digests)
