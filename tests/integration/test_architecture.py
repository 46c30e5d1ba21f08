"""The house of the design: imports go downwards only, and below training nothing knows MLflow or DVC."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "cscsanet"
FLOORS = {
    "errors": 0,
    "files": 1,
    "points": 1,
    "sections": 2,
    "study_sections": 3,
    "params": 4,
    "channel": 5,
    "scenes": 5,
    "metrics": 5,
    "networks": 6,
    "links": 7,
    "training": 8,
    "separated": 9,
    "tracking": 10,
    "evaluation": 10,
    "page": 10,
    "deployment": 11,
    "pipeline": 12,
    "cli": 13,
}
MODULES = sorted(SOURCE.rglob("*.py"))


def room(parts: tuple[str, ...]) -> str:
    return parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_imports_go_downwards(path):
    own = room(path.relative_to(SOURCE).parts)
    if own == "__init__":
        return
    for name in imports(path):
        if name.startswith("cscsanet."):
            other = room(tuple(name.split(".")[1:]))
            assert FLOORS[other] < FLOORS[own] or other == own, f"{own} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_only_tracking_knows_mlflow_and_nobody_knows_dvc(path):
    tops = {name.split(".")[0] for name in imports(path)}
    assert "dvc" not in tops
    if room(path.relative_to(SOURCE).parts) != "tracking":
        assert "mlflow" not in tops


def test_no_file_is_a_catch_all_or_too_long_to_read():
    assert not [
        path for path in MODULES if path.stem in {"util", "utils", "helper", "helpers", "common", "misc"}
    ]
    assert not [path for path in MODULES if len(path.read_text().splitlines()) > 350]
