"""The schemes by name: which Link each is, and which trained weights it stands on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cscsanet.errors import CscsanetError
from cscsanet.links.ideal import IdealLink
from cscsanet.links.joint import noma, oma
from cscsanet.links.link import Link
from cscsanet.links.orthogonal_layer import OrthogonalLayer
from cscsanet.links.semantic_layer import SemanticLayer
from cscsanet.params import Params
from cscsanet.separated.designs import codebook, learned_csi, perfect_csi
from cscsanet.separated.mfnet_link import MfnetLink


@dataclass(frozen=True)
class Scheme:
    """One row of every comparison.

    title: what a reader sees. build: the untrained Link. weights: the trained weights that fill it, as
    (submodule of the Link or "" for all of it) -> name of the weights file. sees: what of an operating point it works by; it
    does the same wherever else the point moves. made_by: the command that makes the weights.
    """

    title: str
    build: Callable[[Params], Link]
    weights: Mapping[str, str]
    sees: tuple[str, ...] = ("snr_db", "csirs_symbols", "feedback_bits", "data_symbols")
    made_by: str = "dvc repro"

    @property
    def over_air(self) -> bool:
        """Whether there is a channel, so that SNR and drops matter."""
        return "snr_db" in self.sees


# What the separated designs share; the codec is the one that was trained over the real link.
_CSI = {"front.acquisition": "acquisition", "front.feedback": "feedback"}
_CODEC = {"codec": "codec_link"}
_WITHOUT_FEEDBACK = ("snr_db", "csirs_symbols", "data_symbols")

SCHEMES: Mapping[str, Scheme] = {
    "ideal": Scheme(
        "Stage I over an error-free link (ceiling)",
        lambda params: IdealLink(SemanticLayer(params)),
        {"semantic": "semantic"},
        sees=("data_symbols",),
    ),
    "noma": Scheme("CSC-SA-Net, non-orthogonal", noma, {"": "noma"}),
    "noma-aligned": Scheme(
        "CSC-SA-Net, non-orthogonal, phases aligned (ours)",
        lambda params: noma(params, "learned"),
        {"": "noma_aligned"},
    ),
    "oma": Scheme("CSC-SA-Net, orthogonal", oma, {"": "oma"}),
    "oma-aligned": Scheme(
        "CSC-SA-Net, orthogonal, phases aligned (ours)",
        lambda params: oma(params, "learned"),
        {"": "oma_aligned"},
    ),
    "dlcsi-dl": Scheme(
        "DL CSI acquisition, DL precoding, DMRS and MMSE detection",
        lambda params: learned_csi(params, "dl"),
        {**_CSI, "front.precoding": "precoding", **_CODEC},
    ),
    "dlcsi-pca": Scheme(
        "DL CSI acquisition, PCA precoding, DMRS and MMSE detection",
        lambda params: learned_csi(params, "pca"),
        {**_CSI, **_CODEC},
    ),
    "perfect-dl": Scheme(
        "perfect initial CSI, DL precoding, DMRS and MMSE detection",
        lambda params: perfect_csi(params, "dl"),
        {"front.precoding": "precoding", **_CODEC},
        sees=_WITHOUT_FEEDBACK,
    ),
    "perfect-pca": Scheme(
        "perfect initial CSI, PCA precoding, DMRS and MMSE detection",
        lambda params: perfect_csi(params, "pca"),
        _CODEC,
        sees=_WITHOUT_FEEDBACK,
    ),
    "codebook": Scheme("codebook beams, DMRS and MMSE detection (ours)", codebook, _CODEC),
    "noma-glued": Scheme(
        "Stages I and II joined without Stage III", noma, {"semantic": "semantic", "physical": "physical"}
    ),
    "ideal-oma": Scheme(
        "Stage I, orthogonal, over an error-free link (its ceiling)",
        lambda params: IdealLink(OrthogonalLayer(params)),
        {"semantic": "semantic_oma"},
        sees=("data_symbols",),
    ),
    "mfnet": Scheme(
        "MFNet on raw images, no channel (reference)",
        lambda params: MfnetLink(),
        {"": "mfnet"},
        sees=(),
    ),
    "mfnet-imported": Scheme(
        "MFNet on raw images, no channel, weights from elsewhere (reference)",
        lambda params: MfnetLink(),
        {"": "imported/mfnet"},
        sees=(),
        made_by="cscsanet import-mfnet FILE.pth",
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
