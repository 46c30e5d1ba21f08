"""Further Stage II trainings: the paper's front end, and models for a single L and B."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from cscsanet.config.params import Params
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.pipeline.run import train
from cscsanet.pipeline.stage2 import DEPENDS as PHYSICAL
from cscsanet.pipeline.stage2 import physical_training
from cscsanet.training.weights import load_weights
from cscsanet.workflow.fan_out import fan_out, num_workers
from cscsanet.workflow.stage import Stage
from cscsanet.workflow.workspace import Workspace

NAME = "physical_variants"
SUBCARRIER = "subcarrier"
DEPENDS = (
    *PHYSICAL,
    "study.dedicated",
    "study.subcarrier_epochs",
    "study.subcarrier_learning_rate",
)


@dataclass(frozen=True)
class TrainedLayer:
    """A trained layer. scheme: its name in the rows. budgets: L -> the values of B to measure."""

    scheme: str
    layer: PhysicalLayer
    budgets: Mapping[int, tuple[int, ...]]


def train_variants(stage: Stage) -> None:
    """Train each variant whose results are missing or outdated. A killed one resumes."""
    names = list(variants(stage.params))
    fan_out(partial(_train_variant, stage), names, num_workers(stage.params))
    stage.workspace.keep_variants(NAME, [f"{NAME}/{name}" for name in names])


def _train_variant(stage: Stage, name: str) -> None:
    train(stage, physical_training(stage, variants(stage.params)[name], f"{NAME}/{name}"))


def variants(params: Params) -> Mapping[str, Params]:
    """Return the parameters of each variant by name.

    `subcarrier` is left out where the pipeline itself trains that front end.
    """
    study = params.study
    dedicated = {dedicated_name(*point): _dedicated(params, *point) for point in study.dedicated}
    if params.csa.front == SUBCARRIER:
        return dedicated
    training = params.physical.model_copy(
        update={
            "epochs": study.subcarrier_epochs,
            "patience": study.subcarrier_epochs,
            "learning_rate": study.subcarrier_learning_rate,
            "csirs_steps": 0,
            "coherence_weight": 0.0,
        }
    )
    changed = {"csa": params.csa.model_copy(update={"front": "subcarrier"}), "physical": training}
    return {SUBCARRIER: params.model_copy(update=changed), **dedicated}


def dedicated_name(csirs_symbols: int, feedback_bits: int) -> str:
    """Return the name of the model that is trained for one L and B."""
    return f"L{csirs_symbols}-B{feedback_bits}"


def trained_layers(workspace: Workspace, params: Params) -> list[TrainedLayer]:
    """Load the trained layers; the first is the one that Stage III starts from."""
    points, front = params.points, params.csa.front
    all_budgets = dict.fromkeys(points.csirs_symbols, points.feedback_bits)

    def trained(layer_params: Params, weights: str) -> PhysicalLayer:
        layer = PhysicalLayer(layer_params)
        load_weights(layer, workspace.weights(weights), layer_params)
        return layer

    layers = [TrainedLayer(f"{front}-elastic", trained(params, "physical"), all_budgets)]
    for name, variant_params in variants(params).items():
        layer = trained(variant_params, f"{NAME}/{name}")
        if name == SUBCARRIER:
            layers.append(TrainedLayer(SUBCARRIER, layer, all_budgets))
        else:
            budgets = {variant_params.points.csirs_symbols[0]: variant_params.points.feedback_bits}
            layers.append(TrainedLayer(f"{front}-dedicated", layer, budgets))
    return layers


def _dedicated(params: Params, csirs_symbols: int, feedback_bits: int) -> Params:
    single = {"csirs_symbols": (csirs_symbols,), "feedback_bits": (feedback_bits,)}
    return params.model_copy(update={"points": params.points.model_copy(update=single)})
