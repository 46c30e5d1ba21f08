"""Write docs/sbom.cdx.json: every version of constraints.txt with its licence, in the format CycloneDX.

    make sbom

Licences and dependencies are from the metadata of the installed packages. A scope says what a package is for: `required` by
the package itself, `optional` by its extras, or `excluded`: for development alone. Equal inputs give equal bytes.
"""

import argparse
import json
import re
import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
SBOM = ROOT / "docs" / "sbom.cdx.json"
_PIN = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[A-Za-z0-9][A-Za-z0-9.!+_-]*)")
_LONGEST = 80  # characters of a licence's name; longer ones are its text


def pins(path: Path = ROOT / "constraints.txt") -> dict[str, str]:
    """Return name -> version of a file of constraints, of which every line must be `name==version`."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    found: dict[str, str] = {}
    for line in lines:
        if not line or line.startswith("#"):
            continue
        match = _PIN.fullmatch(line)
        if not match:
            raise SystemExit(f"error: {path}: '{line}' is no name==version; write the version that is used")
        found[canonicalize_name(match["name"])] = match["version"]
    return found


def direct() -> dict[str, list[Requirement]]:
    """Return the requirements of pyproject.toml: of the package (""), and of each of its extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {"": project["dependencies"], **project["optional-dependencies"]}
    return {group: [Requirement(text) for text in texts] for group, texts in groups.items()}


def requirements_of(name: str, extras: Iterable[str] = ()) -> list[Requirement]:
    """Return what an installed package needs on this machine, with some of its extras; nothing if it is not installed."""
    try:
        texts = distribution(name).requires or []
    except PackageNotFoundError:
        return []
    needed = [Requirement(text) for text in texts]
    return [
        each
        for each in needed
        if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    ]


def closure(roots: Iterable[Requirement]) -> set[str]:
    """Return the names of some requirements and of all that they need."""
    waiting, seen = list(roots), set[tuple[str, frozenset[str]]]()
    while waiting:
        each = waiting.pop()
        key = (canonicalize_name(each.name), frozenset(each.extras))
        if key not in seen and (each.marker is None or each.marker.evaluate({"extra": ""})):
            seen.add(key)
            waiting += requirements_of(*key)
    return {name for name, _ in seen}


def sbom() -> str:
    """Return the text of the file."""
    groups, versions = direct(), pins()
    required = closure(groups[""])
    optional = closure(each for name, group in groups.items() if name not in ("", "dev") for each in group)
    named = {canonicalize_name(each.name) for group in groups.values() for each in group}
    bom, licences = Bom(), LicenseFactory()
    root = Component(name="cscsanet", type=ComponentType.APPLICATION, bom_ref="cscsanet")
    root.licenses.add(licences.make_from_string("Apache-2.0"))
    bom.metadata.component = root
    components = {}
    for name, version in versions.items():
        scope = (
            ComponentScope.REQUIRED
            if name in required
            else ComponentScope.OPTIONAL
            if name in optional
            else ComponentScope.EXCLUDED
        )
        components[name] = Component(
            name=name,
            version=version,
            type=ComponentType.LIBRARY,
            purl=PackageURL("pypi", name=name, version=version),
            bom_ref=name,
            scope=scope,
            properties=[Property(name="cscsanet:direct", value="true")] if name in named else [],
        )
        licence = licence_of(name)
        if licence:
            components[name].licenses.add(licences.make_from_string(licence))
    bom.components.update(components.values())
    bom.register_dependency(root, [components[name] for name in sorted(named & components.keys())])
    for name, component in components.items():
        needed = {canonicalize_name(each.name) for each in requirements_of(name)} & components.keys()
        bom.register_dependency(component, [components[each] for each in sorted(needed)])
    content = json.loads(JsonV1Dot6(bom).output_as_string())
    # Both are other ones each time.
    content.pop("serialNumber")
    content["metadata"].pop("timestamp")
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def licence_of(name: str) -> str | None:
    """Return the licence that an installed package states: an expression, a name, or the names of its classifiers."""
    try:
        metadata = distribution(name).metadata
    except PackageNotFoundError:
        return None
    stated = metadata.get("License-Expression") or metadata.get("License") or ""
    if (
        stated.strip()
        and stated.strip() != "UNKNOWN"
        and "\n" not in stated.strip()
        and len(stated) <= _LONGEST
    ):
        return stated.strip()
    kinds = [
        each.split(" :: ")[-1]
        for each in metadata.get_all("Classifier") or []
        if each.startswith("License :: ")
    ]
    return ", ".join(dict.fromkeys(kinds)) or None


def main() -> None:
    """Write the file."""
    argparse.ArgumentParser(description="Write docs/sbom.cdx.json.").parse_args()
    SBOM.write_text(sbom(), encoding="utf-8")
    print(f"{SBOM}: {len(pins())} packages")


if __name__ == "__main__":
    main()
