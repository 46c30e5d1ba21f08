"""What a run of the pipeline will go through: DVC's names of its targets, the number of stages, and their earlier times."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cscsanet.errors import CscsanetError, choose_of
from cscsanet.workflow.pipeline_file import PARAMS_FILE, StageEntry, read_pipeline, read_yaml
from cscsanet.workflow.repro.dvc_run import Reporter
from cscsanet.workflow.repro.expected import Remaining, earlier_seconds
from cscsanet.workflow.why import would_run
from cscsanet.workflow.workspace import SOURCE


def plan(
    root: Path, targets: Sequence[str], specialist: str | None, write: Callable[[str], None]
) -> tuple[list[str], Reporter]:
    """Return the targets as DVC names them, and the reporter of a run of them.

    root: of the project. targets: names or addresses of stages; none: all. specialist: whose; None: of the study.
    write: takes a line of the reporter's.

    Raises:
        CscsanetError: there is no such stage or specialist, or a file of the project cannot be read.
    """
    folder = root / "specialists" / specialist if specialist else root
    if not (folder / "dvc.yaml").exists():
        raise CscsanetError(
            f"{folder}: holds no dvc.yaml; run this in the project's folder, or name another specialist"
        )
    stages = read_pipeline(folder)
    chosen = [_find(stages, target) for target in targets]
    needed = _needed(stages, chosen) if chosen else stages
    profile = str(read_yaml(folder / PARAMS_FILE).get("profile"))
    reports = root / "reports" / "specialists" if specialist else root / "reports"
    earlier = earlier_seconds(reports, profile, needed, f"{specialist}/" if specialist else "")
    # It writes the digests of the code, which takes seconds, and no report of its time.
    earlier.setdefault("code", 5.0)
    if specialist:
        file = f"specialists/{specialist}/dvc.yaml"
        remaining = Remaining(earlier, set(needed), restored=True)
        return [f"{file}:{stage.address}" for stage in chosen] or [file], Reporter(
            len(needed), remaining, write
        )
    due = set(would_run(root, SOURCE, needed))
    remaining = Remaining(earlier, {name for name, stage in needed.items() if stage.address in due})
    return [stage.address for stage in chosen], Reporter(len(needed), remaining, write)


def _find(stages: Mapping[str, StageEntry], target: str) -> StageEntry:
    for name, stage in stages.items():
        if target in (name, stage.address):
            return stage
    raise CscsanetError(f"stage '{target}': not in dvc.yaml; {choose_of(target, stages)}")


def _needed(stages: Mapping[str, StageEntry], chosen: Sequence[StageEntry]) -> dict[str, StageEntry]:
    """Return some stages, and all that they need, directly or through others."""
    needed: dict[str, StageEntry] = {}
    waiting = list(chosen)
    while waiting:
        stage = waiting.pop()
        if stage.name in needed:
            continue
        needed[stage.name] = stage
        for other in stages.values():
            if any(_overlap(made, read) for made in other.outputs for read in stage.inputs):
                waiting.append(other)
        # Every stage but this reads its digest from the file that `code` writes.
        if "code" in stages:
            waiting.append(stages["code"])
    return needed


def _overlap(one: str, other: str) -> bool:
    """Whether two paths are the same, or one is within the other."""
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")
