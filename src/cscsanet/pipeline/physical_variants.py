"""Stage II again, for comparison: the paper's front, and models dedicated to one (L, B) each."""

from collections.abc import Mapping
from functools import partial

from cscsanet.params import Params
from cscsanet.pipeline.fan_out import at_once, fan_out
from cscsanet.pipeline.fitting import train
from cscsanet.pipeline.physical import DEPENDS as PHYSICAL
from cscsanet.pipeline.physical import physical_training
from cscsanet.pipeline.workspace import Workspace

NAME = "physical_variants"
SUBCARRIER = "subcarrier"
DEPENDS = (
    *PHYSICAL,
    "study.dedicated",
    "study.subcarrier_epochs",
    "study.subcarrier_learning_rate",
)


def train_variants(workspace: Workspace, params: Params) -> None:
    """Train each variant that has not been trained yet; killed at any moment, the next run goes on where it was."""
    chosen = variants(params)
    fan_out(partial(_train_one, workspace, params), list(chosen), at_once(params))
    workspace.keep_variants(NAME, [f"{NAME}/{name}" for name in chosen])


def _train_one(workspace: Workspace, params: Params, name: str) -> None:
    training = physical_training(workspace, variants(params)[name], f"{NAME}/{name}", variant=True)
    train(workspace, params, training)


def variants(params: Params) -> Mapping[str, Params]:
    """Return the parameters of each variant by its name; the paper's front is none where it is the pipeline's own."""
    study = params.study
    dedicated = {dedicated_name(*point): _dedicated(params, *point) for point in study.dedicated}
    if params.csa.front == SUBCARRIER:
        return dedicated
    own_pace = params.physical.model_copy(
        update={
            "epochs": study.subcarrier_epochs,
            "patience": study.subcarrier_epochs,
            "learning_rate": study.subcarrier_learning_rate,
            "csirs_steps": 0,
            "coherence_weight": 0.0,
        }
    )
    paper = {"csa": params.csa.model_copy(update={"front": "subcarrier"}), "physical": own_pace}
    return {SUBCARRIER: params.model_copy(update=paper), **dedicated}


def dedicated_name(csirs_symbols: int, feedback_bits: int) -> str:
    """Return the name of the model that is dedicated to L and B."""
    return f"L{csirs_symbols}-B{feedback_bits}"


def _dedicated(params: Params, csirs_symbols: int, feedback_bits: int) -> Params:
    single = {"csirs_symbols": (csirs_symbols,), "feedback_bits": (feedback_bits,)}
    return params.model_copy(update={"points": params.points.model_copy(update=single)})
