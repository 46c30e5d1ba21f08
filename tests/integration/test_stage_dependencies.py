"""Each stage of dvc.yaml depends on every module that its script can reach: a changed library reruns the stage."""

import ast
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
# These cannot change what a stage writes: they check, report, or say where things lie.
WITHOUT_EFFECT = (
    "cscsanet/__init__.py",
    "cscsanet/errors.py",
    "cscsanet/files.py",
    "cscsanet/params.py",
    "cscsanet/points.py",
    "cscsanet/tracking/",
    "cscsanet/pipeline/",
    "cscsanet/evaluation/curves.py",
)
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
