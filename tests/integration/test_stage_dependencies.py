"""Each stage of dvc.yaml depends on every module that its script can reach: a changed library reruns the stage."""

import ast
import importlib
from pathlib import Path

import pytest
import yaml

from cscsanet.params import Params, profile_text, select

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
# These cannot change what a stage writes: they complain, show progress, or file what was written.
WITHOUT_EFFECT = (
    "cscsanet/__init__.py",
    "cscsanet/errors.py",
    "cscsanet/pipeline/__init__.py",
    "cscsanet/pipeline/progress.py",
    "cscsanet/evaluation/__init__.py",
    "cscsanet/tracking/",
)
# The module that says what a training depends on, where it is not the stage's own.
TRAINED_BY = {
    "semantic_oma": "semantic",
    "noma": "joint",
    "noma_aligned": "joint",
    "oma": "joint",
    "oma_aligned": "joint",
    "alignment": "alignment_variants",
    "acquisition": "separated_csi",
    "feedback": "separated_csi",
    "precoding": "separated_csi",
    "codec": "separated_codec",
    "codec_link": "separated_codec",
}
TRAININGS = ["semantic", "mfnet", "physical", "physical_variants", *TRAINED_BY]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def imported(path: Path) -> set[Path]:
    """The modules of the package that one file imports, at any depth inside it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            place = SOURCE / Path(*name.split("."))
            found |= {file for file in (place.with_suffix(".py"), place / "__init__.py") if file.exists()}
    return found


def reached(script: Path) -> set[str]:
    seen: set[Path] = set()
    waiting = [script]
    while waiting:
        for module in imported(waiting.pop()) - seen:
            seen.add(module)
            waiting.append(module)
    return {module.relative_to(SOURCE).as_posix() for module in seen}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_every_module_it_reaches(stage):
    script = ROOT / STAGES[stage]["cmd"].split()[1]
    declared = [dep.removeprefix("src/") for dep in STAGES[stage]["deps"]]
    missing = [
        module
        for module in sorted(reached(script))
        if not module.startswith(WITHOUT_EFFECT)
        and not any(module == dep or module.startswith(f"{dep}/") for dep in declared)
    ]
    assert missing == []
    assert f"stages/{script.name}" in STAGES[stage]["deps"]


def test_the_walk_sees_what_a_stage_imports():
    reach = reached(ROOT / "stages" / "noma.py")
    assert "cscsanet/links/noma.py" in reach
    assert "cscsanet/channel/response.py" in reach


def test_the_pipeline_stays_small_enough_for_dvc():
    assert len(STAGES) < 40


@pytest.mark.parametrize("stage", TRAININGS)
def test_a_training_reruns_for_every_parameter_that_it_resumes_under(stage):
    """What binds a training's resumable state must be among the parameters that DVC watches for it, and the reverse."""
    module = importlib.import_module(f"cscsanet.pipeline.{TRAINED_BY.get(stage, stage)}")
    params = Params.model_validate(yaml.safe_load(profile_text("smoke")))
    depends = module.DEPENDS[stage] if isinstance(module.DEPENDS, dict) else module.DEPENDS
    assert set(select(params, depends)) == set(select(params, STAGES[stage]["params"]))
