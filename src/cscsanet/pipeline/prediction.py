"""One pair of images over the air: a mask and an overlay."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from cscsanet.channel.paths import draw_paths
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.figures import palette
from cscsanet.evaluation.models import trained_link
from cscsanet.files import write_by_rename
from cscsanet.params import Params
from cscsanet.pipeline.shipping import origin
from cscsanet.pipeline.workspace import Workspace
from cscsanet.points import OperatingPoint
from cscsanet.scenes.augmentation import to_float
from cscsanet.scenes.classes import CLASS_NAMES, PALETTE
from cscsanet.scenes.image_pair import read_pair
from cscsanet.training.seeds import generator

_OVERLAY_OPACITY = 0.6


def predict_pair(
    workspace: Workspace,
    params: Params,
    name: str,
    point: OperatingPoint,
    rgb: Path,
    thermal: Path,
    out: Path,
    seed: int,
) -> list[str]:
    """Transmit a pair over one drawn channel; write the mask and, beside it, the overlay on the RGB image.

    The mask is a palette PNG of the model's size: its values are the class ids, its colours MFNet's. Return what to
    tell the user: the files and the classes found, with their share of the pixels.
    """
    if out.suffix.lower() != ".png":
        raise CscsanetError(
            f"{out}: the mask must be a .png, as its values are class ids; name another with --out"
        )
    link, digest = trained_link(name, params, workspace.trained)
    pair = read_pair(rgb, thermal, params.scenes.height, params.scenes.width)
    device = next(link.parameters()).device
    paths = draw_paths(1, params.channel, generator(seed, "evaluate", 0)).to(device)
    with torch.inference_mode():
        sent = link(
            to_float(pair.unsqueeze(0).to(device)),
            paths,
            point.within(params.points.capacity),
            generator(seed, "evaluate", 1, device=device),
        )
    mask = sent.logits.argmax(dim=1)[0].to(torch.uint8).cpu().numpy()

    picture = Image.fromarray(mask, mode="P")
    picture.putpalette([value for colour in PALETTE for value in colour])
    write_by_rename(out, lambda partial: picture.save(partial, format="PNG"))

    pixels = pair[:3].permute(1, 2, 0).numpy()
    blend = pixels * (1 - _OVERLAY_OPACITY) + palette(mask) * _OVERLAY_OPACITY
    overlay = np.where(mask[..., None] > 0, blend, pixels).round().astype(np.uint8)
    beside = out.with_name(f"{out.stem}-overlay.png")
    write_by_rename(beside, lambda partial: Image.fromarray(overlay).save(partial, format="PNG"))

    ids, counts = np.unique(mask, return_counts=True)
    shares = ", ".join(
        f"{CLASS_NAMES[i]} {count / mask.size:.1%}" for i, count in zip(ids, counts, strict=True)
    )
    return [
        f"{out}: {shares}",
        f"{beside}: the same over the RGB image",
        f"model {name} {digest[:12]}, {origin(workspace, name)}",
    ]
