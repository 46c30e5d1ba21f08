"""Comparison of the graphs of the fusion precoder with PyTorch, over test drops of the points that they serve."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor

from cscsanet.config.fusion import FusionParams
from cscsanet.errors import CscsanetError
from cscsanet.metrics.estimate import round6
from cscsanet.specialists.fusion.link.csirs import Ports, observe
from cscsanet.specialists.fusion.link.operating_point import Conditions
from cscsanet.specialists.fusion.link.seen import Air, Seen
from cscsanet.specialists.fusion.link.srs_search import SrsPaths
from cscsanet.specialists.fusion.measure import seen_drops
from cscsanet.specialists.fusion.points import FusionPoint, home, points
from cscsanet.specialists.fusion.real.units import Agreed
from cscsanet.specialists.fusion.system import BsKnowledge, FusionSystem
from cscsanet.specialists.fusion.task import air_of, conditions_of

PORTS, UE, BS = "fusion_ports", "fusion_ue", "fusion_bs"
TOLERANCE = 0.01  # of a precoder, over one, the power of all: float32 in another order of operations
BITS_EQUAL = 0.99  # least share: a position at the edge of a cell is on either side after rounding
_DROPS = 20
# Where two eigenvalues of a user nearly coincide, rounding of what is received decides in PyTorch, too. Such drops are left
# out, and counted.
_ROUNDING, _ROUNDINGS = 1e-6, 4
_ERRORS = 3  # severity of what ONNX Runtime says
Row = dict[str, Any]
Arrays = dict[str, NDArray[Any]]
Sessions = Mapping[str, onnxruntime.InferenceSession]


def open_units(folder: Path) -> dict[str, onnxruntime.InferenceSession]:
    """Return the graphs in a folder, ready to run."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS  # it warns of what it does not compute in advance
    return {
        name: onnxruntime.InferenceSession(
            str(folder / f"{name}.onnx"), options, providers=["CPUExecutionProvider"]
        )
        for name in (PORTS, UE, BS)
    }


def served(params: FusionParams) -> list[FusionPoint]:
    """Return the points of the tests with P, B and K of the graphs, and what both ends agree on there."""
    start, air = home(params), air_of(params.air, params.link.users)

    def agreed(point: FusionPoint) -> tuple[int, int, Agreed]:
        conditions = conditions_of(point.link(), 1)
        return point.ports, point.users, Agreed.at(point.feedback_bits, conditions, air)

    return [point for point in points(params) if agreed(point) == agreed(start)]


@dataclass(frozen=True)
class _Searched(Air):
    """An air with paths that are known."""

    paths: SrsPaths

    def srs_paths(self, srs: Tensor, conditions: Conditions) -> SrsPaths:
        """Return them."""
        return self.paths


class Link:
    """What PyTorch computes of some drops: paths, ports, what UEs receive, their bits, and precoders."""

    @torch.no_grad()
    def __init__(self, system: FusionSystem, seen: Seen) -> None:
        self.system, self.seen = system, seen
        air, drops, conditions = seen.air, seen.drops, seen.conditions
        self.paths = seen.srs_paths
        self.ports = system.ports(air, self._known(self.paths, drops.srs), seen.ports)
        self.received = self.receive(self.ports)
        self.bits = system.report(air, self.received, conditions, seen.bits)
        self.precoders = self._precoders(self.paths, drops.srs)

    def receive(self, ports: Ports) -> Tensor:
        """Return what the UEs receive on ports (batch, K, P)."""
        drops = self.seen.drops
        noise = drops.noise[..., : self.seen.ports]
        return observe(ports, drops.channel, self.seen.conditions.dl_snr, noise)

    @torch.no_grad()
    def decided(self) -> NDArray[np.bool_]:
        """Return the drops whose precoders do not move with the rounding of gains and SRS."""
        moved = np.zeros(len(self.bits))
        generator = torch.Generator().manual_seed(0)

        def rounded(values: Tensor) -> Tensor:
            noise = torch.randn(values.shape, generator=generator, dtype=values.dtype)
            return values * (1 + _ROUNDING * noise)

        for _ in range(_ROUNDINGS):
            paths = self.paths._replace(gain=rounded(self.paths.gain))
            precoders = self._precoders(paths, rounded(self.seen.drops.srs))
            moved = np.maximum(moved, apart(precoders.numpy(), self.precoders.numpy()))
        decided: NDArray[np.bool_] = moved < TOLERANCE
        return decided

    def _known(self, paths: SrsPaths, srs: Tensor) -> BsKnowledge:
        air = _Searched(self.seen.air.sector, self.seen.air.comb, paths)
        return self.system.after_srs(air, srs, self.seen.conditions)

    def _precoders(self, paths: SrsPaths, srs: Tensor) -> Tensor:
        known = self._known(paths, srs)
        both = self.system.after_both(self.seen.air, known, self.ports, self.bits, self.seen.conditions)
        return both.belief.precoders(both.load) * both.share


def parity_row(params: FusionParams, system: FusionSystem, sessions: Sessions, point: FusionPoint) -> Row:
    """Compare the graphs with PyTorch over test drops of a point, each with PyTorch's inputs, and all of them in a chain.

    undecided: drops that are left out, since PyTorch itself has other precoders after rounding. sum_se: of the chain;
    sum_se_apart: from that of PyTorch, as means over all drops.
    """
    link = Link(system, _seen(params, point, _DROPS))
    decided = link.decided()
    feeds = graph_inputs(link)
    sent = sessions[PORTS].run(None, feeds[PORTS])
    pairs = (torch.view_as_real(each).numpy() for each in link.ports)
    ports_apart = max(np.abs(one - other).max() for one, other in zip(sent, pairs, strict=True))
    (bits,) = sessions[UE].run(None, feeds[UE])
    (precoders,) = sessions[BS].run(None, feeds[BS])
    moved = apart(_complex(precoders), link.precoders.numpy())[decided]
    chained, expected = (
        float(link.seen.spectral_efficiency(each).mean())
        for each in (torch.from_numpy(chain(link, sessions)), link.precoders)
    )
    return {
        **point.columns(),
        "drops": int(decided.sum()),
        "undecided": int((~decided).sum()),
        "ports_apart": round6(ports_apart),
        "bits_equal": round6((bits == feeds[BS]["bits"].reshape(bits.shape)).mean()),
        "precoders_apart": round6(moved.max(initial=0.0)),
        "sum_se": round6(chained),
        "sum_se_apart": round6(abs(chained - expected)),
    }


def chain(link: Link, sessions: Sessions) -> NDArray[np.complex64]:
    """Return the precoders (batch, N_c, M, K) of the graphs alone, from paths and SRS to feedback and data."""
    feeds = graph_inputs(link)
    beam, ramp = sessions[PORTS].run(None, feeds[PORTS])
    ports = Ports(*(torch.from_numpy(_complex(each)) for each in (beam, ramp)))
    received = torch.view_as_real(link.receive(ports).flatten(0, 1)).numpy()
    (bits,) = sessions[UE].run(None, {**feeds[UE], "received": received})
    bits = bits.reshape(feeds[BS]["bits"].shape)
    (precoders,) = sessions[BS].run(None, {**feeds[BS], "beam": beam, "ramp": ramp, "bits": bits})
    return _complex(precoders)


def graph_inputs(link: Link) -> dict[str, Arrays]:
    """Return what each graph takes, of PyTorch's link."""
    seen, users = link.seen, link.seen.air.sector.users
    paths = {
        name: _real(value).reshape(-1, users, *_real(value).shape[1:])
        for name, value in link.paths._asdict().items()
    }
    conditions = {name: value.numpy() for name, value in seen.conditions._asdict().items()}
    after_srs = {**paths, "srs": _real(seen.drops.srs), **conditions}
    bits = link.bits.to(torch.uint8).numpy()
    ports = {name: _real(value) for name, value in link.ports._asdict().items()}
    dl_snr_db = seen.conditions.dl_snr_db.repeat_interleave(users).numpy()
    return {
        PORTS: after_srs,
        UE: {"received": _real(link.received.flatten(0, 1)), "dl_snr_db": dl_snr_db},
        BS: {**after_srs, **ports, "bits": bits},
    }


def apart(one: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    """Return the largest distance of two precoders (batch, N_c, M, K) on any subcarrier (batch,), but for users' phases."""
    inner = (other.conj() * one).sum(axis=2, keepdims=True)
    turned = one * inner.conj() / np.maximum(np.abs(inner), 1e-30)
    squares: NDArray[Any] = (np.abs(turned - other) ** 2).sum(axis=(2, 3))
    distance: NDArray[Any] = np.sqrt(squares.max(axis=1))
    return distance


def check(rows: list[Row], weights: str) -> None:
    """Check the rows of a comparison. weights: name of the link's.

    Raises:
        CscsanetError: a graph differs from PyTorch, or rounding decides too often for it to be seen.
    """
    undecided, drops = (sum(row[key] for row in rows) for key in ("undecided", "drops"))
    if undecided > drops:
        raise CscsanetError(
            f"{weights}: rounding decides {undecided} of {undecided + drops} drops in PyTorch itself, so graphs cannot be "
            "compared; train longer, or raise link.srs_snr_db"
        )
    worst = {key: max(row[key] for row in rows) for key in ("ports_apart", "precoders_apart")}
    equal = min(row["bits_equal"] for row in rows)
    if max(worst.values()) > TOLERANCE or equal < BITS_EQUAL:
        raise CscsanetError(
            f"{weights}: ports and precoders are up to {worst['ports_apart']:g} and {worst['precoders_apart']:g} from PyTorch's, "
            f"and {equal:g} of the bits are equal, so no graph is registered; find the cause in "
            "reports/specialists/fusion_parity.json, and export again"
        )


def examples(
    params: FusionParams, system: FusionSystem, sessions: Sessions
) -> dict[str, tuple[Arrays, Arrays]]:
    """Return inputs of each graph for one drop, and what it gives."""
    feeds = graph_inputs(Link(system, _seen(params, home(params), 1)))
    return {
        name: (
            feeds[name],
            dict(
                zip((out.name for out in session.get_outputs()), session.run(None, feeds[name]), strict=True)
            ),
        )
        for name, session in sessions.items()
    }


def _seen(params: FusionParams, point: FusionPoint, drops: int) -> Seen:
    (seen,) = seen_drops(params, point, "test", drops)
    return seen


def _real(values: Tensor) -> NDArray[Any]:
    array: NDArray[Any] = (torch.view_as_real(values) if values.is_complex() else values).numpy()
    return array


def _complex(pairs: NDArray[Any]) -> NDArray[np.complex64]:
    values: NDArray[np.complex64] = (pairs[..., 0] + 1j * pairs[..., 1]).astype(np.complex64)
    return values
