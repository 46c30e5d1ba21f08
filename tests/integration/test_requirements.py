"""Every package that gets installed has one version, and the list of them (SBOM) is that of these versions."""

import importlib.util
import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType

import pytest
from cyclonedx.model.bom import Bom
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "docs" / "sbom.cdx.json"


@pytest.fixture(scope="module")
def listing() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sbom", ROOT / "docs" / "build" / "sbom.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def installed(name: str) -> str | None:
    try:
        # Of a build for some hardware, as 2.13.0+cpu, the version is 2.13.0.
        return version(name).partition("+")[0]
    except PackageNotFoundError:
        return None


def test_every_requirement_and_all_that_it_needs_has_one_version_which_is_installed(listing):
    pins, groups = listing.pins(), listing.direct()
    assert {"", "dev", "tr38901"} <= set(groups)
    needed = listing.closure(each for group in groups.values() for each in group)
    assert len(needed) > 150
    present = {name for name in needed if installed(name)}
    # Of an extra that is not installed, nobody can say what it needs.
    optional = {
        canonicalize_name(each.name)
        for name, group in groups.items()
        if name not in ("", "dev")
        for each in group
    }
    assert needed - present <= optional
    assert sorted(needed - pins.keys()) == []
    assert {name: installed(name) for name in present if installed(name) != pins[name]} == {}


def test_every_version_is_one_that_the_project_asks_for(listing):
    pins = listing.pins()
    for group in listing.direct().values():
        for each in group:
            assert each.specifier.contains(pins[canonicalize_name(each.name)]), each


@pytest.mark.parametrize(
    "line", ["torch", "torch>=2", "torch==2.*", "torch @ https://example.org/a.whl", "-e ."]
)
def test_a_line_without_a_version_is_refused(listing, tmp_path, line):
    path = tmp_path / "constraints.txt"
    path.write_text(f"# a comment\nnumpy==2.0\n{line}\n")
    with pytest.raises(SystemExit, match="is no name==version"):
        listing.pins(path)
    path.write_text("numpy==2.0\n")
    assert listing.pins(path) == {"numpy": "2.0"}


def test_the_list_has_each_version_once_and_says_what_it_is_for(listing):
    content = json.loads(COMMITTED.read_text(encoding="utf-8"))
    parts = content["components"]
    assert {part["name"]: part["version"] for part in parts} == listing.pins(), "run 'make sbom'"
    assert len(parts) == len(listing.pins())
    assert all(part["purl"] == f"pkg:pypi/{part['name']}@{part['version']}" for part in parts)
    scopes = {part["name"]: part["scope"] for part in parts}
    assert (scopes["torch"], scopes["sionna-no-rt"], scopes["pytest"]) == ("required", "optional", "excluded")
    named = {canonicalize_name(each.name) for group in listing.direct().values() for each in group}
    assert {part["name"] for part in parts if "properties" in part} == named
    tree = {entry["ref"]: entry.get("dependsOn", []) for entry in content["dependencies"]}
    assert set(tree["cscsanet"]) == named
    assert "sqlalchemy" in tree["mlflow"]
    assert sum("licenses" in part for part in parts) > 0.9 * len(parts)
    assert len(Bom.from_json(content).components) == len(parts)


def test_the_list_is_the_same_byte_for_byte_each_time(listing):
    text = COMMITTED.read_text(encoding="utf-8")
    assert len(text) < 200_000
    assert not {"serialNumber", "timestamp"} & {*json.loads(text), *json.loads(text)["metadata"]}
    listed = {part["name"] for part in json.loads(text)["components"] if "licenses" in part}
    if any(installed(name) is None for name in listed):
        pytest.skip("not all of its packages are installed")
    assert listing.sbom() == text, "run 'make sbom'"
