"""The trained networks as ONNX units, held against PyTorch and registered."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from cscsanet.deployment.baselines import baseline_networks, export_network
from cscsanet.deployment.capture import example
from cscsanet.deployment.contract import CSIRS
from cscsanet.deployment.exporting import UNITS, export_scheme
from cscsanet.deployment.parity import LOGIT_TOLERANCE, MASK_SHARE, network_row, parity_points, parity_rows
from cscsanet.deployment.session import load_unit
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.models import trained_link
from cscsanet.files import file_digest, write_json
from cscsanet.links.noma import NomaLink
from cscsanet.params import Params
from cscsanet.pipeline.progress import progress_bar
from cscsanet.pipeline.workspace import Workspace
from cscsanet.scenes.augmentation import to_float
from cscsanet.scenes.dataset import load_part
from cscsanet.scenes.spread import spread
from cscsanet.tracking import StageRun, open_tracking

Row = dict[str, Any]


def export_units(workspace: Workspace, params: Params) -> None:
    """Write models/onnx and reports/parity.json, and make the units the current versions in MLflow's registry.

    Raises:
        CscsanetError: weights are missing, or units do something else than PyTorch, which then are not registered.
    """
    tracker = open_tracking(workspace.root, params.tracking.experiment)
    sections = ("deployment", "channel", "points", "csa", "msf", "seed")
    with tracker.stage("export", params, sections=sections) as run:
        files: list[Path] = []
        chains, alone = _export(workspace, params, files)
        path = workspace.reports / "parity.json"
        tolerances = {"logits": LOGIT_TOLERANCE, "masks_equal": MASK_SHARE}
        write_json(path, {"tolerances": tolerances, "chains": chains, "networks": alone})
        run.log_artifact(path)
        run.log_metrics(
            {
                "chains/passed": float(np.mean([row["passed"] for row in chains])),
                "chains/masks_equal": min(row["masks_equal"] for row in chains),
                "chains/bits_unequal": sum(row["bits_unequal"] for row in chains),
                "networks/apart": max(row["apart"] for row in alone),
            }
        )
        _check(chains, alone, path)
        with progress_bar("registering", len(files)) as advance:
            for file in files:
                _register(run, file)
                advance(1)


def _export(workspace: Workspace, params: Params, files: list[Path]) -> tuple[list[Row], list[Row]]:
    """Write all units, and return how they compare, the chains and the networks alone; files: is told what was written."""
    networks = baseline_networks(params, workspace.weights)
    exported = params.deployment.exported
    chains: list[Row] = []
    alone: list[Row] = []
    with progress_bar("units", len(UNITS) * len(exported) + len(networks)) as advance:
        for name in exported:
            files += export_scheme(name, params, workspace.weights, workspace.own_units(name), advance)
            chains += _chain_rows(workspace, params, name)
        for network in networks:
            file = export_network(network, params, workspace.weights, workspace.own_units(network.scheme))
            files.append(file)
            unit = load_unit(file, network.unit, network.scheme)
            alone.append(network_row(network.module, unit, params.seed))
            advance(1)
    return chains, alone


def _chain_rows(workspace: Workspace, params: Params, name: str) -> list[Row]:
    """Return a row for each operating point that the units of a scheme were compared at."""
    link = cast(NomaLink, trained_link(name, params, workspace.weights)[0].cpu())
    scenes = load_part(workspace.scenes, workspace.split, "test")
    images = to_float(scenes.images[spread(range(len(scenes)), params.deployment.parity_images)])
    return parity_rows(link, workspace.own_units(name), name, images, params.seed, parity_points(params))


def _check(chains: Sequence[Row], alone: Sequence[Row], path: Path) -> None:
    wrong = [row["scheme"] for row in chains if not row["same"]]
    wrong += [f"{row['scheme']}.{row['unit']}" for row in alone if not row["passed"]]
    if wrong:
        raise CscsanetError(
            f"{path}: units of {', '.join(dict.fromkeys(wrong))} do something else than PyTorch; none is registered; "
            f"look at the rows, and export again"
        )


def _register(run: StageRun, file: Path) -> None:
    if file.stem == CSIRS:
        # A table without inputs, and no model.
        return
    unit = load_unit(file, file.stem)
    info = unit.info
    given = {name: value.numpy() for name, value in example(info.inputs, batch=1).items()}
    run.register(
        f"{info.scheme}.{info.unit}",
        file,
        file_digest(file),
        given,
        unit(**given),
        {"weights": info.weights, "scheme": info.scheme, "unit": info.unit},
    )
