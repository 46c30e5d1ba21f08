"""One transmission: what was sent, over which channel, and what arrived.

Axes: K UEs, Q data symbols, N_c subcarriers, S streams, B feedback bits, C classes, H x W pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from cscsanet.api.channels import Channels
from cscsanet.api.pictures import Picture, read_truth
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.scenes.classes import IGNORED, ClassList
from cscsanet.evaluation.panel import Shown, panel
from cscsanet.files import write_by_rename
from cscsanet.metrics.segmentation import confusion, miou
from cscsanet.scenes.images import Pixels
from cscsanet.scenes.layout import MODALITIES
from cscsanet.scenes.masks import class_shares, write_mask

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class Sent:
    """One transmission of a pair of pictures.

    scheme: its name. point: the operating point. seed: of the channel drop and the noise.
    rgb: uint8 (H, W, 3), thermal: uint8 (H, W): the pictures as they were sent. mask: class ids, uint8 (H, W).
    logits: of the classes, float32 (C, H, W). bits: the feedback (K, B), 0 or 1; None without feedback.
    streams: the sent symbols, complex (K, Q, N_c, S); None if nothing was sent over the air.
    spectral_efficiencies: of each UE [bit/s/Hz], with the noise that the combiner colours; None without a channel.
    channel: the drop; None for a scheme without a channel. class_list: names and colours of the ids. notes: what makes the
    mask doubtful.
    """

    scheme: str
    point: OperatingPoint
    seed: int
    rgb: Pixels
    thermal: Pixels
    mask: Pixels
    logits: Tensor
    bits: NDArray[np.uint8] | None
    streams: Tensor | None
    spectral_efficiencies: tuple[float, ...] | None
    channel: Channels | None
    weights: str
    class_list: ClassList
    notes: tuple[str, ...]

    @property
    def spectral_efficiency(self) -> float | None:
        """The sum over UEs [bit/s/Hz]; None without a channel."""
        return None if self.spectral_efficiencies is None else sum(self.spectral_efficiencies)

    @property
    def classes(self) -> dict[str, float]:
        """Class name -> share of the pixels, of the classes in the mask."""
        return class_shares(self.mask, self.class_list)

    def miou(self, truth: Picture) -> float:
        """Return the mean IoU of the mask, eq. (29). truth: class ids of the scene, a file, a picture or an array."""
        return mask_miou(self.mask, read_truth(truth, self.mask.shape, self.class_list), self.class_list)

    def show(self, truth: Picture | None = None) -> "Figure":
        """Return a figure of both pictures, the truth if given, the mask, and what the link delivered."""
        return panel_figure(
            panel_title(self.scheme, None if self.channel is None else self.point, self.seed),
            np.concatenate((np.moveaxis(self.rgb, -1, 0), self.thermal[None])),
            self.mask,
            link_facts(self.spectral_efficiencies, None if self.bits is None else self.bits.shape[1]),
            self.notes,
            truth,
            self.class_list,
        )

    def save(self, path: str | Path) -> None:
        """Write the mask as a palette PNG, whose values are class ids.

        Raises:
            CscsanetError: it cannot be written.
        """
        write_mask(Path(path), self.mask, self.class_list)

    def _repr_png_(self) -> bytes:
        """Return the panel, for notebooks."""
        from io import BytesIO

        content = BytesIO()
        self.show().savefig(content, format="png")
        return content.getvalue()

    def __repr__(self) -> str:
        total = self.spectral_efficiency
        rate = "" if total is None else f", {total:.2f} bit/s/Hz"
        shares = ", ".join(f"{name} {share:.1%}" for name, share in self.classes.items())
        return f"Sent({panel_title(self.scheme, self.point, self.seed)}{rate}: {shares})"


def panel_title(scheme: str, point: OperatingPoint | None, seed: int) -> str:
    """Return the heading of a panel. point: None for a scheme without a channel."""
    return f"{scheme}, no channel" if point is None else f"{scheme} at {point.label()}, seed {seed}"


def link_facts(efficiencies: Sequence[float] | None, feedback_bits: int | None) -> list[str]:
    """Return lines on what a link delivered. efficiencies: of each UE [bit/s/Hz]. feedback_bits: of one UE."""
    facts = []
    if efficiencies is not None:
        parts = ", ".join(f"{name} {value:.2f}" for name, value in zip(MODALITIES, efficiencies, strict=True))
        facts.append(f"spectral efficiency: {sum(efficiencies):.2f} bit/s/Hz ({parts})")
    if feedback_bits is not None:
        facts.append(f"feedback: {feedback_bits} bits of each UE")
    return facts


def panel_figure(
    title: str,
    pixels: Pixels,
    mask: Pixels,
    facts: Sequence[str],
    notes: Sequence[str],
    truth: Picture | None,
    classes: ClassList,
) -> "Figure":
    """Draw the panel of one transmission.

    pixels: uint8 [4, H, W]. mask: class ids, uint8 [H, W]. truth: class ids, if known. classes: of the ids.

    Raises:
        CscsanetError: the truth cannot be read.
    """
    ids = None if truth is None else read_truth(truth, (mask.shape[0], mask.shape[1]), classes)
    measured = [] if ids is None else [f"mean IoU of this frame: {mask_miou(mask, ids, classes):.3f}"]
    lines = [*measured, *facts, *(f"note: {text}" for text in notes)]
    return panel(Shown(pixels, mask, classes, title, lines, ids))


def mask_miou(mask: Pixels, truth: Pixels, classes: ClassList) -> float:
    """Return the mean IoU of a mask, eq. (29). mask, truth: class ids, uint8 (H, W)."""
    import torch

    return float(miou(confusion(torch.tensor(mask), torch.tensor(truth), len(classes), IGNORED)))


def write_panel(path: Path, figure: "Figure") -> None:
    """Write a figure as PNG.

    Raises:
        CscsanetError: it cannot be written.
    """
    write_by_rename(path, lambda partial: figure.savefig(partial, format="png"))
