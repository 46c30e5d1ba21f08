"""Why a stage would run: its parameters, inputs, outputs and code now, against its last run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cscsanet.errors import CscsanetError, choose_of
from cscsanet.parsing import parse_json
from cscsanet.workflow.code import StageCode, find_script, stage_code
from cscsanet.workflow.pipeline_file import (
    PARAMS_FILE,
    LockEntry,
    StageEntry,
    content_hash,
    flatten,
    read_lock,
    read_pipeline,
    read_yaml,
)
from cscsanet.workflow.workspace import Workspace

WIDTH = 80
_ABSENT = object()


@dataclass(frozen=True)
class StageState:
    """What changed for one stage since its last run.

    params, changed_params: all of its parameters, and `key: old -> new` of those that changed. inputs, outputs: path ->
    what changed. reasons: why it would run. waits_for: stages that would run first and may change its inputs. code: None
    for the stage `code` itself. last_code: what the stage ran last in this checkout, if it did.
    """

    stage: StageEntry
    params: list[str]
    changed_params: list[str]
    inputs: dict[str, str]
    outputs: dict[str, str]
    reasons: list[str]
    waits_for: list[str]
    code: StageCode | None
    last_code: StageCode | None

    @property
    def verdict(self) -> str:
        """Whether the stage would run, and the first reason; an empty string if it would not."""
        if self.reasons:
            return f"would run: {self.reasons[0]}"
        return f"may run: after {', '.join(self.waits_for)}" if self.waits_for else ""


def explain(root: Path, source: Path, name: str) -> list[str]:
    """Return what a stage depends on and what of it changed, as lines of about 80 columns.

    source: the folder that holds the package. name: `noma` or `stage3@noma`.

    Raises:
        CscsanetError: there is no such stage, or a file of the project cannot be read.
    """
    pipeline = _Pipeline(root, source)
    state = pipeline.state(pipeline.find(name))
    lines = [f"{state.stage.address} {state.verdict or 'would not run'}", f"command: {state.stage.command}"]
    lines.append(f"parameters: {len(state.changed_params)} of {len(state.params)} changed")
    lines += [f"  {change}" for change in state.changed_params]
    for title, files in (("inputs", state.inputs), ("outputs", state.outputs)):
        lines.append(f"{title}: {sum(map(bool, files.values()))} of {len(files)} changed or missing")
        lines += [f"  {path} {change or 'unchanged'}" for path, change in files.items()]
    if state.code:
        lines += _code_lines(state.code, state.last_code)
    return [_fit(line) for line in lines]


def explain_all(root: Path, source: Path) -> list[str]:
    """Return a line for every stage that would or may run, with the first reason.

    Raises:
        CscsanetError: a file of the project cannot be read.
    """
    pipeline = _Pipeline(root, source)
    states = [pipeline.state(stage) for stage in pipeline.stages.values()]
    lines = [f"{state.stage.address} {state.verdict}" for state in states if state.verdict]
    return [_fit(line) for line in lines] or ["no stage would run"]


def would_run(root: Path, source: Path, names: Iterable[str]) -> list[str]:
    """Return those of some stages that would or may run, by their addresses.

    Raises:
        CscsanetError: as of `explain`.
    """
    pipeline = _Pipeline(root, source)
    stages = [pipeline.find(name) for name in names]
    return [stage.address for stage in stages if pipeline.state(stage).verdict]


class _Pipeline:
    """The stages of a project, and the state of each."""

    def __init__(self, root: Path, source: Path) -> None:
        self.root = root
        self.source = source
        self.stages = read_pipeline(root)
        self.lock = read_lock(root)
        self.params = flatten(read_yaml(root / PARAMS_FILE))
        self.makers = {path: stage for stage in self.stages.values() for path in stage.outputs}
        self.hash = cache(lambda path: content_hash(root / path))
        self.state = cache(self._state)

    def find(self, name: str) -> StageEntry:
        """Return a stage by its name or address."""
        by_address = {stage.address: stage for stage in self.stages.values()}
        if name not in self.stages and name not in by_address:
            raise CscsanetError(f"stage '{name}': not in dvc.yaml; {choose_of(name, self.stages)}")
        return self.stages.get(name) or by_address[name]

    def _state(self, stage: StageEntry) -> StageState:
        lock = self.lock.get(stage.address)
        sections = tuple(f"{key}." for key in stage.params)
        params = {
            key: value
            for key, value in self.params.items()
            if key in stage.params or key.startswith(sections)
        }
        changed_params = _param_changes(lock.params, params) if lock else []
        script = None if stage.name == "code" else find_script(self.root / "stages", stage.name)
        code = stage_code(script, stage.name, self.source) if script else None
        inputs = {path: self._file_change(path, lock) for path in stage.inputs}
        outputs = {path: self._file_change(path, lock) for path in stage.outputs}
        reasons = [f"parameter {change}" for change in changed_params]
        if lock is None:
            reasons.append("it has never run (no entry in dvc.lock)")
        elif code and code.digest != lock.code:
            reasons.append("its code changed")
        if lock and stage.command != lock.command:
            reasons.append("its command changed")
        reasons += [f"input {path} {change}" for path, change in inputs.items() if change]
        reasons += [f"output {path} {change}" for path, change in outputs.items() if change]
        makers = [self.makers[path] for path in stage.inputs if path in self.makers]
        waits_for = [maker.name for maker in makers if self.state(maker).verdict]
        return StageState(
            stage,
            list(params),
            changed_params,
            inputs,
            outputs,
            reasons,
            list(dict.fromkeys(waits_for)),
            code,
            read_last_code(Workspace(self.root).last_code(stage.name)),
        )

    def _file_change(self, path: str, lock: LockEntry | None) -> str:
        """Return how a file or folder differs from the last run, or an empty string."""
        current = self.hash(path)
        if not current:
            maker = self.makers.get(path)
            return "is missing" + (f" ({maker.name} makes it)" if maker else "")
        if lock is None or path not in lock.files:
            return "is new"
        return "" if current == lock.files[path] else "changed"


def read_last_code(path: Path) -> StageCode | None:
    """Read which code a stage ran last in this checkout; None if it did not run here.

    Raises:
        CscsanetError: the file is damaged.
    """
    if not path.exists():
        return None
    try:
        code = StageCode(**parse_json(path.read_text(encoding="utf-8")))
        for content in (code.definitions, code.libraries):
            if not isinstance(content, dict) or not all(isinstance(value, str) for value in content.values()):
                raise TypeError
        return code
    except (OSError, ValueError, TypeError):
        raise CscsanetError(f"{path}: damaged; remove it") from None


def _param_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    changed = [key for key in dict.fromkeys((*new, *old)) if old.get(key, _ABSENT) != new.get(key, _ABSENT)]
    return [f"{key}: {old.get(key, '(none)')} -> {new.get(key, '(none)')}" for key in changed]


def _code_lines(code: StageCode, last: StageCode | None) -> list[str]:
    """Return how much code there is, and what of it differs from the last run in this checkout."""
    size = f"modules: {len(code.modules)} with {len(code.definitions)} definitions"
    if last is None:
        return [f"{size}, never run in this checkout"]
    changes = _differences(last.definitions, code.definitions)
    lines = [
        f"  {key.removeprefix('cscsanet.').replace(':', ' ')}: {change}" for key, change in changes.items()
    ]
    for library, change in _differences(last.libraries, code.libraries).items():
        versions = f"{last.libraries.get(library, '(none)')} -> {code.libraries.get(library, '(none)')}"
        lines.append(f"  library {library}: {change}, {versions}")
    return [f"{size}, {len(lines)} changed since the last run here", *lines]


def _differences(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    return {
        key: "new" if key not in old else "gone" if key not in new else "changed"
        for key in sorted({**old, **new})
        if old.get(key) != new.get(key)
    }


def _fit(line: str) -> str:
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 4]} ..."
