"""PyTorch against ONNX Runtime over the whole chain: the same drops, the same images and the same noise at both.

Axes: N drops, K users, B feedback bits, Q data symbols.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from cscsanet.channel.noise import complex_normal
from cscsanet.channel.paths import PathDrops, draw_paths
from cscsanet.deployment import air
from cscsanet.deployment.chain import Chain, load_chain
from cscsanet.deployment.session import Unit
from cscsanet.links.noma import NomaLink
from cscsanet.links.semantic_layer import MODALITIES
from cscsanet.params import Params
from cscsanet.points import OperatingPoint

LOGIT_TOLERANCE = 1e-4  # of the largest logit
MASK_SHARE = 0.9999


def parity_points(params: Params) -> list[OperatingPoint]:
    """Return the points to compare at: the corners of SNR with the smallest and the largest L, B and Q, and a mixture."""
    low, high = params.points.snr_db
    smallest = [
        min(getattr(params.points, name)) for name in ("csirs_symbols", "feedback_bits", "data_symbols")
    ]
    largest = params.points.capacity
    built = (largest.csirs_symbols, largest.feedback_bits, largest.data_symbols)
    return [
        OperatingPoint(low, *smallest),
        OperatingPoint(low, *built),
        OperatingPoint(high, *built),
        OperatingPoint(high, smallest[0], built[1], smallest[2]),
        OperatingPoint((low + high) / 2, built[0], smallest[1], built[2]),
        OperatingPoint(high, 1, built[1], built[2]),
    ]


def compare(
    link: NomaLink, chain: Chain, images: torch.Tensor, paths: PathDrops, point: OperatingPoint, seed: int
) -> dict[str, Any]:
    """Return one row: how far the two ends of a point lie apart.

    images: (N, 4, H, W) in [0, 1]; paths: N drops; seed: of the noise. same: bits and masks are; passed: logits are, too, which a
    badly conditioned phase can prevent (docs/deployment.md).
    """
    with torch.inference_mode():
        sent = link(images, paths, point, torch.Generator().manual_seed(seed))
    noise = same_noise(link, len(images), point, seed)
    found = chain.transmit(
        [images[:, seen].numpy() for seen in MODALITIES.values()], in_numpy(paths), point, noise
    )
    assert sent.bits is not None
    bits = np.stack(
        [np.unpackbits(one, axis=-1, count=point.feedback_bits) for one in found.feedback], axis=1
    )
    logits = sent.logits.numpy()
    apart = np.abs(found.logits - logits).max(axis=(1, 2, 3)) / np.abs(logits).max(axis=(1, 2, 3))
    equal_bits = bits == sent.bits.numpy()
    other = found.logits.argmax(axis=1) != logits.argmax(axis=1)
    # One pixel may be a tie, however few there are.
    same = bool(equal_bits.all() and other.sum() <= max(1, (1 - MASK_SHARE) * other.size))
    return {
        "scheme": chain.info.scheme,
        "weights": chain.info.weights,
        "snr_db": point.snr_db,
        "csirs_symbols": point.csirs_symbols,
        "feedback_bits": point.feedback_bits,
        "data_symbols": point.data_symbols,
        "drops": len(images),
        "bits": int(equal_bits.size),
        "bits_unequal": int((~equal_bits).sum()),
        "logits_apart": float(apart.max()),
        "masks_equal": float(1 - other.mean()),
        "same": same,
        "passed": same and bool(apart.max() <= LOGIT_TOLERANCE),
    }


def parity_rows(
    link: NomaLink,
    folder: Path,
    scheme: str,
    images: torch.Tensor,
    seed: int,
    points: Sequence[OperatingPoint],
) -> list[dict[str, Any]]:
    """Return a row for each point, and one for a single drop at the first: the units in `folder` against their link.

    images: (N, 4, H, W) in [0, 1].
    """
    chain = load_chain(folder, scheme)
    paths = draw_paths(len(images), link.physical.channel, torch.Generator().manual_seed(seed))
    rows = [compare(link, chain, images, paths, point, seed + index) for index, point in enumerate(points)]
    return [*rows, compare(link, chain, images[:1], paths[:1], points[0], seed)]


def network_row(module: nn.Module, unit: Unit, seed: int) -> dict[str, Any]:
    """Return one row for a network that takes and gives one tensor: noise through both, one example and several.

    apart: the largest difference over the largest value.
    """
    ((name, port),) = unit.info.inputs.items()
    source = torch.Generator().manual_seed(seed)
    apart = []
    for count in (1, 3):
        given = torch.randn(count, *(int(length) for length in port.shape[1:]), generator=source)
        with torch.inference_mode():
            wanted = module(given).numpy()
        (found,) = unit(**{name: given.numpy()}).values()
        apart.append(float(np.abs(found - wanted).max() / np.abs(wanted).max()))
    return {
        "scheme": unit.info.scheme,
        "unit": unit.info.unit,
        "weights": unit.info.weights,
        "apart": max(apart),
        "passed": max(apart) <= LOGIT_TOLERANCE,
    }


def in_numpy(paths: PathDrops) -> air.Paths:
    """Return drops (N, K, P) as the chain takes them, in double precision."""
    parts = (paths.gain, paths.aod, paths.aoa, paths.delay, paths.doppler)
    return air.Paths(*(part.cpu().to(_double(part)).numpy() for part in parts))


def same_noise(link: NomaLink, count: int, point: OperatingPoint, seed: int) -> air.Noise:
    """Draw what a link draws from a generator of that seed, in its order: CSI-RS noise, data noise, slips."""
    channel = link.physical.channel
    source = torch.Generator().manual_seed(seed)
    grid = channel.subcarriers
    csirs = complex_normal((count, channel.users, grid, point.csirs_symbols, channel.ue_antennas), source)
    data = complex_normal((count, point.data_symbols, grid, channel.rf_chains), source)
    slips = torch.randn(count, channel.users, generator=source)
    return air.Noise(csirs.numpy(), data.numpy(), slips.numpy())


def _double(part: torch.Tensor) -> torch.dtype:
    return torch.complex128 if part.is_complex() else torch.float64
