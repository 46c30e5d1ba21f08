"""dvc.yaml and dvc.lock as data: the stages, and what each had and made when it last ran.

DVC itself is not imported: reading two files is faster, and works without its cache.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cscsanet.errors import CscsanetError

CODE_FILE = "code.yaml"
PARAMS_FILE = "params.yaml"


@dataclass(frozen=True)
class StageEntry:
    """One stage of dvc.yaml. address: as DVC has it, `stage3@noma`. params: keys of params.yaml."""

    name: str
    address: str
    command: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    params: tuple[str, ...]


@dataclass(frozen=True)
class LockEntry:
    """What a stage had when it last ran. files: path -> hash, of inputs and outputs. code: its digest."""

    command: str
    files: dict[str, str]
    params: dict[str, Any]
    code: str


def read_pipeline(root: Path) -> dict[str, StageEntry]:
    """Return the stages of dvc.yaml in its order, by name: `noma` for `stage3@noma`.

    Raises:
        CscsanetError: dvc.yaml or params.yaml cannot be read.
    """
    values = read_yaml(root / PARAMS_FILE)
    entries = {}
    for family, stage in read_yaml(root / "dvc.yaml").get("stages", {}).items():
        each = stage.get("foreach")
        items = {str(item): item for item in each} if isinstance(each, list) else each or {family: None}
        for name, item in items.items():
            body = _filled(stage.get("do", stage), {**values, "item": item, "key": name})
            address = f"{family}@{name}" if each else family
            entries[name] = _entry(name, address, body)
    return entries


def read_lock(root: Path) -> dict[str, LockEntry]:
    """Return what dvc.lock holds, by address; nothing if there is no dvc.lock."""
    path = root / "dvc.lock"
    entries = {}
    for address, stage in (read_yaml(path)["stages"] if path.exists() else {}).items():
        files = [*stage.get("deps", []), *stage.get("outs", [])]
        params = stage.get("params", {})
        code = params.get(CODE_FILE, {}).values()
        entries[address] = LockEntry(
            stage.get("cmd", ""),
            {entry["path"]: entry.get("md5", "") for entry in files},
            flatten(params.get(PARAMS_FILE, {})),
            str(next(iter(code), "")),
        )
    return entries


def read_yaml(path: Path) -> dict[str, Any]:
    """Return a YAML file that holds a mapping.

    Raises:
        CscsanetError: it cannot be read.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError:
        raise CscsanetError(f"{path}: cannot be read; run this in the project's folder") from None
    except yaml.YAMLError as error:
        raise CscsanetError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise CscsanetError(f"{path}: holds no mapping; restore it from git")
    return content


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested mappings as `section.key` -> value."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        flat |= flatten(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return flat


def content_hash(path: Path) -> str:
    """Return the hash that DVC gives a file or a folder, or an empty string if there is none."""
    if path.is_file():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "md5").hexdigest()
    if not path.is_dir():
        return ""
    files = sorted(file for file in path.rglob("*") if file.is_file() and not _is_ignored(file))
    names = sorted((file.relative_to(path).as_posix(), file) for file in files)
    entries = [{"md5": content_hash(file), "relpath": name} for name, file in names]
    return hashlib.md5(json.dumps(entries, sort_keys=True).encode()).hexdigest() + ".dir"


def _is_ignored(path: Path) -> bool:
    """Whether .dvcignore names a file."""
    return path.suffix == ".pyc" or "__pycache__" in path.parts


def _entry(name: str, address: str, body: Mapping[str, Any]) -> StageEntry:
    outputs = [*body.get("outs", []), *body.get("metrics", []), *body.get("plots", [])]
    return StageEntry(
        name,
        address,
        body["cmd"],
        tuple(_paths(body.get("deps", []))),
        tuple(_paths(outputs)),
        tuple(key for key in body.get("params", []) if isinstance(key, str)),
    )


def _paths(entries: Iterable[str | Mapping[str, Any]]) -> Iterator[str]:
    for entry in entries:
        yield entry if isinstance(entry, str) else next(iter(entry))


def _filled(content: Any, values: Mapping[str, Any]) -> Any:
    """Replace each `${a.b}` in all strings by its value."""
    if isinstance(content, dict):
        return {_filled(key, values): _filled(value, values) for key, value in content.items()}
    if isinstance(content, list):
        return [_filled(value, values) for value in content]
    if not isinstance(content, str):
        return content
    return re.sub(r"\$\{([\w.]+)\}", lambda match: str(_value(match[1], values)), content)


def _value(key: str, values: Mapping[str, Any]) -> Any:
    value: Any = values
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            raise CscsanetError(f"dvc.yaml: ${{{key}}} is not in params.yaml; correct the name")
        value = value[part]
    return value
