"""One pair of images over one drawn channel: a mask and an overlay."""

from pathlib import Path

import torch

from cscsanet.channel.sources import open_source
from cscsanet.cli.notes import note, note_mask, note_pictures
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.evaluation.schemes import picture_size, trained_link
from cscsanet.pipeline.shipping import origin
from cscsanet.scenes.augmentation import to_float
from cscsanet.scenes.image_pair import read_pixels
from cscsanet.scenes.masks import class_shares, write_mask, write_overlay
from cscsanet.training.seeds import generator
from cscsanet.workflow.machine import limit_threads
from cscsanet.workflow.workspace import Workspace


def predict_pair(
    workspace: Workspace,
    params: Params,
    name: str,
    point: OperatingPoint,
    pictures: tuple[Path, Path],
    out: Path,
    seed: int,
    thermal_range: tuple[float, float] | None = None,
) -> list[str]:
    """Transmit a pair over one drawn channel; write the mask and, next to it, the overlay on the RGB image.

    pictures: the RGB and the thermal picture. seed: selects the drop and the noise. thermal_range: see `read_pixels`.
    The mask is a palette PNG of the model's size: its values are class ids, its colours those of the classes. Return messages for
    the user: the files, and the predicted classes with their shares of the pixels.

    Raises:
        CscsanetError: a picture cannot be used, the weights are of another configuration, or the mask cannot be written.
    """
    limit_threads(params.threads)
    height, width = picture_size(name, params, workspace.trained)
    read = read_pixels(*pictures, height, width, thermal_range)
    for text in read.notes:
        note(text)
    pixels = read.pixels
    scenes = params.scenes.model_copy(update={"height": height, "width": width})
    link, digest = trained_link(name, params.model_copy(update={"scenes": scenes}), workspace.trained)
    pair = torch.from_numpy(pixels)
    device = next(link.parameters()).device
    source = open_source(params.channel, workspace.root, "test")
    paths = source.draw(1, generator(seed, "evaluate", 0)).to(device)
    with torch.inference_mode():
        transmission = link(
            to_float(pair.unsqueeze(0).to(device)),
            paths,
            point.within(params.points.capacity),
            generator(seed, "evaluate", 1, device=device),
        )
    mask = transmission.logits.argmax(dim=1)[0].to(torch.uint8).cpu().numpy()

    classes = params.scenes.class_list
    write_mask(out, mask, classes)
    overlay = out.with_name(f"{out.stem}-overlay.png")
    write_overlay(overlay, mask, pair[:3].permute(1, 2, 0).numpy(), classes)
    shares = class_shares(mask, classes)
    note_pictures(workspace, name, pixels)
    note_mask(name, shares)
    listed = ", ".join(f"{label} {share:.1%}" for label, share in shares.items())
    return [
        f"{out}: {listed}",
        f"{overlay}: the mask over the RGB image",
        f"model {name} {digest[:12]}, {origin(workspace, name)}",
    ]
