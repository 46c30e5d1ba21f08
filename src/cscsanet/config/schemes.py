"""The table of schemes: which there are, what each works by, and how tables and figures show it.

A new scheme is a `Link`, a row of `SCHEMES` here, and a builder in `evaluation/schemes.BUILD`. The
parameters, the command line, figures, claims, complexity and the page read this table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cscsanet.errors import CscsanetError, choose_of

# proposal: a form of CSC-SA-Net, which stations can run as units. ablation: a part of it left out.
# estimated, perfect: the paper's separated designs, with estimated and with perfect initial CSI.
# separated: a separated design that is not in the paper. ceiling: an error-free link.
# tracked: CSC-SA-Net with phase tracking at the BS, ours. lean: a separated design with the same tracking.
# digital: bits, a channel code and late fusion. bound: the same at the capacity of the channel, without DMRS.
# reference: no channel and no semantic communication.
Role = Literal[
    "proposal", "ablation", "estimated", "perfect", "separated", "tracked", "lean", "digital", "bound", "ceiling",
    "reference",
]  # fmt: skip
# The forms of CSC-SA-Net that claims are judged on: the paper's, and two of ours.
Form = Literal["paper", "aligned", "tracked"]
SEPARATED_ROLES: tuple[Role, ...] = ("separated", "estimated", "perfect")
# The roles of schemes with DMRS beside their payload, a quarter of their elements.
DMRS_ROLES: tuple[Role, ...] = (*SEPARATED_ROLES, "digital")

FLOOR = "constant"  # the prediction `class 0 everywhere`, which is compared like a scheme

_BLUE, _SKY, _RED, _GREEN = "#0072B2", "#56B4E9", "#D55E00", "#009E73"
_PURPLE, _ORANGE, _INDIGO = "#AA4499", "#B8860B", "#332288"


@dataclass(frozen=True)
class Look:
    """The curve of a scheme in figures over an axis.

    Colour and marker tell the family. Filled and solid is the family's first member, open and
    dashed its variant. dashes: lengths of strokes and gaps of a line without markers, for ceilings
    and floors.
    """

    colour: str
    marker: str = ""
    filled: bool = True
    dashes: tuple[float, ...] = ()


FLOOR_LOOK = Look("#999999", dashes=(1, 3))


@dataclass(frozen=True)
class Scheme:
    """One row of every comparison.

    title: text for tables. weights: the trained weights, as (submodule of the Link, or "" for all
    of it) -> name of the weights file. role: see `Role`. access, aligned: of CSC-SA-Net and its
    ceilings, whether access is orthogonal, and whether UEs align phases. sees: the fields of an
    operating point that change the result. look: None if no figure over an axis shows the scheme.
    cost_groups: the groups of parts that `studies/complexity` adds up. last_training: the last
    training of the weights, if `pipeline/repeats` can run it again. made_by: the command that makes
    the weights. shipped: whether they come with the package.
    """

    title: str
    weights: Mapping[str, str]
    role: Role
    access: Literal["noma", "oma"] | None = None
    aligned: bool = False
    sees: tuple[str, ...] = ("snr_db", "csirs_symbols", "feedback_bits", "data_symbols")
    look: Look | None = None
    cost_groups: tuple[str, ...] = ()
    last_training: str | None = None
    made_by: str = "dvc repro"
    shipped: bool = True

    @property
    def over_air(self) -> bool:
        """Whether there is a channel, so that SNR and drops matter."""
        return "snr_db" in self.sees

    def without_weights(self, path: Path) -> CscsanetError:
        """Return the error for trained weights that are missing. path: where they are expected."""
        return CscsanetError(f"{path}: no such weights; run '{self.made_by}' to make them")


# Shared by the separated designs. Their codec is the one that was trained over the real link.
_CSI = {"front.acquisition": "acquisition", "front.feedback": "feedback"}
_CODEC = {"codec": "codec_link"}
_BITS = {"codec": "digital", "prior": "digital_prior"}
_DATA_PATH = ("interpolation and detection", "codec")
_RECEIVER = ("pca", *_DATA_PATH)
_WITHOUT_FEEDBACK = ("snr_db", "csirs_symbols", "data_symbols")

SCHEMES: Mapping[str, Scheme] = {
    "ideal": Scheme(
        title="Stage I over an error-free link (ceiling)",
        weights={"semantic": "semantic"},
        role="ceiling",
        access="noma",
        sees=("data_symbols",),
        look=Look("black", dashes=(6, 2)),
    ),
    "noma": Scheme(
        title="CSC-SA-Net, non-orthogonal",
        weights={"": "noma"},
        role="proposal",
        access="noma",
        look=Look(_BLUE, "o"),
        cost_groups=("csi", "fusion"),
        last_training="noma",
    ),
    "noma-aligned": Scheme(
        title="CSC-SA-Net, non-orthogonal, phases aligned (ours)",
        weights={"": "noma_aligned"},
        role="proposal",
        access="noma",
        aligned=True,
        look=Look(_BLUE, "o", filled=False),
        cost_groups=("csi aligned", "fusion"),
        last_training="noma_aligned",
    ),
    "oma": Scheme(
        title="CSC-SA-Net, orthogonal",
        weights={"": "oma"},
        role="proposal",
        access="oma",
        look=Look(_RED, "s"),
        cost_groups=("csi", "fusion oma"),
        last_training="oma",
    ),
    "oma-aligned": Scheme(
        title="CSC-SA-Net, orthogonal, phases aligned (ours)",
        weights={"": "oma_aligned"},
        role="proposal",
        access="oma",
        aligned=True,
        look=Look(_RED, "s", filled=False),
        cost_groups=("csi aligned", "fusion oma"),
        last_training="oma_aligned",
        shipped=False,
    ),
    "dlcsi-dl": Scheme(
        title="DL CSI acquisition, DL precoding, DMRS and MMSE detection",
        weights={**_CSI, "front.precoding": "precoding", **_CODEC},
        role="estimated",
        look=Look(_GREEN, "^"),
        cost_groups=("acquisition", "feedback", "precoding", *_RECEIVER),
        last_training="codec_link",
    ),
    "dlcsi-pca": Scheme(
        title="DL CSI acquisition, PCA precoding, DMRS and MMSE detection",
        weights={**_CSI, **_CODEC},
        role="estimated",
        look=Look(_GREEN, "v", filled=False),
        cost_groups=("acquisition", "feedback", *_RECEIVER),
        last_training="codec_link",
    ),
    "perfect-dl": Scheme(
        title="perfect initial CSI, DL precoding, DMRS and MMSE detection",
        weights={"front.precoding": "precoding", **_CODEC},
        role="perfect",
        sees=_WITHOUT_FEEDBACK,
        look=Look(_PURPLE, "D"),
        cost_groups=("precoding", *_RECEIVER),
        last_training="codec_link",
    ),
    "perfect-pca": Scheme(
        title="perfect initial CSI, PCA precoding, DMRS and MMSE detection",
        weights=_CODEC,
        role="perfect",
        sees=_WITHOUT_FEEDBACK,
        look=Look(_PURPLE, "d", filled=False),
        cost_groups=_RECEIVER,
        last_training="codec_link",
    ),
    "codebook": Scheme(
        title="codebook beams, DMRS and MMSE detection (ours)",
        weights=_CODEC,
        role="separated",
        look=Look(_ORANGE, "P"),
        cost_groups=("codebook", *_DATA_PATH),
        last_training="codec_link",
    ),
    "noma-tracked": Scheme(
        title="CSC-SA-Net, non-orthogonal, phases aligned and tracked (ours)",
        weights={"": "noma_tracked"},
        role="tracked",
        access="noma",
        aligned=True,
        look=Look(_BLUE, "*"),
        cost_groups=("csi aligned", "fusion tracked"),
        last_training="noma_tracked",
    ),
    "oma-tracked": Scheme(
        title="CSC-SA-Net, orthogonal, phases aligned and tracked (ours)",
        weights={"": "oma_tracked"},
        role="tracked",
        access="oma",
        aligned=True,
        look=Look(_RED, "*", filled=False),
        cost_groups=("csi aligned", "fusion oma"),
        last_training="oma_tracked",
        shipped=False,
    ),
    "dlcsi-pca-lean": Scheme(
        title="DL CSI acquisition, PCA precoding, pre-compensation, tracking and MMSE detection (ours)",
        weights={**_CSI, "codec": "codec_lean"},
        role="lean",
        look=Look(_GREEN, "p"),
        cost_groups=("acquisition", "feedback", "pca", "codec"),
        last_training="codec_lean",
        shipped=False,
    ),
    "digital-coded": Scheme(
        title="digital late fusion: learned bits, random codes of finite length (ours)",
        weights={**_CSI, **_BITS},
        role="digital",
        look=Look(_INDIGO, "h"),
        cost_groups=("acquisition", "feedback", "pca", "interpolation and detection", "bits"),
        last_training="digital_prior",
        shipped=False,
    ),
    "digital-ideal": Scheme(
        title="digital late fusion at the capacity of every block, no DMRS (its bound)",
        weights={**_CSI, **_BITS},
        role="bound",
        look=Look(_INDIGO, "h", filled=False),
        last_training="digital_prior",
        shipped=False,
    ),
    "noma-stage2": Scheme(
        title="Stages I and II joined without Stage III",
        weights={"semantic": "semantic", "physical": "physical"},
        role="ablation",
        access="noma",
        look=Look(_SKY, "X"),
    ),
    "ideal-oma": Scheme(
        title="Stage I, orthogonal, over an error-free link (its ceiling)",
        weights={"semantic": "semantic_oma"},
        role="ceiling",
        access="oma",
        sees=("data_symbols",),
        look=Look("#666666", dashes=(2, 2)),
    ),
    "mfnet": Scheme(
        title="MFNet on raw images, no channel (reference)",
        weights={"": "mfnet"},
        role="reference",
        sees=(),
        cost_groups=("mfnet",),
    ),
    "mfnet-imported": Scheme(
        title="MFNet on raw images, no channel, weights from elsewhere (reference)",
        weights={"": "imported/mfnet"},
        role="reference",
        sees=(),
        made_by="cscsanet import-mfnet FILE.pth",
        shipped=False,
    ),
}
# Form -> role, and whether streams are aligned.
_FORMS: Mapping[Form, tuple[Role, bool]] = {
    "paper": ("proposal", False),
    "aligned": ("proposal", True),
    "tracked": ("tracked", True),
}
# Old name -> name, so that the error for an old params.yaml can name the new one.
_RENAMED = {"noma-glued": "noma-stage2"}


def scheme(name: str) -> Scheme:
    """Return the row of a scheme.

    Raises:
        CscsanetError: there is no scheme of that name.
    """
    if name not in SCHEMES:
        remedy = choose_of(name, SCHEMES)
        if name in _RENAMED:
            remedy = f"it is called '{_RENAMED[name]}' now"
        raise CscsanetError(f"scheme '{name}': there is none of that name; {remedy}")
    return SCHEMES[name]


def schemes_of(*roles: Role, among: Sequence[str] = tuple(SCHEMES)) -> list[str]:
    """Return the schemes of some roles, in the order of the table. among: the names to choose from."""
    return [name for name, row in SCHEMES.items() if row.role in roles and name in among]


def proposal(access: str, form: Form) -> str:
    """Return the name of a form of CSC-SA-Net with this access."""
    role, aligned = _FORMS[form]
    return next(
        name
        for name in schemes_of(role)
        if (SCHEMES[name].access, SCHEMES[name].aligned) == (access, aligned)
    )


def last_trainings() -> list[str]:
    """Return the last trainings of all schemes, each once."""
    return list(dict.fromkeys(row.last_training for row in SCHEMES.values() if row.last_training))
