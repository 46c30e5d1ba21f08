"""Whether a project is what it would be without the fault, and whether an error is one clear line."""

import hashlib
import json
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml
from faults.plan import Fault, stages
from fixtures.project import Project

from cscsanet.workflow.pipeline_file import StageEntry

FILLER = ".filler"  # takes the rest of a full disk
COMPARED = ("data", "models", "reports", "code.yaml")
# Measured times, and the page that shows them, differ at every run.
TIMED = ("reports/times/", "reports/specialists/times/", "reports/latency.json", "reports/index.html")
# What our programs write before or beside an error, each a line.
_BESIDE = re.compile(
    r"note: |resuming after epoch |.*; the training starts anew|.*: missing, so it is made now"
    # Lightning's, in undisturbed trainings, too.
    r"|(GPU|TPU|HPU) available: |💡 |`Trainer\.fit` stopped|/.*\.py:\d+: |  (warnings\.warn|rank_zero_warn)|Restor(ing|ed) "
)
_BAR = re.compile(r"\s*$|.*\d+%\|.*|.*\| \d+/[\d?]+ \[.*")  # progress
_MOVES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")  # of the cursor of a terminal


@dataclass(frozen=True)
class Outcome:
    """What happened.

    verdict: `recovered` at once; `refused` in one line, and recovered by what it says; `limit`, where nothing noticed it,
    or a `failure`. said: the line, or what is wrong.
    """

    verdict: str
    said: str = ""


def contents(root: Path) -> dict[str, str]:
    """Return the digest of every file that is compared, by its path."""
    found = {}
    for name in COMPARED:
        top = root / name
        for path in top.rglob("*") if top.is_dir() else [top]:
            key = path.relative_to(root).as_posix()
            if path.is_file() and path.name != FILLER and not key.startswith(TIMED):
                found[key] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def differences(project: Path, undisturbed: Path) -> list[str]:
    """Return what differs from the undisturbed project: files missing, other or left over, and damaged reports of times."""
    now, then = contents(project), contents(undisturbed)
    lines = [f"{name} is missing" for name in then if name not in now]
    lines += [f"{name} is left over" for name in now if name not in then]
    lines += [f"{name} differs" for name in then if name in now and now[name] != then[name]]
    return lines + broken_times(project) + other_locks(project, undisturbed)


def halves(project: Path, undisturbed: Path, expected: dict[str, str]) -> list[str]:
    """Return the files that are neither whole nor absent. expected: path -> digest of what the fault itself put there."""
    now, then = contents(project), contents(undisturbed)
    return [
        f"{name} is neither whole nor absent"
        for name, digest in now.items()
        if digest not in (then.get(name), expected.get(name)) and not is_partial(name)
    ] + broken_times(project)


def is_partial(name: str) -> bool:
    """Whether a path is that of an unfinished file or folder, which nothing reads: its name begins with a dot."""
    return any(part.startswith(".") for part in name.split("/"))


def broken_times(project: Path) -> list[str]:
    """Return the reports of times that are there and not whole."""
    broken = []
    for path in [project / "reports" / "latency.json", *(project / "reports").rglob("times/**/*.json")]:
        try:
            json.loads(path.read_text(encoding="utf-8") if path.exists() else "{}")
        except ValueError:
            broken.append(f"{path.name} is not whole")
    page = project / "reports" / "index.html"
    if page.exists() and not page.read_text(encoding="utf-8").rstrip().endswith("</html>"):
        broken.append("index.html is not whole")
    return broken


def other_locks(project: Path, undisturbed: Path) -> list[str]:
    """Return the stages whose entries in dvc.lock differ, where both have one.

    Those with times among their files do not count.
    """
    if not (undisturbed / "dvc.lock").exists():
        return []
    now, then = (yaml.safe_load((root / "dvc.lock").read_text())["stages"] for root in (project, undisturbed))
    return [
        f"dvc.lock: {name} differs"
        for name in then
        if name in now and name not in ("latency", "report") and now[name] != then[name]
    ]


def clear_line(done: subprocess.CompletedProcess[str]) -> str | None:
    """Return the error line of a failed command, or None if it has no clear one.

    A stage or command of ours prints one line; DVC adds lines of its own.
    """
    if done.returncode <= 0 or "Traceback (most recent call last)" in done.stderr + done.stdout:
        return None
    lines = [
        line
        for line in _MOVES.sub("\n", done.stderr).splitlines()
        if not _BAR.fullmatch(line) and not _BESIDE.match(line)
    ]
    ours = [line for line in lines if line.startswith("error: ") or ": stopped by SIGTERM; " in line]
    words = done.args if isinstance(done.args, str) else " ".join(map(str, done.args))
    if "dvc repro" not in words:
        return ours[0] if len(ours) == len(lines) == 1 else None
    errors = [
        line
        for line in lines
        if line.startswith("ERROR: ") or re.search("validation failed|is invalid", line)
    ]
    return (ours or errors or [None])[0]


def remedy(project: Project, undisturbed: Path, fault: Fault, said: str) -> str:
    """Do what an error line says; return what was done, or an empty string if the line does not say what to do."""
    command = re.search(r"[Rr]un '((?:dvc repro|make specialist)[^']*)'", said)
    if command:
        words = command[1].replace("make specialist NAME=", "dvc repro specialists/").split()
        if words[-1].startswith("specialists/"):
            words[-1] += "/dvc.yaml"
        if words == ["dvc", "repro"]:
            # Of the whole pipeline it would run the stage that makes the damaged file.
            words += [stage.address for stage in stages(project.root) if makes(stage, fault.target)]
        if "remove it" in said:
            Path(said.removeprefix("error: ").split(": ")[0]).unlink(missing_ok=True)
        project.run(*words)
        return command[1]
    if "draw the drops again" in said:
        project.run("python", "stages/channels.py")
        return "python stages/channels.py"
    if "make the frames again" in said or "restore it from the dataset" in said:
        for script in ("scenes", "split"):
            project.run("python", f"stages/{script}.py")
        return "python stages/scenes.py, split.py"
    if "export the scheme" in said:
        project.run("dvc", "repro", "export")
        return "dvc repro export"
    if "move it away" in said:
        (project.root / "mlflow.db").rename(project.root / "mlflow.db.away")
        return "moved away"
    if re.search("check the (disk|folder)|free some space", said):
        for filler in project.root.rglob(FILLER):
            filler.unlink()
        return "space freed"
    if fault.target in ("params.yaml", "dvc.lock", "code.yaml") and fault.target in said:
        shutil.copy(undisturbed / fault.target, project.root / fault.target)
        return "restored from git"
    if re.search("wait|again|[Ll]ock|busy|start or repair it", said):
        return "run again"
    return ""


def makes(stage: StageEntry, path: str) -> bool:
    """Whether a path is, or is below, an output of a stage."""
    return any(f"{path}/".startswith(f"{output}/") for output in stage.outputs)


def judge(
    project: Project, undisturbed: Path, fault: Fault, expected: dict[str, str], **variables: str
) -> Outcome:
    """Run what a user runs after a fault, do what an error says, and compare the project with the undisturbed one."""
    words = shlex.split(fault.command)
    begun = halves(project.root, undisturbed, expected)
    if begun:
        return Outcome("failure", "; ".join(begun[:3]))
    done = project.run(*words, check=False, **variables)
    said = clear_line(done)
    if done.returncode:
        if said is None:
            return Outcome("failure", f"no clear line: {done.stderr[-600:]}")
        begun = halves(project.root, undisturbed, expected)
        if begun:
            return Outcome("failure", "; ".join(begun[:3]))
        try:
            did = remedy(project, undisturbed, fault, said)
        except AssertionError as error:
            return Outcome("failure", f"the remedy of '{said}' failed: {str(error)[-400:]}")
        if not did:
            return Outcome("failure", f"the line does not say what to do: {said}")
        again = project.run(*words, check=False, **variables)
        if again.returncode:
            return Outcome("failure", f"'{said}'; after its remedy: {again.stderr[-400:]}")
    unequal = differences(project.root, undisturbed)
    if fault.target == "dvc.lock":
        # Entries that it lost are made again when their stages are asked for.
        unequal = [line for line in unequal if not line.startswith("dvc.lock: ")]
    if unequal:
        if fault.limit and not done.returncode:
            return Outcome("limit", "; ".join(unequal[:3]))
        return Outcome("failure", "; ".join(unequal[:3]))
    if fault.limit:
        return Outcome("failure", "expected to pass unnoticed, and did not: correct the plan")
    return Outcome("refused", said or "") if done.returncode else Outcome("recovered")
