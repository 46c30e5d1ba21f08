"""One pair of images over one drawn channel: a mask and an overlay."""

from pathlib import Path

import torch

from cscsanet.channel.paths import draw_paths
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.evaluation.schemes import trained_link
from cscsanet.pipeline.shipping import origin
from cscsanet.scenes.augmentation import to_float
from cscsanet.scenes.images import Pixels
from cscsanet.scenes.masks import class_shares, write_mask, write_overlay
from cscsanet.training.seeds import generator
from cscsanet.workflow.machine import limit_threads
from cscsanet.workflow.workspace import Workspace


def predict_pair(
    workspace: Workspace,
    params: Params,
    name: str,
    point: OperatingPoint,
    pixels: Pixels,
    out: Path,
    seed: int,
) -> list[str]:
    """Transmit a pair over one drawn channel; write the mask and, next to it, the overlay on the RGB image.

    pixels: uint8 [4, height, width], see `read_pixels`. seed: selects the drop and the noise. The mask is a palette
    PNG of the model's size: its values are class ids, its colours MFNet's. Return messages for the user: the files,
    and the predicted classes with their shares of the pixels.

    Raises:
        CscsanetError: the weights are of another configuration, or the mask cannot be written.
    """
    limit_threads(params.threads)
    link, digest = trained_link(name, params, workspace.trained)
    pair = torch.from_numpy(pixels)
    device = next(link.parameters()).device
    paths = draw_paths(1, params.channel, generator(seed, "evaluate", 0)).to(device)
    with torch.inference_mode():
        transmission = link(
            to_float(pair.unsqueeze(0).to(device)),
            paths,
            point.within(params.points.capacity),
            generator(seed, "evaluate", 1, device=device),
        )
    mask = transmission.logits.argmax(dim=1)[0].to(torch.uint8).cpu().numpy()

    write_mask(out, mask)
    overlay = out.with_name(f"{out.stem}-overlay.png")
    write_overlay(overlay, mask, pair[:3].permute(1, 2, 0).numpy())
    shares = ", ".join(f"{label} {share:.1%}" for label, share in class_shares(mask).items())
    return [
        f"{out}: {shares}",
        f"{overlay}: the mask over the RGB image",
        f"model {name} {digest[:12]}, {origin(workspace, name)}",
    ]
