"""How good the parts of the separated designs are by their own figures: estimate, feedback, beams.

Axes: drops are the first axis everywhere; K UEs, L CSI-RS symbols, B feedback bits.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from cscsanet.channel.paths import PathDrops
from cscsanet.channel.response import materialise
from cscsanet.links.physical_layer import csirs_noise_power
from cscsanet.metrics.bootstrap import bootstrap_means
from cscsanet.networks.complex_pairs import to_complex
from cscsanet.params import ChannelParams
from cscsanet.points import OperatingPoint
from cscsanet.separated.acquisition import Acquisition, found_as_known
from cscsanet.separated.feedback import FeedbackCodec
from cscsanet.separated.known_channel import Likeness, likeness, true_channel
from cscsanet.training.seeds import generator

# Drops at a time; the noise of a chunk belongs to the chunk.
_CHUNK = 250


def estimate_rows(
    acquisition: Acquisition,
    drops: PathDrops,
    point: OperatingPoint,
    *,
    seed: int,
    bootstrap_samples: int,
) -> list[dict[str, Any]]:
    """Measure the estimate at the last CSI-RS symbol at one L and SNR, by every method on the same received CSI-RS.

    least-squares: of all N_r N_t entries on each subcarrier by itself, minimum norm. pursuit: the paths found, nothing
    learned. learned: what the estimator makes of them.
    """
    channel = acquisition.channel
    alike: dict[str, list[Likeness]] = {"least-squares": [], "pursuit": [], "learned": []}
    with torch.inference_mode():
        for chunk, paths in enumerate(_chunks(drops)):
            truth = true_channel(paths, point.csirs_symbols, channel)
            found = acquisition.find(paths, point, generator(seed, "evaluate", chunk))
            pursued = found_as_known(found, point.csirs_symbols)
            alike["pursuit"].append(likeness(pursued, truth, channel))
            alike["learned"].append(likeness(acquisition.believe(found, point), truth, channel))
            alike["least-squares"].append(_least_squares(acquisition, paths, point, seed, chunk))
    return [
        {
            "part": "estimate",
            "method": method,
            **_at(point),
            **_figures(found, channel, seed, bootstrap_samples),
        }
        for method, found in alike.items()
    ]


def feedback_rows(
    acquisition: Acquisition,
    feedback: Mapping[str, FeedbackCodec],
    drops: PathDrops,
    point: OperatingPoint,
    budgets: tuple[int, ...],
    *,
    seed: int,
    bootstrap_samples: int,
) -> list[dict[str, Any]]:
    """Measure what the BS rebuilds from the estimate at each B, by several codecs on the same estimates."""
    channel = acquisition.channel
    alike: dict[tuple[str, int], list[Likeness]] = {
        (method, budget): [] for method in feedback for budget in budgets
    }
    with torch.inference_mode():
        for chunk, paths in enumerate(_chunks(drops)):
            truth = true_channel(paths, point.csirs_symbols, channel)
            estimate = acquisition(paths, point, generator(seed, "evaluate", chunk))
            for method, codec in feedback.items():
                bits = codec.encode(estimate, point.snr_db)
                for budget in budgets:
                    told = codec.decode(bits[:, :budget], point.snr_db)
                    alike[method, budget].append(likeness(told.paths, truth, channel))
    return [
        {
            "part": "feedback",
            "method": method,
            **_at(replace(point, feedback_bits=budget)),
            **_figures(found, channel, seed, bootstrap_samples),
        }
        for (method, budget), found in alike.items()
    ]


def rate_rows(
    part: str,
    schemes: Mapping[str, Callable[[PathDrops, OperatingPoint, torch.Generator], Tensor]],
    drops: PathDrops,
    point: OperatingPoint,
    *,
    seed: int,
    bootstrap_samples: int,
) -> list[dict[str, Any]]:
    """Measure sum spectral efficiency [bit/s/Hz] of several schemes, each a function to the rate (drops,) of each drop."""
    rows = []
    with torch.no_grad():
        for method, rate in schemes.items():
            found = [
                rate(paths, point, generator(seed, "evaluate", chunk))
                for chunk, paths in enumerate(_chunks(drops))
            ]
            per_drop = torch.cat(found).double().unsqueeze(1)
            low, high = bootstrap_means(per_drop, bootstrap_samples, seed)
            figures = {"sum_se": float(per_drop.mean()), "ci_low": float(low[0]), "ci_high": float(high[0])}
            rounded = {key: round(value, 6) for key, value in figures.items()}
            rows.append(
                {
                    "part": part,
                    "method": method,
                    **_at(point),
                    **rounded,
                    "drops": len(per_drop),
                    "seed": seed,
                }
            )
    return rows


def _least_squares(
    acquisition: Acquisition, paths: PathDrops, point: OperatingPoint, seed: int, chunk: int
) -> Likeness:
    """H^T on each subcarrier, of minimum norm, from the same received CSI-RS as the other methods have.

    y[l, r] = v_l,r^T H^T X[l] x[l, n]: 2 L equations for N_r N_t unknowns, the channel taken to stand still.
    """
    channel, length = acquisition.channel, point.csirs_symbols
    noise_power = csirs_noise_power(point, channel)
    received = acquisition.csirs(paths, length, noise_power, generator(seed, "evaluate", chunk))
    observed = to_complex(received[..., :length, :]).permute(0, 1, 2, 4, 3).flatten(-2)
    transmit, baseband, receive = (to_complex(part[:length]) for part in acquisition.csirs.sounding(length))
    sent = torch.einsum("lmc,lnc->nlm", transmit, baseband)
    # One row for each CSI-RS symbol and chain of the UE.
    rows = torch.einsum("lrt,nlm->nlrmt", receive, sent).flatten(1, 2).flatten(2)
    solver = torch.linalg.pinv(rows.to(torch.complex128)).to(torch.complex64)
    estimate = torch.einsum("nil,bknl->bkni", solver, observed).flatten(0, 1).flatten(1)
    last = torch.tensor([length - 1])
    truth = materialise(paths, last, channel).squeeze(2).flatten(0, 1).flatten(1)
    energy = truth.abs().square().sum(dim=1)
    nmse = (estimate - truth).abs().square().sum(dim=1) / energy
    own = estimate.abs().square().sum(dim=1).clamp_min(1e-20)
    return Likeness(nmse, (estimate.conj() * truth).sum(dim=1).abs().square() / (own * energy))


def _figures(found: list[Likeness], channel: ChannelParams, seed: int, samples: int) -> dict[str, Any]:
    """NMSE [dB] and SGCS with their intervals over drops; a drop counts by the mean over its UEs."""
    nmse, sgcs = (
        torch.cat([getattr(part, field) for part in found]).double().reshape(-1, channel.users).mean(dim=1)
        for field in ("nmse", "sgcs")
    )
    low, high = bootstrap_means(torch.stack((nmse, sgcs), dim=1), samples, seed)
    decibel = [_decibel(float(value)) for value in (nmse.mean(), low[0], high[0])]
    share = [round(float(value), 6) for value in (sgcs.mean(), low[1], high[1])]
    return {
        **dict(zip(("nmse_db", "ci_low", "ci_high"), decibel, strict=True)),
        **dict(zip(("sgcs", "sgcs_low", "sgcs_high"), share, strict=True)),
        "drops": len(nmse),
        "seed": seed,
    }


def _decibel(value: float) -> float:
    return round(10 * float(torch.log10(torch.tensor(max(value, 1e-12)))), 4)


def _at(point: OperatingPoint) -> dict[str, Any]:
    return {
        "snr_db": point.snr_db,
        "csirs_symbols": point.csirs_symbols,
        "feedback_bits": point.feedback_bits,
    }


def _chunks(drops: PathDrops) -> Iterator[PathDrops]:
    for start in range(0, len(drops), _CHUNK):
        yield drops[start : start + _CHUNK]
