"""The schemes by name: which Link each is, and which trained weights it stands on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cscsanet.errors import CscsanetError
from cscsanet.links.ideal import IdealLink
from cscsanet.links.joint import noma
from cscsanet.links.link import Link
from cscsanet.links.semantic_layer import SemanticLayer
from cscsanet.params import Params
from cscsanet.separated.mfnet_link import MfnetLink


@dataclass(frozen=True)
class Scheme:
    """One row of every comparison.

    title: what a reader sees. build: the untrained Link. weights: the trained weights that fill it, as
    (submodule of the Link or "" for all of it) -> name of the weights file. over_air: whether there is a channel, so
    that SNR and drops matter. made_by: the command that makes the weights.
    """

    title: str
    build: Callable[[Params], Link]
    weights: Mapping[str, str]
    over_air: bool = True
    made_by: str = "dvc repro"


SCHEMES: Mapping[str, Scheme] = {
    "ideal": Scheme(
        "Stage I over an error-free link (ceiling)",
        lambda params: IdealLink(SemanticLayer(params)),
        {"semantic": "semantic"},
        over_air=False,
    ),
    "mfnet": Scheme(
        "MFNet on raw images, no channel (reference)",
        lambda params: MfnetLink(),
        {"": "mfnet"},
        over_air=False,
    ),
    "mfnet-imported": Scheme(
        "MFNet on raw images, no channel, weights from elsewhere (reference)",
        lambda params: MfnetLink(),
        {"": "imported/mfnet"},
        over_air=False,
        made_by="cscsanet import-mfnet FILE.pth",
    ),
    "noma": Scheme("CSC-SA-Net, non-orthogonal", noma, {"": "noma"}),
    "noma-aligned": Scheme(
        "CSC-SA-Net, non-orthogonal, phases aligned (ours)",
        lambda params: noma(params, "learned"),
        {"": "noma_aligned"},
    ),
    "noma-glued": Scheme(
        "Stages I and II joined without Stage III", noma, {"semantic": "semantic", "physical": "physical"}
    ),
}


def scheme(name: str) -> Scheme:
    """Look a scheme up.

    Raises:
        CscsanetError: there is none of that name.
    """
    if name not in SCHEMES:
        raise CscsanetError(
            f"scheme '{name}': there is none of that name; choose one of {', '.join(SCHEMES)}"
        )
    return SCHEMES[name]
