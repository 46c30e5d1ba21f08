"""The trainings of the separated designs' physical layer, one component after another: CSI acquisition, feedback, precoding."""

from collections.abc import Callable, Sequence

from torch import nn

from cscsanet.channel.dataset import open_train_and_val
from cscsanet.params import Params
from cscsanet.pipeline.fitting import Training, initialised, train
from cscsanet.pipeline.workspace import Workspace
from cscsanet.separated.acquisition import Acquisition
from cscsanet.separated.fronts import LearnedCsiFront
from cscsanet.separated.precoding import DlPrecoding, PcaPrecoding
from cscsanet.separated.training import AcquisitionTask, FeedbackTask, PrecodingTask
from cscsanet.training.task import Task
from cscsanet.training.weights import PHYSICAL_SHAPES, load_weights

_COMMON = ("seed", "threads", *PHYSICAL_SHAPES, "channel", "points")
DEPENDS = {
    "acquisition": (*_COMMON, "acquisition"),
    "feedback": (*_COMMON, "feedback"),
    "precoding": (*_COMMON, "precoding"),
}


def train_acquisition(workspace: Workspace, params: Params) -> None:
    """Train the estimator of the UEs."""

    def task() -> tuple[Task, nn.Module]:
        acquisition = initialised(params, lambda: Acquisition(params))
        drops = open_train_and_val(workspace.drops, params.channel)
        return AcquisitionTask(
            acquisition, drops, params.points, params.acquisition, seed=params.seed
        ), acquisition

    curves = {"train_loss": "training objective, minimised", "val_accuracy_db": "minus validation NMSE [dB]"}
    train(workspace, params, _over_drops(workspace, "acquisition", "CSI acquisition", (), task, curves))


def train_feedback(workspace: Workspace, params: Params) -> None:
    """Train the feedback on what the trained estimator delivers."""

    def task() -> tuple[Task, nn.Module]:
        front = _front(workspace, params, "acquisition")
        drops = open_train_and_val(workspace.drops, params.channel)
        return FeedbackTask(front, drops, params.points, params.feedback, seed=params.seed), front.feedback

    curves = {"train_loss": "training objective, minimised", "val_accuracy_db": "minus validation NMSE [dB]"}
    train(
        workspace, params, _over_drops(workspace, "feedback", "CSI feedback", ("acquisition",), task, curves)
    )


def train_precoding(workspace: Workspace, params: Params) -> None:
    """Train the learned precoding on perfect and on fed back channels."""

    def task() -> tuple[Task, nn.Module]:
        front = _front(workspace, params, "acquisition", "feedback")
        drops = open_train_and_val(workspace.drops, params.channel)
        return PrecodingTask(front, drops, params.points, params.precoding, seed=params.seed), front.precoding

    curves = {
        "train_loss": "training objective, minimised",
        "val_sum_se": "validation sum SE after detection [bit/s/Hz]",
    }
    depends = ("acquisition", "feedback")
    train(workspace, params, _over_drops(workspace, "precoding", "learned precoding", depends, task, curves))


def _front(workspace: Workspace, params: Params, *trained: str) -> LearnedCsiFront:
    """A front with learned precoding, of which some submodules are trained already."""

    def build() -> LearnedCsiFront:
        precoding: PcaPrecoding = DlPrecoding(params)
        return LearnedCsiFront(params, precoding)

    front: LearnedCsiFront = initialised(params, build)
    for name in trained:
        load_weights(front.get_submodule(name), workspace.weights(name), params)
    return front


def _over_drops(
    workspace: Workspace,
    name: str,
    title: str,
    trained: Sequence[str],
    task: Callable[[], tuple[Task, nn.Module]],
    curves: dict[str, str],
) -> Training:
    return Training(
        name=name,
        title=f"Separated designs: {title}",
        depends=DEPENDS[name],
        # The feedback counts delays in shares of the longest.
        shapes=(*PHYSICAL_SHAPES, "channel.max_delay"),
        inputs={**workspace.drop_digests("train", "val"), **workspace.weight_digests(*trained)},
        task=task,
        curves=curves,
    )
