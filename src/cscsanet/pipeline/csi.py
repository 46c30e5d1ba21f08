"""The physical layer of the separated designs: acquisition, feedback and precoding, one by one."""

from collections.abc import Callable, Mapping

from torch import nn

from cscsanet.baselines.acquisition import Acquisition
from cscsanet.baselines.front_ends import LearnedCsiFrontEnd
from cscsanet.baselines.precoding import DlPrecoding, PcaPrecoding
from cscsanet.channel.dataset import open_train_and_val
from cscsanet.config.params import Params
from cscsanet.pipeline.run import Training, initialised, train
from cscsanet.training.baseline_csi import AcquisitionTask, FeedbackTask, PrecodingTask
from cscsanet.training.task import Task
from cscsanet.training.weights import PHYSICAL_SHAPES, load_weights
from cscsanet.workflow.stage import Stage

# Each training also depends on the section of params.yaml that has its name.
DEPENDS = ("seed", "threads", "recipe", *PHYSICAL_SHAPES, "channel", "training_channel", "points")


def train_acquisition(stage: Stage) -> None:
    """Train the channel estimator of the UEs from scratch."""
    train(stage, acquisition_training(stage, stage.params, "acquisition", {}))


def train_feedback(stage: Stage) -> None:
    """Train the feedback from scratch, on the output of the trained estimator."""
    train(stage, feedback_training(stage, stage.params, "feedback", {}))


def train_precoding(stage: Stage) -> None:
    """Train the learned precoding from scratch, on perfect channels and on those after feedback."""
    train(stage, precoding_training(stage, stage.params, "precoding", {}))


def acquisition_training(stage: Stage, params: Params, name: str, weights: Mapping[str, str]) -> Training:
    """Describe the training of the channel estimator. It starts from no other weights."""
    del weights

    def task() -> tuple[Task, nn.Module]:
        acquisition = initialised(params, lambda: Acquisition(params))
        drops = open_train_and_val(stage.workspace.drops, params.channel)
        task = AcquisitionTask(
            acquisition,
            drops,
            params.points,
            params.acquisition,
            channel=params.channel,
            ranges=params.training_channel,
            seed=params.seed,
        )
        return task, acquisition

    return _training(stage, params, name, "acquisition", (), task)


def feedback_training(stage: Stage, params: Params, name: str, weights: Mapping[str, str]) -> Training:
    """Describe the training of the feedback. weights: names of weights that take the place of others."""
    trained = {"acquisition": weights.get("acquisition", "acquisition")}

    def task() -> tuple[Task, nn.Module]:
        front = _front_end(stage, params, trained)
        drops = open_train_and_val(stage.workspace.drops, params.channel)
        return FeedbackTask(
            front,
            drops,
            params.points,
            params.feedback,
            channel=params.channel,
            ranges=params.training_channel,
            seed=params.seed,
        ), front.feedback

    return _training(stage, params, name, "feedback", tuple(trained.values()), task)


def precoding_training(stage: Stage, params: Params, name: str, weights: Mapping[str, str]) -> Training:
    """Describe the training of the precoding. weights: names of weights that take the place of others."""
    trained = {each: weights.get(each, each) for each in ("acquisition", "feedback")}

    def task() -> tuple[Task, nn.Module]:
        front = _front_end(stage, params, trained)
        drops = open_train_and_val(stage.workspace.drops, params.channel)
        return PrecodingTask(
            front,
            drops,
            params.points,
            params.precoding,
            channel=params.channel,
            ranges=params.training_channel,
            seed=params.seed,
        ), front.precoding

    return _training(stage, params, name, "precoding", tuple(trained.values()), task)


def _front_end(stage: Stage, params: Params, trained: Mapping[str, str]) -> LearnedCsiFrontEnd:
    """Build a front end with learned precoding. trained: submodule -> name of the weights to load."""

    def build() -> LearnedCsiFrontEnd:
        precoding: PcaPrecoding = DlPrecoding(params)
        return LearnedCsiFrontEnd(params, precoding)

    front: LearnedCsiFrontEnd = initialised(params, build)
    for submodule, weights in trained.items():
        load_weights(front.get_submodule(submodule), stage.workspace.weights(weights), params)
    return front


def _training(
    stage: Stage,
    params: Params,
    name: str,
    section: str,
    trained: tuple[str, ...],
    task: Callable[[], tuple[Task, nn.Module]],
) -> Training:
    """Describe a training. section: of params.yaml. trained: names of the weights that it loads."""
    workspace = stage.workspace
    return Training(
        name=name,
        params=params,
        networks_for=params,
        depends=(*DEPENDS, section),
        # The feedback expresses delays relative to the longest, so weights depend on it.
        shapes=(*PHYSICAL_SHAPES, "channel.max_delay"),
        inputs={**workspace.drop_digests("train", "val"), **workspace.weight_digests(*trained)},
        task=task,
    )
