"""The stage `assumptions`: models and measurements of each variant of what the paper leaves open.

A variant is one job: drops, trainings, measurements. Its measurements are kept, so a study that was killed goes on with
the next variant, and a killed variant with its next epoch or point.
"""

import shutil
from functools import partial

from cscsanet.channel.dataset import PARTS, part_seed, write_drops
from cscsanet.config.assumptions import VariantParams
from cscsanet.config.params import Params, digest, select
from cscsanet.errors import CscsanetError, print_notes
from cscsanet.files import write_json
from cscsanet.parsing import parse_json
from cscsanet.pipeline.made_from import check_drops, check_inputs, num_drops
from cscsanet.pipeline.run import train
from cscsanet.pipeline.trainings import DEPENDS as TRAINING_DEPENDS
from cscsanet.pipeline.trainings import describe
from cscsanet.studies.assumptions.variant import (
    NAME,
    VariantWorkspace,
    measured_variant,
    study_variants,
    trainings,
    variant_stage,
)
from cscsanet.studies.sweeps.measure import DEPENDS as MEASURE_DEPENDS
from cscsanet.studies.sweeps.measure import jobs, measure_job, write_constant
from cscsanet.workflow.fan_out import fan_out, num_workers
from cscsanet.workflow.progress import progress_bar
from cscsanet.workflow.stage import Stage

# The points of the sweeps, beside what trainings and measurements depend on.
_POINTS = ("home", "snr_db", "csirs_symbols", "feedback_bits", "data_symbols", "panels", "schemes", "swept")
DEPENDS = (*TRAINING_DEPENDS, *MEASURE_DEPENDS, *(f"evaluation.{name}" for name in _POINTS))


def measure_variants(stage: Stage) -> None:
    """Train and measure every variant that is missing or outdated, and remove those that are not asked for."""
    workspace, params = stage.workspace, stage.params
    variants = study_variants(params)
    if not variants:
        print_notes(["assumptions: left out, since assumptions.variants is empty"])
    else:
        check_inputs(workspace, params, workspace.scene_digests())
    with progress_bar("variants", len(variants)) as advance:
        longest_first = sorted(variants, key=partial(_steps, stage), reverse=True)
        fan_out(partial(measure_variant, stage), longest_first, num_workers(params), advance)
    kept = {variant.name for variant in variants}
    for folder in (workspace.root / "data" / NAME, workspace.root / "scratch" / NAME):
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.iterdir():
            if path.is_dir() and path.name not in kept:
                shutil.rmtree(path)


def measure_variant(stage: Stage, variant: VariantParams) -> None:
    """Train and measure one variant, unless its measurements are up to date. A killed one resumes."""
    changed = variant_stage(stage, variant)
    workspace, params = changed.workspace, changed.params
    assert isinstance(workspace, VariantWorkspace)
    key = _key(stage, variant, params)
    if _has_key(workspace, key):
        return
    workspace.done.unlink(missing_ok=True)
    _draw(workspace, params)
    for training in trainings(params.evaluation.schemes):
        if training in workspace.trained_anew:
            train(changed, describe(training, changed, params, workspace.name(training), {}))
    for job in jobs(params):
        measure_job(changed, job, variant.snr_offset_db)
    write_constant(workspace, params)
    anew = [name for name in trainings() if name in workspace.trained_anew]
    write_json(workspace.done, {"key": key, "trained": anew})
    shutil.rmtree(workspace.folder, ignore_errors=True)


def is_measured(stage: Stage, variant: VariantParams) -> bool:
    """Return whether the measurements of a variant are there and up to date.

    Raises:
        CscsanetError: weights or data of the pipeline are missing.
    """
    params, workspace = measured_variant(stage, variant)
    return _has_key(workspace, _key(stage, variant, params))


def _has_key(workspace: VariantWorkspace, key: str) -> bool:
    try:
        return bool(parse_json(workspace.done.read_text(encoding="utf-8"))["key"] == key)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _draw(workspace: VariantWorkspace, params: Params) -> None:
    """Draw the drops of each part that is missing or of other parameters."""
    for part in PARTS:
        try:
            check_drops(workspace, params, part)
        except CscsanetError:
            folder, seed = workspace.drops(part), part_seed(params.seed, part)
            write_drops(folder, num_drops(params, part), seed, params.channel, root=workspace.root, part=part)


def _key(stage: Stage, variant: VariantParams, params: Params) -> str:
    """Return the digest of all that the measurements of a variant depend on. params: of the variant."""
    inputs = {
        **stage.workspace.scene_digests(),
        **stage.workspace.drop_digests(*PARTS),
        **stage.workspace.weight_digests(*trainings(params.evaluation.schemes)),
    }
    content = {"params": select(params, DEPENDS), "snr_offset_db": variant.snr_offset_db}
    return digest({**content, "inputs": inputs, "code": stage.code})


def _steps(stage: Stage, variant: VariantParams) -> int:
    """Return how many images or drops the trainings of a variant see, so that the longest can come first."""
    changed = variant_stage(stage, variant)
    workspace, params = changed.workspace, changed.params
    assert isinstance(workspace, VariantWorkspace)
    total = 0
    for training in workspace.trained_anew:
        section = getattr(params, "joint" if training in ("noma", "oma") else training)
        total += int(section.epochs * section.steps_per_epoch * section.batch_size)
    return total
