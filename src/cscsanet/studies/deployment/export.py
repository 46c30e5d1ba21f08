"""The export of all trained networks as ONNX units, compared with PyTorch and registered."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from cscsanet.config.left_out import kept_exports, why_no_units
from cscsanet.config.params import Params
from cscsanet.errors import CscsanetError, print_notes
from cscsanet.evaluation.schemes import trained_link
from cscsanet.export.baseline_networks import baseline_networks, export_network
from cscsanet.export.capture import example
from cscsanet.export.export import export_scheme
from cscsanet.export.graph_store import project_graphs
from cscsanet.export.units import UNITS
from cscsanet.files import file_digest, write_json
from cscsanet.links.csc_sa_net import NomaLink
from cscsanet.scenes.augmentation import to_float
from cscsanet.scenes.dataset import load_part
from cscsanet.scenes.layout import evenly_spaced
from cscsanet.stations.metadata import CSIRS
from cscsanet.stations.session import load_unit
from cscsanet.studies.deployment.parity import (
    EQUAL_SHARE,
    LOGIT_TOLERANCE,
    network_row,
    parity_points,
    parity_rows,
)
from cscsanet.tracking import StageRun
from cscsanet.workflow.progress import progress_bar
from cscsanet.workflow.stage import Stage
from cscsanet.workflow.workspace import Workspace

Row = dict[str, Any]


def export_units(stage: Stage) -> None:
    """Write models/onnx and reports/parity.json, and make the units the current versions in MLflow's registry.

    Raises:
        CscsanetError: weights are missing, or bits or masks of the units differ from PyTorch's; then no unit is
            registered.
    """
    workspace, params = stage.workspace, stage.params
    left_out = {} if kept_exports(params) else {"left_out": _left_out(params)}
    print_notes(left_out.values())
    sections = ("deployment", "channel", "points", "csa", "msf", "seed")
    with stage.tracked(*sections) as run:
        files: list[Path] = []
        chains, networks = _export(workspace, params, files)
        path = workspace.reports / "parity.json"
        tolerances = {"logits": LOGIT_TOLERANCE, "bits_equal": EQUAL_SHARE, "masks_equal": EQUAL_SHARE}
        write_json(path, {"tolerances": tolerances, "chains": chains, "networks": networks, **left_out})
        run.log_artifact(path)
        run.log_metrics({"networks/apart": max(row["apart"] for row in networks)})
        if chains:
            run.log_metrics(
                {
                    "chains/passed": float(np.mean([row["passed"] for row in chains])),
                    "chains/masks_equal": min(row["masks_equal"] for row in chains),
                    "chains/bits_unequal": sum(row["bits_unequal"] for row in chains),
                }
            )
        _check(chains, networks, path)
        with progress_bar("registering", len(files)) as advance:
            for file in files:
                _register(run, file)
                advance(1)


def _left_out(params: Params) -> str:
    """Return which units are left out, and why."""
    return f"units of {', '.join(params.deployment.exported)}: left out, since {why_no_units(params)}"


def _export(workspace: Workspace, params: Params, files: list[Path]) -> tuple[list[Row], list[Row]]:
    """Write all units, and return rows that compare them with PyTorch: of the chains, if any, and of single networks.

    files: the written files are appended.
    """
    networks = baseline_networks(params, workspace.weights)
    graphs = project_graphs(workspace)
    exported = kept_exports(params)
    chain_rows: list[Row] = []
    network_rows: list[Row] = []
    with progress_bar("units", len(UNITS) * len(exported) + len(networks)) as advance:
        for name in exported:
            files += export_scheme(
                name, params, workspace.weights, workspace.scheme_units(name), graphs, advance
            )
            chain_rows += _chain_rows(workspace, params, name)
        for network in networks:
            file = export_network(
                network, params, workspace.weights, workspace.scheme_units(network.scheme), graphs
            )
            files.append(file)
            unit = load_unit(file, network.unit, network.scheme)
            network_rows.append(network_row(network.module, unit, params.seed))
            advance(1)
    return chain_rows, network_rows


def _chain_rows(workspace: Workspace, params: Params, name: str) -> list[Row]:
    """Compare the units of a scheme with PyTorch: return a row for each operating point."""
    link = cast(NomaLink, trained_link(name, params, workspace.weights)[0].cpu())
    scenes = load_part(workspace.scenes, workspace.split, "test")
    images = to_float(scenes.images[evenly_spaced(range(len(scenes)), params.deployment.parity_images)])
    return parity_rows(link, workspace.scheme_units(name), name, images, params.seed, parity_points(params))


def _check(chains: Sequence[Row], networks: Sequence[Row], path: Path) -> None:
    differing = [row["scheme"] for row in chains if not row["same"]]
    differing += [f"{row['scheme']}.{row['unit']}" for row in networks if not row["passed"]]
    if differing:
        raise CscsanetError(
            f"{path}: units of {', '.join(dict.fromkeys(differing))} differ from PyTorch, so none is registered; "
            f"find the cause in the rows, and export again"
        )


def _register(run: StageRun, file: Path) -> None:
    if file.stem == CSIRS:
        # The CSI-RS are a table and no model.
        return
    unit = load_unit(file, file.stem)
    info = unit.info
    feeds = {name: value.numpy() for name, value in example(info.inputs, batch=1).items()}
    run.register(
        f"{info.scheme}.{info.unit}",
        file,
        file_digest(file),
        feeds,
        unit(**feeds),
        {"weights": info.weights, "scheme": info.scheme, "unit": info.unit},
    )
