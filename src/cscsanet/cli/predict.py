"""One pair of images over one drawn channel: a mask, an overlay and a panel."""

from pathlib import Path

import numpy as np

from cscsanet.api.link import TrainedLink
from cscsanet.api.sent import write_panel
from cscsanet.cli.notes import note, note_mask
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.pipeline.shipping import origin
from cscsanet.scenes.masks import class_shares, write_mask, write_overlay
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
    truth: Path | None = None,
) -> list[str]:
    """Transmit a pair over one drawn channel; write the mask and, next to it, the overlay on the RGB image and the panel.

    pictures: the RGB and the thermal picture. seed: selects the drop and the noise. thermal_range: see `read_pixels`. truth: the
    labels of the scene, for the panel. The mask is a palette PNG of the model's size: its values are class ids, its colours
    those of the classes. Return messages for the user: the files, and the predicted classes with their shares of the pixels.

    Raises:
        CscsanetError: a picture cannot be used, the weights are of another configuration, or the mask cannot be written.
    """
    limit_threads(params.threads)
    link = TrainedLink(name, params, workspace, workspace.trained)
    sent = link.transmit(
        *pictures,
        snr_db=point.snr_db,
        csirs_symbols=point.csirs_symbols,
        feedback_bits=point.feedback_bits,
        data_symbols=point.data_symbols,
        seed=seed,
        thermal_range=thermal_range,
    )
    panel = sent.show(truth)

    write_mask(out, sent.mask, sent.class_list)
    overlay, shown = (out.with_name(f"{out.stem}-{what}.png") for what in ("overlay", "panel"))
    write_overlay(overlay, sent.mask, np.asarray(sent.rgb), sent.class_list)
    write_panel(shown, panel)
    for text in sent.notes:
        note(text)
    shares = class_shares(sent.mask, sent.class_list)
    note_mask(name, shares)
    listed = ", ".join(f"{label} {share:.1%}" for label, share in shares.items())
    return [
        f"{out}: {listed}",
        f"{overlay}: the mask over the RGB image",
        f"{shown}: both pictures, the mask and the link",
        f"model {name} {link.weights[:12]}, {origin(workspace, name)}",
    ]
