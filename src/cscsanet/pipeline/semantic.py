"""Stage I: the semantic layer over an identity channel."""

from torch import nn

from cscsanet.links.ideal import IdealLink
from cscsanet.links.semantic_layer import SemanticLayer
from cscsanet.params import Params
from cscsanet.pipeline.fitting import (
    SEGMENTATION_CURVES,
    SHARED_SECTIONS,
    Training,
    initialised,
    train,
)
from cscsanet.pipeline.workspace import Workspace
from cscsanet.scenes.dataset import load_train_and_val
from cscsanet.training.segmentation import SegmentationTask
from cscsanet.training.task import Task


def train_semantic(workspace: Workspace, params: Params) -> None:
    """Train UE/BS-MSFNet from scratch for the segmentation."""

    def task() -> tuple[Task, nn.Module]:
        semantic = initialised(params, lambda: SemanticLayer(params))
        task = SegmentationTask(
            IdealLink(semantic),
            load_train_and_val(workspace.scenes, workspace.split),
            None,
            params.points,
            params.semantic,
            modalities=params.semantic.modalities,
            seed=params.seed,
        )
        return task, semantic

    train(
        workspace,
        params,
        Training(
            name="semantic",
            title="Stage I: semantic layer, error-free link",
            sections=(*SHARED_SECTIONS, "semantic"),
            inputs=workspace.scene_digests(),
            task=task,
            curves=SEGMENTATION_CURVES,
        ),
    )
