"""One pair of images over the air: a mask and an overlay."""

from pathlib import Path

import torch

from cscsanet.channel.paths import draw_paths
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.models import trained_link
from cscsanet.params import Params
from cscsanet.pipeline.shipping import origin
from cscsanet.pipeline.workspace import Workspace
from cscsanet.points import OperatingPoint
from cscsanet.scenes.augmentation import to_float
from cscsanet.scenes.image_pair import read_pair
from cscsanet.scenes.mask_pictures import class_shares, write_mask, write_overlay
from cscsanet.training.seeds import generator


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

    write_mask(out, mask)
    beside = out.with_name(f"{out.stem}-overlay.png")
    write_overlay(beside, mask, pair[:3].permute(1, 2, 0).numpy())
    shares = ", ".join(f"{label} {share:.1%}" for label, share in class_shares(mask).items())
    return [
        f"{out}: {shares}",
        f"{beside}: the same over the RGB image",
        f"model {name} {digest[:12]}, {origin(workspace, name)}",
    ]
