"""All methods without learning, by the names in the result rows.

What a method can choose, as the number of ports that it feeds back, is chosen on validation drops at every point.

    wmmse, perfect-rzf          know the channel
    srs-trusting                SLNR on the SRS, as if nothing had aged
    srs-statistical             SLNR of what the SRS still say when data are sent
    classical-fusion            that, and LMMSE of quantised ports
    classical-relative          the same with relative phases as feedback, and paths weighted by their probability
    etype2, port-selection      codebooks of 3GPP
    genie-srs, genie-feedback   classical-relative with error-free SRS, and with feedback that is not quantised
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from cscsanet.channel.multiuser.downlink import rzf, wmmse
from cscsanet.specialists.fusion.baselines.classical_fusion import (
    STEPS,
    confident,
    port_scales,
    quantised_fusion,
    relative_fusion,
)
from cscsanet.specialists.fusion.baselines.codebooks import (
    Etype2,
    etype2_precoders,
    port_selection_precoders,
    selection_bits,
)
from cscsanet.specialists.fusion.link.belief import ports_on
from cscsanet.specialists.fusion.link.csirs import mixing, observe
from cscsanet.specialists.fusion.link.seen import Seen
from cscsanet.specialists.fusion.link.srs_search import SrsPaths

# Of the power of a path over its variance, from which on it counts; None: each counts with the probability that it is one.
_THRESHOLDS = (None, 0.0, 4.0, 6.0, 8.0)
_MOST_BEAMS, _MOST_TAPS = 4, 4  # of etype2
_WMMSE_ITERATIONS = 30
_NO_ERROR = 1e-6  # variance of the gains that a genie knows
Setting = tuple[Any, ...]


class Method(NamedTuple):
    """settings: what may be chosen, at least one. precoders: with one of them, (batch, N_c, M, K)."""

    settings: Callable[[Seen], Sequence[Setting]]
    precoders: Callable[..., Tensor]


def _nothing(_: Seen) -> Sequence[Setting]:
    return ((),)


def _thresholds(_: Seen) -> Sequence[Setting]:
    return [(each,) for each in _THRESHOLDS]


def _per_subcarrier(seen: Seen) -> Tensor:
    return seen.conditions.dl_snr.unsqueeze(1).expand(-1, seen.air.sector.subcarriers)


def _perfect_rzf(seen: Seen) -> Tensor:
    return rzf(seen.drops.channel, _per_subcarrier(seen))


def _wmmse(seen: Seen) -> Tensor:
    return wmmse(seen.drops.channel, _per_subcarrier(seen), _WMMSE_ITERATIONS)


def _srs_trusting(seen: Seen) -> Tensor:
    conditions = seen.conditions
    fresh = conditions._replace(
        age_ms=torch.zeros_like(conditions.age_ms), rho=torch.ones_like(conditions.rho)
    )
    return seen.air.belief(seen.srs_paths, fresh).precoders(seen.load)


def _srs_statistical(seen: Seen, threshold: float | None) -> Tensor:
    return confident(seen, threshold).precoders(seen.load)


def _quantised(seen: Seen) -> Sequence[Setting]:
    """Return every number of ports that are fed back, with all bits that they can have, and no feedback."""
    fitting = [
        (ports, bits)
        for ports in range(1, seen.ports + 1)
        if (bits := min(seen.bits // (2 * ports), max(STEPS))) > 0
    ]
    nothing = [(1, 0, threshold) for threshold in _THRESHOLDS]
    return nothing + [
        (ports, bits, threshold, port_scales(seen, ports, threshold))
        for ports, bits in fitting
        for threshold in _THRESHOLDS
    ]


def _relative(seen: Seen) -> Sequence[Setting]:
    ports = range(1, seen.ports + 1) if seen.bits else (1,)
    return [
        (count, threshold, first) for count in ports for threshold in _THRESHOLDS for first in (True, False)
    ]


def _relative_fusion(seen: Seen, ports: int, threshold: float | None, phases_first: bool) -> Tensor:
    return relative_fusion(seen, ports, threshold, phases_first=phases_first)


def _reports(seen: Seen) -> Sequence[Setting]:
    """Return every number of beams and taps, each with all coefficients that fit."""
    sector = seen.air.sector
    kinds = []
    for beams in range(1, _MOST_BEAMS + 1):
        for taps in range(1, _MOST_TAPS + 1):
            fitting = [
                kind
                for count in range(1, beams * taps + 1)
                if (kind := Etype2(beams, taps, count)).bits(sector.antennas, sector.subcarriers) <= seen.bits
            ]
            kinds += [(kind,) for kind in fitting[-1:]]
    return kinds


def _selections(seen: Seen) -> Sequence[Setting]:
    return [
        (ports, chosen)
        for ports in range(1, seen.ports + 1)
        for chosen in range(1, ports + 1)
        if selection_bits(ports, chosen) <= seen.bits
    ]


def _genie_srs(seen: Seen, ports: int, threshold: float | None, phases_first: bool) -> Tensor:
    return relative_fusion(with_true_paths(seen), ports, threshold, phases_first=phases_first)


def with_true_paths(seen: Seen) -> Seen:
    """Return the same drops with error-free SRS: paths and their gains as they were when SRS were sent."""
    uplink = seen.drops.uplink
    paths = uplink.gain.shape[-1]
    gain = uplink.gain.flatten(0, 1) / paths**0.5
    covariance = _NO_ERROR * torch.eye(paths, dtype=gain.dtype).expand(len(gain), -1, -1)
    true = SrsPaths(uplink.aoa.sin().flatten(0, 1), uplink.delay.flatten(0, 1), gain, covariance)
    known = replace(seen)
    # A cached property is an entry of the object's dictionary.
    known.__dict__["srs_paths"] = true
    return known


def _genie_feedback(seen: Seen, ports: int, threshold: float | None) -> Tensor:
    belief = confident(seen, threshold)
    chosen = ports_on(belief, ports)
    received = observe(chosen, seen.drops.channel, seen.conditions.dl_snr, seen.drops.noise[..., :ports])
    through = mixing(chosen, belief.steering, belief.ramp)
    return belief.updated(through, received, seen.noise.expand_as(received.real)).precoders(seen.load)


def _exact(seen: Seen) -> Sequence[Setting]:
    return [(seen.ports, threshold) for threshold in _THRESHOLDS]


CLASSICAL: dict[str, Method] = {
    "wmmse": Method(_nothing, _wmmse),
    "perfect-rzf": Method(_nothing, _perfect_rzf),
    "srs-trusting": Method(_nothing, _srs_trusting),
    "srs-statistical": Method(_thresholds, _srs_statistical),
    "classical-fusion": Method(_quantised, quantised_fusion),
    "classical-relative": Method(_relative, _relative_fusion),
    "etype2": Method(_reports, etype2_precoders),
    "port-selection": Method(_selections, port_selection_precoders),
    "genie-srs": Method(_relative, _genie_srs),
    "genie-feedback": Method(_exact, _genie_feedback),
}
GENIES = ("wmmse", "perfect-rzf", "genie-srs", "genie-feedback")
