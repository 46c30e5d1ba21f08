"""The fusion precoder as ONNX graphs of its stations, for the link of params.yaml, compared with PyTorch.

The units and what stays outside are in `real.units`. Complex numbers are pairs.
"""

from functools import partial
from pathlib import Path

import onnx
from torch import nn

from cscsanet.config.fusion import OURS, FusionParams
from cscsanet.errors import CscsanetError
from cscsanet.export.capture import graph_of
from cscsanet.export.graph_store import GraphStore
from cscsanet.export.signatures import Signature
from cscsanet.files import file_digest, write_by_rename
from cscsanet.specialists.fusion.parity import BS, PORTS, UE, check, examples, open_units, parity_row, served
from cscsanet.specialists.fusion.real.units import Agreed, FusionBs, FusionPorts, FusionUe
from cscsanet.specialists.fusion.system import FusionSystem
from cscsanet.specialists.fusion.task import air_of, conditions_of, initial_system
from cscsanet.specialists.fusion.training import FusionStage, Model, models
from cscsanet.stations.metadata import BATCH, TensorSpec
from cscsanet.training.weights import load_weights

_REAL = "float32"


def signatures(params: FusionParams) -> dict[str, Signature]:
    """Return the inputs and outputs of each graph."""
    air, link = params.air, params.link
    by_path = (BATCH, link.users, air.paths)
    beam = TensorSpec((BATCH, link.users, link.ports, air.antennas, 2), _REAL, "beams w, I/Q, unit norm")
    ramp = TensorSpec(
        (BATCH, link.users, link.ports, air.subcarriers, 2), _REAL, "phases over subcarriers f, I/Q"
    )
    after_srs = {
        "sine": TensorSpec(by_path, _REAL, "of the angle of each path"),
        "delay": TensorSpec(by_path, _REAL, "of each path [samples]"),
        "gain": TensorSpec((*by_path, 2), _REAL, "posterior mean of each gain as of the channel, I/Q"),
        "covariance": TensorSpec((*by_path, air.paths, 2), _REAL, "posterior covariance of the gains, I/Q"),
        "srs": TensorSpec(
            (BATCH, link.users, air.subcarriers // air.comb, air.antennas, 2),
            _REAL,
            "received SRS y, I/Q, over noise of unit power",
        ),
    }
    dl_snr_db = TensorSpec((BATCH,), _REAL, "SNR of the whole transmit power at a user [dB]")
    conditions = {
        "srs_snr_db": TensorSpec((BATCH,), _REAL, "SNR of a user at an antenna and subcarrier [dB]"),
        "dl_snr_db": dl_snr_db,
        "age_ms": TensorSpec((BATCH,), _REAL, "age of the SRS when data are sent [ms]"),
        "speed_kmh": TensorSpec((BATCH,), _REAL, "speed of the users [km/h]"),
        "rho": TensorSpec((BATCH,), _REAL, "correlation of the gains of both links"),
    }
    received = TensorSpec((BATCH, link.ports, 2), _REAL, "y of each port of one user, I/Q")
    bits = TensorSpec((BATCH, link.feedback_bits), "uint8", "feedback, 0 or 1")
    of_all = TensorSpec((BATCH, link.users, link.feedback_bits), "uint8", "feedback of all users, 0 or 1")
    precoders = TensorSpec(
        (BATCH, air.subcarriers, air.antennas, link.users, 2), _REAL, "V, I/Q, power one for all users"
    )
    sent = {"beam": beam, "ramp": ramp}
    return {
        PORTS: Signature({**after_srs, **conditions}, sent),
        UE: Signature({"received": received, "dl_snr_db": dl_snr_db}, {"bits": bits}),
        BS: Signature({**after_srs, **sent, "bits": of_all, **conditions}, {"precoders": precoders}),
    }


def units_of(system: FusionSystem, params: FusionParams) -> dict[str, nn.Module]:
    """Return the units in real numbers, which share the weights of a link."""
    air, link = air_of(params.air, params.link.users), params.link
    agreed = Agreed.at(link.feedback_bits, conditions_of(link, 1), air)
    units: dict[str, nn.Module] = {
        PORTS: FusionPorts(system, air, link.ports),
        UE: FusionUe(system, agreed),
        BS: FusionBs(system, air, agreed),
    }
    return {name: unit.eval() for name, unit in units.items()}


def export_units(model: Model, weights: Path, folder: Path) -> FusionSystem:
    """Write the ONNX graphs of a trained link into a folder, and return the link. weights: its file.

    Raises:
        CscsanetError: it is not trained, or has no graphs.
    """
    params = model.params
    system = initial_system(params, model.seed)
    load_weights(system, weights, params)
    network = params.network
    if not isinstance(system, FusionSystem) or network.ports == "random" or not network.fuses_srs:
        raise CscsanetError(
            "network: only links of form beliefs that fuse SRS and have learned or classical ports have graphs; leave out "
            "the stage export"
        )
    if not (network.frequency and network.beam and network.port and params.link.feedback_bits):
        raise CscsanetError(
            "network: a link without one of the domains of its ports, or without bits, has no graphs; leave out the stage export"
        )
    folder.mkdir(parents=True, exist_ok=True)
    given = signatures(params)
    for name, unit in units_of(system, params).items():
        graph = graph_of(GraphStore(), name, unit, given[name])
        write_by_rename(folder / f"{name}.onnx", partial(onnx.save, graph))
    return system.eval()


def export_stage(stage: FusionStage) -> None:
    """Write the graphs to models/fusion_onnx, compare them with PyTorch at every point that they serve, and register them.

    Raises:
        CscsanetError: one differs from PyTorch, or there are no graphs of such a link.
    """
    params, workspace = stage.params, stage.workspace
    ours = next(model for model in models(params) if model.name == OURS)
    with stage.tracked("air", "link", "network") as run:
        system = export_units(ours, workspace.weights(ours.weights), workspace.onnx)
        sessions = open_units(workspace.onnx)
        digest = file_digest(workspace.weights(ours.weights))
        rows = [{**parity_row(params, system, sessions, point), "model": digest} for point in served(params)]
        stage.save_rows("fusion_parity.json", rows)
        check(rows, ours.weights)
        for name, (feeds, gives) in examples(params, system, sessions).items():
            file = workspace.onnx / f"{name}.onnx"
            run.register(name, file, file_digest(file), feeds, gives, {"stage": stage.name})
