"""The trained networks as ONNX units, held against PyTorch and registered."""

from typing import Any, cast

import numpy as np

from cscsanet.deployment.baselines import Network, baseline_networks, export_network
from cscsanet.deployment.capture import example
from cscsanet.deployment.exporting import CSIRS, UNITS, export_scheme
from cscsanet.deployment.parity import LOGIT_TOLERANCE, MASK_SHARE, network_row, parity_points, parity_rows
from cscsanet.deployment.session import Unit, load_unit
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


def export_units(workspace: Workspace, params: Params) -> None:
    """Write models/onnx and reports/parity.json, and make the units the current versions in MLflow's registry."""
    tracker = open_tracking(workspace.root, params.tracking.experiment)
    sections = ("deployment", "channel", "points", "csa", "msf", "seed")
    with tracker.stage("export", params, sections=sections) as run:
        networks = baseline_networks(params, workspace.weights)
        exported = params.deployment.exported
        with progress_bar("units", len(UNITS) * len(exported) + len(networks)) as advance:
            chains = [row for name in exported for row in _scheme(workspace, params, name, advance)]
            alone = [_network(workspace, params, network) for network in networks]
            advance(len(networks))
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
        files = sorted(workspace.onnx.glob("*/*.onnx"))
        with progress_bar("registering", len(files)) as advance:
            for file in files:
                # The CSI-RS are a table without inputs, and no model.
                if file.stem != CSIRS:
                    _register(run, load_unit(file, file.stem))
                advance(1)


def _scheme(workspace: Workspace, params: Params, name: str, advance: Any) -> list[dict[str, Any]]:
    """Write the units of one scheme, and return a row for each operating point that they were compared at."""
    folder = workspace.own_units(name)
    export_scheme(name, params, workspace.weights, folder, advance)
    link = cast(NomaLink, trained_link(name, params, workspace.weights)[0].cpu())
    scenes = load_part(workspace.scenes, workspace.split, "test")
    images = to_float(scenes.images[spread(range(len(scenes)), params.deployment.parity_images)])
    return parity_rows(link, folder, name, images, params.seed, parity_points(params))


def _network(workspace: Workspace, params: Params, network: Network) -> dict[str, Any]:
    path = export_network(network, params, workspace.weights, workspace.own_units(network.scheme))
    return network_row(network.module, load_unit(path, network.unit, network.scheme), params.seed)


def _register(run: StageRun, unit: Unit) -> None:
    info = unit.info
    inputs = example(info.inputs, batch=1)
    given = {name: value.numpy() for name, value in inputs.items()}
    run.register(
        f"{info.scheme}.{info.unit}",
        unit.path,
        file_digest(unit.path),
        given,
        unit(**given),
        {"weights": info.weights, "scheme": info.scheme, "unit": info.unit},
    )
