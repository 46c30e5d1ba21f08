"""The physical layer of the separated designs: acquisition, feedback and precoding, one by one."""

from collections.abc import Callable

from torch import nn

from cscsanet.baselines.acquisition import Acquisition
from cscsanet.baselines.front_ends import LearnedCsiFrontEnd
from cscsanet.baselines.precoding import DlPrecoding, PcaPrecoding
from cscsanet.channel.dataset import open_train_and_val
from cscsanet.pipeline.run import Training, initialised, train
from cscsanet.training.baseline_csi import AcquisitionTask, FeedbackTask, PrecodingTask
from cscsanet.training.task import Task
from cscsanet.training.weights import PHYSICAL_SHAPES, load_weights
from cscsanet.workflow.stage import Stage

# Each training also depends on the section of params.yaml that has its name.
DEPENDS = ("seed", "threads", *PHYSICAL_SHAPES, "channel", "points")


def train_acquisition(stage: Stage) -> None:
    """Train the channel estimator of the UEs from scratch."""
    workspace, params = stage.workspace, stage.params

    def task() -> tuple[Task, nn.Module]:
        acquisition = initialised(params, lambda: Acquisition(params))
        drops = open_train_and_val(workspace.drops, params.channel)
        task = AcquisitionTask(acquisition, drops, params.points, params.acquisition, seed=params.seed)
        return task, acquisition

    train(stage, _training(stage, "acquisition", (), task))


def train_feedback(stage: Stage) -> None:
    """Train the feedback from scratch, on the output of the trained estimator."""
    workspace, params = stage.workspace, stage.params

    def task() -> tuple[Task, nn.Module]:
        front = _front_end(stage, "acquisition")
        drops = open_train_and_val(workspace.drops, params.channel)
        return FeedbackTask(front, drops, params.points, params.feedback, seed=params.seed), front.feedback

    train(stage, _training(stage, "feedback", ("acquisition",), task))


def train_precoding(stage: Stage) -> None:
    """Train the learned precoding from scratch, on perfect channels and on those after feedback."""
    workspace, params = stage.workspace, stage.params

    def task() -> tuple[Task, nn.Module]:
        front = _front_end(stage, "acquisition", "feedback")
        drops = open_train_and_val(workspace.drops, params.channel)
        return PrecodingTask(front, drops, params.points, params.precoding, seed=params.seed), front.precoding

    train(stage, _training(stage, "precoding", ("acquisition", "feedback"), task))


def _front_end(stage: Stage, *trained: str) -> LearnedCsiFrontEnd:
    """Build a front end with learned precoding. trained: submodules whose weights are loaded."""
    params = stage.params

    def build() -> LearnedCsiFrontEnd:
        precoding: PcaPrecoding = DlPrecoding(params)
        return LearnedCsiFrontEnd(params, precoding)

    front: LearnedCsiFrontEnd = initialised(params, build)
    for name in trained:
        load_weights(front.get_submodule(name), stage.workspace.weights(name), params)
    return front


def _training(
    stage: Stage, name: str, trained: tuple[str, ...], task: Callable[[], tuple[Task, nn.Module]]
) -> Training:
    workspace, params = stage.workspace, stage.params
    return Training(
        name=name,
        params=params,
        networks_for=params,
        depends=(*DEPENDS, name),
        # The feedback expresses delays relative to the longest, so weights depend on it.
        shapes=(*PHYSICAL_SHAPES, "channel.max_delay"),
        inputs={**workspace.drop_digests("train", "val"), **workspace.weight_digests(*trained)},
        task=task,
    )
