"""A variant of the parameters: which models it trains anew, and where its files are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cscsanet.config.assumptions import AS_HERE, JUDGED, VariantParams, variant_params
from cscsanet.config.chains import before, chain
from cscsanet.config.params import Params, select
from cscsanet.config.schemes import scheme
from cscsanet.pipeline.trainings import describe
from cscsanet.workflow.stage import Stage
from cscsanet.workflow.workspace import Workspace

NAME = "assumptions"
# The parameters as they are, with one training and the claimed schemes alone: what the variants are compared with.
REFERENCE = VariantParams(name=AS_HERE, what="the parameters of this project")


def study_variants(params: Params) -> list[VariantParams]:
    """Return every variant of the study, first the parameters as they are; none where the study is left out."""
    variants = params.assumptions.variants
    return [REFERENCE, *variants] if variants else []


@dataclass(frozen=True)
class VariantWorkspace(Workspace):
    """The files of a variant: drops, weights and measurements of its own, and the frames of the project.

    Measurements are data of the project. All else is kept until the variant is measured. trained_anew: the trainings whose
    weights are the variant's.
    """

    variant: str
    trained_anew: frozenset[str]

    @property
    def folder(self) -> Path:
        """The folder of drops, weights and state of trainings."""
        return self.root / "scratch" / NAME / self.variant

    @property
    def done(self) -> Path:
        """The file that says of what the measurements are, written when all are there."""
        return self.measurements / "variant.json"

    def name(self, training: str) -> str:
        """Return the name of a training of the variant, for its state and its MLflow run."""
        return f"{NAME}/{self.variant}/{training}"

    def weights(self, name: str) -> Path:
        """Return the file of trained weights: the variant's, or those of the pipeline that it shares."""
        training = name.removeprefix(self.name(""))
        if training in self.trained_anew:
            return self.folder / "models" / f"{training}.safetensors"
        return super().weights(name)

    def drops(self, part: str) -> Path:
        """Return the channel drops of one part."""
        return self.folder / "channels" / part

    @property
    def measurements(self) -> Path:
        """The measurements."""
        return self.root / "data" / NAME / self.variant

    @property
    def reports(self) -> Path:
        """The curves of the trainings."""
        return self.folder / "reports"


def variant_stage(stage: Stage, variant: VariantParams) -> Stage:
    """Return the stage with the parameters and the files of a variant."""
    params = variant_params(stage.params, variant)
    anew = frozenset(trained_anew(stage, params))
    workspace = VariantWorkspace(stage.workspace.root, variant.name, anew)
    return replace(stage, params=params, workspace=workspace, project=stage.params)


def measured_variant(stage: Stage, variant: VariantParams) -> tuple[Params, VariantWorkspace]:
    """Return the parameters and the files of a variant whose models are no longer needed."""
    workspace = VariantWorkspace(stage.workspace.root, variant.name, frozenset())
    return variant_params(stage.params, variant), workspace


def trained_anew(stage: Stage, params: Params) -> list[str]:
    """Return the trainings of a variant that differ from the pipeline's, in order.

    params: of the variant. The others read the same parameters, and no weights that differ.
    """
    anew: list[str] = []
    for training in trainings(params.evaluation.schemes):
        depends = describe(training, stage, stage.params, training, {}).depends
        # As a value, since 0 and 0.0 are one.
        differs = select(params, depends) != select(stage.params, depends)
        if differs or any(each in anew for each in before(training)):
            anew.append(training)
    return anew


def trainings(schemes: Sequence[str] = JUDGED) -> list[str]:
    """Return the trainings that some schemes need, in order."""
    return chain(weights for name in schemes for weights in scheme(name).weights.values())
