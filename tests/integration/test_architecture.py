"""The rooms of the package: imports go downwards only, and heavy or foreign libraries stay where they belong."""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "cscsanet"
FLOORS = {
    "processes": -1,
    "errors": 0,
    "parsing": 0,
    "archives": 1,
    "files": 1,
    "config": 1,
    "metrics": 1,
    "plots": 1,
    "channel": 2,
    "scenes": 2,
    "tracking": 2,
    "networks": 3,
    "scene_sources": 3,
    "workflow": 3,
    "links": 4,
    "baselines": 5,
    "stations": 5,
    "training": 6,
    "evaluation": 7,
    "page": 8,
    "export": 8,
    "pipeline": 9,
    "studies": 10,
    "specialists": 10,
    "api": 11,
    "phy": 12,
    "cli": 12,
}
MODULES = sorted(SOURCE.rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Return the modules that a file imports at any depth, but not those for the type checker."""
    names = set()
    for node in nodes(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def nodes(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING")):
            yield from nodes(child)


def module_file(name: str) -> Path | None:
    base = SOURCE.parent / Path(*name.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.exists()), None)


def libraries(path: Path) -> set[str]:
    """Return the libraries that a file imports, directly or through other modules of the package."""
    tops: set[str] = set()
    seen, waiting = {path}, [path]
    while waiting:
        for name in imports(waiting.pop()):
            if not name.startswith("cscsanet"):
                tops.add(name.split(".")[0])
            # The package itself imports on first use alone, which the next test shows.
            elif name != "cscsanet" and (module := module_file(name)) and module not in seen:
                seen.add(module)
                waiting.append(module)
    return tops


def test_imports_go_downwards():
    upwards = [
        f"{path.relative_to(SOURCE)}: {name}"
        for path in MODULES
        if room(path) != "__init__"
        for name in imports(path)
        if name.startswith("cscsanet.")
        and not name.startswith("cscsanet.__")
        and name.split(".")[1] != room(path)
        and FLOORS[name.split(".")[1]] >= FLOORS[room(path)]
    ]
    assert upwards == []


def test_there_are_fourteen_floors_and_every_room_is_on_one():
    assert sorted(set(FLOORS.values())) == list(range(-1, 13))
    assert set(FLOORS) == {room(path) for path in MODULES} - {"__init__"}


def test_only_tracking_imports_mlflow_and_nothing_imports_dvc():
    importers = {
        (name.split(".")[0], room(path))
        for path in MODULES
        for name in imports(path)
        if name.split(".")[0] in {"dvc", "mlflow"}
    }
    assert importers == {("mlflow", "tracking")}


@pytest.mark.parametrize("name", ["stations", "session", "metadata", "remote"])
def test_the_processes_of_stations_import_no_torch(name):
    used = libraries(SOURCE / "stations" / f"{name}.py")
    assert used
    assert not used & {"torch", "lightning", "onnx", "mlflow", "matplotlib"}


def test_the_package_imports_nothing_before_a_name_of_it_is_used():
    code = "import sys, cscsanet; dir(cscsanet); print([name for name in sys.modules if '.' not in name])"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert "cscsanet" in loaded
    assert not [name for name in ("torch", "numpy", "matplotlib", "typer") if f"'{name}'" in loaded]


def test_the_walk_over_imports_sees_torch_behind_other_modules():
    assert "torch" in libraries(SOURCE / "links" / "csc_sa_net.py")


def test_no_file_is_a_catch_all_or_too_long_to_read():
    assert not [
        path for path in MODULES if path.stem in {"util", "utils", "helper", "helpers", "common", "misc"}
    ]
    assert not [path for path in MODULES if len(path.read_text().splitlines()) > 350]


def test_no_folder_has_over_twenty_files():
    counts = Counter(path.parent.relative_to(SOURCE).as_posix() for path in MODULES)
    assert {folder: count for folder, count in counts.items() if count > 20} == {}
