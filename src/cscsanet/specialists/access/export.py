"""The detectors as ONNX graphs, for the cell of params.yaml and every length of the preamble, compared with PyTorch.

A shorter preamble is filled up with zeros, as what is received of it is. Complex numbers are pairs.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from cscsanet.config.access import NAME, OURS, AccessParams, CellParams
from cscsanet.errors import CscsanetError
from cscsanet.export.capture import graph_of
from cscsanet.export.graph_store import GraphStore
from cscsanet.export.signatures import Signature
from cscsanet.files import file_digest, write_by_rename
from cscsanet.metrics.estimate import round6
from cscsanet.specialists.access.measure import seen_drops
from cscsanet.specialists.access.methods import Observation
from cscsanet.specialists.access.networks.devices import Known
from cscsanet.specialists.access.networks.real_evidence import REAL
from cscsanet.specialists.access.networks.unfolded import UnfoldedDetector
from cscsanet.specialists.access.points import AccessPoint, axis, home
from cscsanet.specialists.access.system import AccessSystem, book_of_tests
from cscsanet.specialists.access.training import AccessStage, Model, models
from cscsanet.stations.metadata import BATCH, TensorSpec
from cscsanet.training.weights import load_weights

TOLERANCE = 0.01  # of a probability: float32 in another order of operations
_DROPS = 20
# Where nothing can be resolved, rounding of what is received decides in PyTorch, too. Such drops are left out, and counted.
_ROUNDING, _ROUNDINGS = 1e-6, 4
_ERRORS = 3  # severity of what ONNX Runtime says
Row = dict[str, Any]


class RealDetector(nn.Module):
    """Our detector in real numbers, in one cell: probabilities of each device's activity (batch, K)."""

    def __init__(self, detector: UnfoldedDetector, cell: CellParams) -> None:
        super().__init__()
        self.detector, self.cell = detector, cell

    def forward(
        self, received: Tensor, book: Tensor, length: Tensor, snr_db: Tensor, activity: Tensor
    ) -> Tensor:
        """received: (batch, L, M, 2). book: (K, L, 2). length: (1,), of the preamble. snr_db, activity: (batch,)."""
        known = Known(snr_db, activity, self.cell.group_size, self.cell.near_far_db)
        logits = self.detector.detect(received, book, known, length.reshape(()), REAL)
        return logits[-1].sigmoid()


def signature(params: AccessParams) -> Signature:
    """Return the inputs and outputs of the graph."""
    cell, real = params.cell, "float32"
    longest = cell.longest_preamble
    return Signature(
        {
            "received": TensorSpec(
                (BATCH, longest, cell.antennas, 2),
                real,
                "Y, I/Q, over noise of unit power; zero beyond the preamble",
            ),
            "book": TensorSpec(
                (cell.devices, longest, 2), real, "preambles, I/Q, unit modulus; zero beyond L"
            ),
            "length": TensorSpec((1,), real, "L, symbols of the preamble"),
            "snr_db": TensorSpec(
                (BATCH,), real, "SNR of a device of mean power at an antenna and symbol [dB]"
            ),
            "activity": TensorSpec((BATCH,), real, "probability of a device to be active"),
        },
        {"probability": TensorSpec((BATCH, cell.devices), real, "that a device is active")},
    )


def export_detector(model: Model, weights: Path, file: Path) -> AccessSystem:
    """Write the ONNX graph of our detector, and return the detector. weights: its file.

    Raises:
        CscsanetError: it is not trained, or is not our detector.
    """
    system = AccessSystem(model.params)
    load_weights(system, weights, model.params)
    if not isinstance(system.detector, UnfoldedDetector):
        raise CscsanetError(
            f"detector.network = {model.params.detector.network}: has no graph; set it to unfolded, or leave out the stage export"
        )
    real = RealDetector(system.detector, model.params.cell).eval()
    graph = graph_of(GraphStore(), NAME, real, signature(model.params))
    write_by_rename(file, lambda partial: onnx.save(graph, partial))
    return system


def export_stage(stage: AccessStage) -> None:
    """Write models/access_onnx/ours.onnx, compare it with PyTorch at every length, and register it.

    Raises:
        CscsanetError: it differs from PyTorch, or is not our detector.
    """
    params, workspace = stage.params, stage.workspace
    ours = next(model for model in models(params) if model.name == OURS)
    file = workspace.onnx / f"{OURS}.onnx"
    with stage.tracked("cell", "detector") as run:
        system = export_detector(ours, workspace.weights(ours.weights), file)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _ERRORS  # it warns of what it does not compute in advance
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        digest = file_digest(workspace.weights(ours.weights))
        rows = [
            {**parity_row(params, system, session, point), "model": digest}
            for point in axis(params, "preamble_length")
        ]
        stage.save_rows("access_parity.json", rows)
        worst = max(row["apart"] for row in rows)
        undecided = sum(row["undecided"] for row in rows)
        if 2 * undecided > _DROPS * len(rows):
            raise CscsanetError(
                f"{ours.weights}: rounding decides {undecided} of {_DROPS * len(rows)} drops in PyTorch itself, so a graph "
                "cannot be compared; train longer, or raise cell.snr_db"
            )
        if worst > TOLERANCE:
            raise CscsanetError(
                f"{file}: probabilities are up to {worst:g} from PyTorch's, so it is not registered; "
                "find the cause in reports/specialists/access_parity.json, and export again"
            )
        feeds = graph_inputs(params, _seen(params, home(params), 1))
        gives = {"probability": session.run(None, feeds)[0]}
        run.register(f"{NAME}-{OURS}", file, file_digest(file), feeds, gives, {"stage": stage.name})


def parity_row(
    params: AccessParams, system: AccessSystem, session: onnxruntime.InferenceSession, point: AccessPoint
) -> Row:
    """Compare the graph with PyTorch over test drops of a point.

    undecided: drops that are left out, since PyTorch itself says something else of them after rounding.
    """
    seen = _seen(params, point, _DROPS)
    expected = _probabilities(system, seen)
    decided = _decided(system, seen, expected)
    (given,) = session.run(None, graph_inputs(params, seen))
    graph, reference = given[decided], expected.numpy()[decided]
    return {
        "preamble_length": point.preamble_length,
        "drops": len(graph),
        "undecided": _DROPS - len(graph),
        "apart": round6(np.abs(graph - reference).max(initial=0.0)),
        "decisions_equal": round6(((graph > 0.5) == (reference > 0.5)).mean()) if len(graph) else None,
    }


@torch.no_grad()
def _probabilities(system: AccessSystem, seen: Observation) -> Tensor:
    probability: Tensor = system(seen.received, seen.book, seen.known)[-1].sigmoid()
    return probability


def _decided(system: AccessSystem, seen: Observation, expected: Tensor) -> NDArray[np.bool_]:
    """Return the drops whose probabilities do not move with the rounding of what is received."""
    moved = torch.zeros(len(expected))
    for _ in range(_ROUNDINGS):
        noise = torch.randn(seen.received.shape, generator=seen.generator, dtype=seen.received.dtype)
        rounded = replace(seen, received=seen.received * (1 + _ROUNDING * noise))
        moved = torch.maximum(moved, (_probabilities(system, rounded) - expected).abs().amax(dim=1))
    decided: NDArray[np.bool_] = (moved < TOLERANCE).numpy()
    return decided


def graph_inputs(params: AccessParams, seen: Observation) -> dict[str, Any]:
    """Return what the graph takes, of what is received."""
    longest, length = params.cell.longest_preamble, seen.book.shape[1]
    received = functional.pad(torch.view_as_real(seen.received), (0, 0, 0, 0, 0, longest - length))
    book = functional.pad(torch.view_as_real(seen.book), (0, 0, 0, longest - length))
    return {
        "received": received.numpy(),
        "book": book.numpy(),
        "length": np.array([length], dtype=np.float32),
        "snr_db": seen.known.snr_db.numpy(),
        "activity": seen.known.activity.numpy(),
    }


def _seen(params: AccessParams, point: AccessPoint, drops: int) -> Observation:
    book = book_of_tests(params)[: point.devices, : point.preamble_length]
    (seen,) = seen_drops(params, point, "test", book, drops)
    return seen
