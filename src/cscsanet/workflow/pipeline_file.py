"""dvc.yaml and dvc.lock as data: the stages, and what each had and made when it last ran.

DVC itself is not imported: reading two files is faster, and works without its cache.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cscsanet.errors import CscsanetError
from cscsanet.parsing import parse_yaml

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
        CscsanetError: dvc.yaml or params.yaml cannot be read, or a stage of dvc.yaml is not of the form of one.
    """
    values = read_yaml(root / PARAMS_FILE)
    path = root / "dvc.yaml"
    entries: dict[str, StageEntry] = {}
    for family, stage in _stages(path):
        with _errors(path, family):
            for entry in _family(family, stage, values):
                if entry.name in entries:
                    raise CscsanetError(f"{path}: two stages are named '{entry.name}'; rename one of them")
                entries[entry.name] = entry
    return entries


def read_lock(root: Path) -> dict[str, LockEntry]:
    """Return what dvc.lock holds, by address; nothing if there is no dvc.lock.

    Raises:
        CscsanetError: it cannot be read, or an entry is not of the form of one.
    """
    path = root / "dvc.lock"
    entries = {}
    for address, stage in _stages(path) if path.exists() else ():
        with _errors(path, address):
            files = [*_list(stage, "deps"), *_list(stage, "outs")]
            params = stage.get("params", {})
            code = params.get(CODE_FILE, {}).values()
            hashes = {_text(entry["path"]): _text(entry.get("md5", "")) for entry in files}
            if len(hashes) < len(files):
                raise ValueError("a path occurs twice")
            entries[address] = LockEntry(
                _text(stage["cmd"]),
                hashes,
                flatten(params.get(PARAMS_FILE, {})),
                _text(next(iter(code), "")),
            )
    return entries


def read_yaml(path: Path) -> dict[str, Any]:
    """Return a YAML file that holds a mapping.

    Raises:
        CscsanetError: it cannot be read, or what it says is ambiguous.
    """
    try:
        content = parse_yaml(path.read_text(encoding="utf-8"))
    except OSError:
        raise CscsanetError(f"{path}: cannot be read; run this in the project's folder") from None
    except ValueError as error:
        raise CscsanetError(f"{path}: not valid YAML: {error}; correct it, or restore it from git") from None
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


def _stages(path: Path) -> Iterable[tuple[str, Any]]:
    stages = read_yaml(path).get("stages")
    if not isinstance(stages, dict):
        raise CscsanetError(f"{path}: holds no stages; restore it from git")
    return stages.items()


@contextmanager
def _errors(path: Path, stage: str) -> Iterator[None]:
    """Convert what a stage of another form raises to a CscsanetError of one line."""
    try:
        yield
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise CscsanetError(
            f"{path}: stage '{stage}': not of the form of a stage ({error!r:.200}); correct it, or restore it from git"
        ) from None


def _family(family: str, stage: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[StageEntry]:
    """Yield the stages of an entry of dvc.yaml, one for each item of its foreach."""
    each = stage.get("foreach", {family: None})
    items = each if isinstance(each, dict) else {_item(item): item for item in _list(stage, "foreach")}
    for name, item in items.items():
        body = _filled(stage.get("do", stage), {**values, "item": item, "key": name})
        yield _entry(_item(name), f"{family}@{name}" if "foreach" in stage else _text(family), body)


def _entry(name: str, address: str, body: Mapping[str, Any]) -> StageEntry:
    outputs = [*_list(body, "outs"), *_list(body, "metrics"), *_list(body, "plots")]
    return StageEntry(
        name,
        address,
        _text(body["cmd"]),
        tuple(map(_path, _list(body, "deps"))),
        tuple(map(_path, outputs)),
        tuple(_params(body)),
    )


def _params(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys of params.yaml. A specialist names its own file: `specialists/access/params.yaml: [seed]`."""
    for entry in _list(body, "params"):
        if isinstance(entry, str):
            yield entry
            continue
        for file in entry:
            if _text(file).endswith(f"/{PARAMS_FILE}"):
                yield from map(_text, _list(entry, file))


def _list(body: Mapping[str, Any], key: str) -> list[Any]:
    # The letters of a text and the keys of a mapping can be iterated over, too.
    content = body.get(key, [])
    if not isinstance(content, list):
        raise TypeError(f"{key} is no list")
    return content


def _text(content: Any) -> str:
    if not isinstance(content, str):
        raise TypeError(f"{content!r} is no text")
    return content


def _item(content: Any) -> str:
    if isinstance(content, bool) or not isinstance(content, str | int):
        raise TypeError(f"{content!r} is no name")
    return str(content)


def _path(entry: str | Mapping[str, Any]) -> str:
    """Return a path, which may have options: `path: {cache: false}`."""
    (path,) = [entry] if isinstance(entry, str) else entry.keys()
    return _text(path)


def _filled(content: Any, values: Mapping[str, Any]) -> Any:
    """Replace each `${a.b}` in all strings by its value."""
    if isinstance(content, dict):
        return {_filled(key, values): _filled(value, values) for key, value in content.items()}
    if isinstance(content, list):
        return [_filled(value, values) for value in content]
    if not isinstance(content, str):
        return content
    return re.sub(r"\$\{([\w.]+)\}", lambda match: _value(match[1], values), content)


def _value(key: str, values: Mapping[str, Any]) -> str:
    value: Any = values
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            raise CscsanetError(f"dvc.yaml: ${{{key}}} is not in params.yaml; correct the name")
        value = value[part]
    if not isinstance(value, str | int | float):
        raise CscsanetError(f"dvc.yaml: ${{{key}}} is no text or number in params.yaml; correct the name")
    # DVC writes true and false.
    return str(value).lower() if isinstance(value, bool) else str(value)
