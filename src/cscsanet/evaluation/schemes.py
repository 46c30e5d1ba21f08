"""The Link of each scheme, filled with its trained weights."""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from cscsanet.baselines.digital.digital_link import digital
from cscsanet.baselines.front_ends import codebook, learned_csi, perfect_csi
from cscsanet.baselines.lean_link import lean_csi
from cscsanet.baselines.mfnet import PUBLISHED_SIZE, MfnetLink
from cscsanet.config.params import Params, digest
from cscsanet.config.schemes import scheme
from cscsanet.config.training_range import channel_of_networks
from cscsanet.errors import CscsanetError
from cscsanet.files import file_digest
from cscsanet.links.csc_sa_net import NomaLink, noma, oma
from cscsanet.links.ideal import IdealLink
from cscsanet.links.link import Link
from cscsanet.links.semantic_layer import OrthogonalLayer, SemanticLayer
from cscsanet.links.tracked import noma_tracked, oma_tracked
from cscsanet.training.weights import load_weights, weights_metadata

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
    "noma-tracked": noma_tracked,
    "oma-tracked": oma_tracked,
    "dlcsi-pca-lean": lean_csi,
    "digital-coded": lambda params: digital(params, "coded"),
    "digital-ideal": lambda params: digital(params, "ideal"),
    "noma-stage2": noma,
    "ideal-oma": lambda params: IdealLink(OrthogonalLayer(params)),
    "mfnet": lambda params: MfnetLink(params.scenes.head),
    "mfnet-imported": lambda params: MfnetLink(params.scenes.head),
}


def compute_device() -> torch.device:
    """Return the GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def picture_size(name: str, params: Params, weights_file: Callable[[str], Path]) -> tuple[int, int]:
    """Return the size (height, width) of the pictures [pixels] that a trained scheme is made for.

    The layers of MFNet fit any size, but its weights only the size that they were trained at.

    Raises:
        CscsanetError: the weights are missing or damaged.
    """
    row = scheme(name)
    if row.role != "reference":
        return params.scenes.height, params.scenes.width
    trained = weights_metadata(weights_file(row.weights[""]))["params"]
    if trained is None:
        return PUBLISHED_SIZE
    return trained["scenes"]["height"], trained["scenes"]["width"]


def trained_link(name: str, params: Params, weights_file: Callable[[str], Path]) -> tuple[Link, str]:
    """Return a trained Link and the digest of its weights.

    The Link is in evaluation mode, on the device to compute on. weights_file: maps the name of
    trained weights to their file.

    Raises:
        CscsanetError: no such scheme, weights missing, or trained under another configuration or
            for pictures of another size.
    """
    row = scheme(name)
    if name not in BUILD:
        raise CscsanetError(
            f"scheme '{name}': has a row in config/schemes.py and no builder; add one to evaluation/schemes.BUILD"
        )
    link = BUILD[name](_as_trained(name, params, weights_file))
    if isinstance(link, NomaLink):
        link.channel = params.channel
    digests = []
    for submodule, weights in row.weights.items():
        path = weights_file(weights)
        if not path.exists():
            raise row.without_weights(path)
        load_weights(link.get_submodule(submodule), path, params)
        digests.append(file_digest(path))
    size, asked = picture_size(name, params, weights_file), (params.scenes.height, params.scenes.width)
    if size != asked:
        raise CscsanetError(
            f"{name}: made for pictures of {size[0]} x {size[1]} pixels, but scenes.height x scenes.width = "
            f"{asked[0]} x {asked[1]}; measure it in a project of that size, such as 'cscsanet profile paper', or leave it out"
        )
    link.eval().to(compute_device())
    return link, digests[0] if len(digests) == 1 else digest(digests)


def _as_trained(name: str, params: Params, weights_file: Callable[[str], Path]) -> Params:
    """Return the parameters to build the networks of CSC-SA-Net with: they keep what they search for.

    The separated designs are receivers that know the statistics of the channel, so theirs are those
    of the parameters.
    """
    row = scheme(name)
    if row.role not in ("proposal", "tracked", "ablation"):
        return params
    for weights in row.weights.values():
        path = weights_file(weights)
        metadata = weights_metadata(path) if path.exists() else {}
        if "csa.front" in metadata.get("architecture", {}) and metadata["params"]:
            channel = channel_of_networks(metadata["params"]["channel"], params.channel)
            return params.model_copy(update={"channel": channel})
    return params
