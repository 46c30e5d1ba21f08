"""One pair of images over exported stations, each in a process of its own; no PyTorch takes part."""

from pathlib import Path
from typing import Any

import numpy as np

from cscsanet.deployment import air
from cscsanet.deployment.constellations import constellation_figure
from cscsanet.deployment.contract import CSIRS
from cscsanet.deployment.link_budget import link_budget
from cscsanet.deployment.runtime import running_chain
from cscsanet.deployment.session import load_unit
from cscsanet.files import write_by_rename, write_json
from cscsanet.points import OperatingPoint
from cscsanet.scenes.mask_pictures import class_shares, write_mask, write_overlay
from cscsanet.scenes.picture_pair import read_pixels


def transmit_pair(
    units: Path,
    scheme: str,
    point: OperatingPoint,
    rgb: Path,
    thermal: Path,
    out: Path,
    seed: int,
    threads: int = 1,
) -> list[str]:
    """Send a pair over one drawn channel; write mask.png, overlay.png, constellations.png and report.json into `out`.

    units: the folder that holds the scheme's units. Return what to tell the user.

    Raises:
        CscsanetError: units or images are missing or damaged, or the point is beyond what the units were built for.
    """
    # What is wrong shows before any station is started.
    info = load_unit(units / f"{CSIRS}.onnx", CSIRS, scheme).info
    channel, scenes = info.channel, info.params["scenes"]
    info.serves(point)
    pixels = read_pixels(rgb, thermal, scenes["height"], scenes["width"])
    frame = pixels[None].astype(np.float32) / np.float32(255)
    source = np.random.default_rng(seed)
    paths = air.draw_paths(1, channel, source)
    noise = air.draw_noise(1, point.csirs_symbols, point.data_symbols, channel, source)
    with running_chain(units, scheme, threads) as chain:
        found = chain.transmit([frame[:, :3], frame[:, 3:]], paths, point, noise)
    mask = found.logits[0].argmax(axis=0).astype(np.uint8)
    budget = link_budget(found, paths, point)

    write_mask(out / "mask.png", mask)
    write_overlay(out / "overlay.png", mask, np.moveaxis(pixels[:3], 0, -1))
    title = f"{scheme}, {point.snr_db:g} dB, L = {point.csirs_symbols}, B = {point.feedback_bits}, Q = {point.data_symbols}"
    figure = constellation_figure(found, budget, title)
    write_by_rename(
        out / "constellations.png", lambda partial: figure.savefig(partial, format="png", dpi=120)
    )
    shares = class_shares(mask)
    report: dict[str, Any] = {
        "scheme": scheme,
        "weights": info.weights,
        "origin": dict(info.origin),
        "snr_db": point.snr_db,
        "csirs_symbols": point.csirs_symbols,
        "feedback_bits": point.feedback_bits,
        "data_symbols": point.data_symbols,
        "seed": seed,
        "link_budget": budget,
        "classes": shares,
    }
    write_json(out / "report.json", report)
    origin = ", ".join(
        f"{key} {info.origin[key][:12]}" for key in ("stage", "commit") if info.origin.get(key)
    )
    told = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
    return [f"{out}: {told}", f"model {scheme} {info.weights[:12]} ({origin or 'origin unknown'})"]
