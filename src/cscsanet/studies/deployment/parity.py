"""ONNX Runtime compared with PyTorch over the whole chain, at the same drops, images and noise.

Axes: N drops, K users, B feedback bits, Q data symbols.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from cscsanet.channel.paths import PathDrops, draw_paths
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.links.csc_sa_net import NomaLink
from cscsanet.links.link import Transmission
from cscsanet.scenes.layout import MODALITIES
from cscsanet.stations.chain import Chain, draw_noise, load_chain
from cscsanet.stations.session import Unit

LOGIT_TOLERANCE = 1e-4  # of the largest logit
# A feature at the threshold of the quantiser, or a pixel between two classes, may fall to either side.
EQUAL_SHARE = 0.9999
# A drop whose bits PyTorch itself changes with the gains of its paths by rounding decides nothing: two cells of
# the path search tie, and all bits after the first path depend on which one is taken.
PERTURBATIONS, ROUNDING = 8, 4e-7  # draws, and their relative size: about three roundings of float32
UNDECIDED_SHARE = 1 / 8  # of the drops of a row


def parity_points(params: Params) -> list[OperatingPoint]:
    """Return the points to compare at: lowest and highest SNR with the smallest and largest L, B and Q, and mixtures."""
    low, high = params.points.snr_db
    smallest = [
        min(getattr(params.points, name)) for name in ("csirs_symbols", "feedback_bits", "data_symbols")
    ]
    capacity = params.points.capacity
    largest = (capacity.csirs_symbols, capacity.feedback_bits, capacity.data_symbols)
    return [
        OperatingPoint(low, *smallest),
        OperatingPoint(low, *largest),
        OperatingPoint(high, *largest),
        OperatingPoint(high, smallest[0], largest[1], smallest[2]),
        OperatingPoint((low + high) / 2, largest[0], smallest[1], largest[2]),
        OperatingPoint(high, 1, largest[1], largest[2]),
    ]


def compare(
    link: NomaLink, chain: Chain, images: torch.Tensor, paths: PathDrops, point: OperatingPoint, seed: int
) -> dict[str, Any]:
    """Return one row: the differences between a link and its exported units at one point.

    images: (N, 4, H, W) in [0, 1]. paths: N drops. seed: of the noise. Drops with other bits are left out
    where PyTorch itself does not decide them (`undecided`). In the row, `same` says that bits and masks agree
    but for ties, and `passed` that logits do, too. A badly conditioned phase can make `passed` false
    (docs/deployment.md).
    """
    reference = _received(link, images, paths, point, seed)
    noise = draw_noise(len(images), point, link.physical.channel, torch.Generator().manual_seed(seed))
    reception = chain.transmit(
        [images[:, channels].numpy() for channels in MODALITIES.values()], paths, point, noise
    )
    bits = np.stack(
        [np.unpackbits(packed, axis=-1, count=point.feedback_bits) for packed in reception.feedback], axis=1
    )
    equal_bits = bits == _bits(reference)
    other = ~equal_bits.all(axis=(1, 2))
    if other.any():
        other &= _undecided(link, images, paths, point, seed, _bits(reference))
    decided = ~other
    if other.mean() > UNDECIDED_SHARE:
        decided[:] = True
    equal_bits, logits = equal_bits[decided], reference.logits.numpy()[decided]
    received = reception.logits[decided]
    errors = np.abs(received - logits).max(axis=(1, 2, 3)) / np.abs(logits).max(axis=(1, 2, 3))
    unequal_pixels = received.argmax(axis=1) != logits.argmax(axis=1)
    # One pixel may be a tie, even where there are few pixels.
    same_masks = unequal_pixels.sum() <= max(1, (1 - EQUAL_SHARE) * unequal_pixels.size)
    same_bits = (~equal_bits).sum() <= (1 - EQUAL_SHARE) * equal_bits.size
    same = bool(same_bits and same_masks)
    return {
        "scheme": chain.info.scheme,
        "weights": chain.info.weights,
        "snr_db": point.snr_db,
        "csirs_symbols": point.csirs_symbols,
        "feedback_bits": point.feedback_bits,
        "data_symbols": point.data_symbols,
        "drops": len(images),
        "undecided": int((~decided).sum()),
        "bits": int(equal_bits.size),
        "bits_unequal": int((~equal_bits).sum()),
        "logits_apart": float(errors.max()),
        "masks_equal": float(1 - unequal_pixels.mean()),
        "same": same,
        "passed": same and bool(errors.max() <= LOGIT_TOLERANCE),
    }


def _received(
    link: NomaLink, images: torch.Tensor, paths: PathDrops, point: OperatingPoint, seed: int
) -> Transmission:
    """Return what PyTorch sends and receives, with the noise of this seed."""
    with torch.inference_mode():
        transmission: Transmission = link(images, paths, point, torch.Generator().manual_seed(seed))
    return transmission


def _bits(reception: Transmission) -> np.ndarray:
    """Return the feedback of all users, (N, K, B)."""
    assert reception.bits is not None
    return reception.bits.numpy()


def _undecided(
    link: NomaLink, images: torch.Tensor, paths: PathDrops, point: OperatingPoint, seed: int, bits: np.ndarray
) -> np.ndarray:
    """Return for which drops PyTorch gives other bits when path gains change by rounding, (N,)."""
    source = torch.Generator().manual_seed(seed)
    changed = np.zeros(len(images), dtype=bool)
    for _ in range(PERTURBATIONS):
        noise = torch.randn(paths.gain.shape, dtype=paths.gain.dtype, generator=source)
        nearby = dataclasses.replace(paths, gain=paths.gain * (1 + ROUNDING * noise))
        changed |= (_bits(_received(link, images, nearby, point, seed)) != bits).any(axis=(1, 2))
    return changed


def parity_rows(
    link: NomaLink,
    folder: Path,
    scheme: str,
    images: torch.Tensor,
    seed: int,
    points: Sequence[OperatingPoint],
) -> list[dict[str, Any]]:
    """Compare the units in `folder` with their link: return a row for each point, and one for a single drop.

    images: (N, 4, H, W) in [0, 1]. The single drop is sent at the first point. Drops are drawn by eq. (6) under every
    `channel.source`, since two implementations are compared here, and not channels.
    """
    chain = load_chain(folder, scheme)
    paths = draw_paths(len(images), link.physical.channel, torch.Generator().manual_seed(seed))
    rows = [compare(link, chain, images, paths, point, seed + index) for index, point in enumerate(points)]
    return [*rows, compare(link, chain, images[:1], paths[:1], points[0], seed)]


def network_row(module: nn.Module, unit: Unit, seed: int) -> dict[str, Any]:
    """Compare a network of one input and one output with its unit: return one row.

    Both get the same noise, once as a batch of one and once of three. apart: the largest difference over the
    largest value.
    """
    ((name, spec),) = unit.info.inputs.items()
    source = torch.Generator().manual_seed(seed)
    errors = []
    for count in (1, 3):
        noise = torch.randn(count, *(int(length) for length in spec.shape[1:]), generator=source)
        with torch.inference_mode():
            expected = module(noise).numpy()
        (output,) = unit(**{name: noise.numpy()}).values()
        errors.append(float(np.abs(output - expected).max() / np.abs(expected).max()))
    return {
        "scheme": unit.info.scheme,
        "unit": unit.info.unit,
        "weights": unit.info.weights,
        "apart": max(errors),
        "passed": max(errors) <= LOGIT_TOLERANCE,
    }
