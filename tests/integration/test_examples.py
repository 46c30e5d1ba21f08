"""The examples of README and docs work when they are typed as they stand, one after the other, in a new clone."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cscsanet.cli import app
from cscsanet.config.params import PROFILES, SPECIALIST_PROFILES
from cscsanet.config.schemes import SCHEMES
from cscsanet.workflow.pipeline_file import read_pipeline

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# The scheme that docs/extending.md adds step by step, which test_extending.py does.
WALKTHROUGH = "random-beams"
# Programs of others, of which no more is checked than the scripts that they are given.
OTHERS = {"cd", "export", "pip", "ray", "source", "srun", "torchrun"}
# Commands that take seconds in a new clone, and are run.
QUICK = [
    ("predict",),
    ("channel", "draw"),
    ("channel", "response"),
    ("access", "detect"),
    ("fusion", "precode"),
    ("why",),
]
_FENCE = re.compile(r"^ *```sh\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_VARIABLE = re.compile(r"[A-Z_]+=\S*")


def examples(text: str) -> Iterator[list[str]]:
    """Yield the words of every command in the shell examples of a page."""
    for block in _FENCE.findall(text):
        for line in block.splitlines():
            for command in re.split(r"^#.*| #.*|&&", line):
                words = shlex.split(command or "")
                while words and _VARIABLE.fullmatch(words[0]):
                    words.pop(0)
                if words:
                    yield words


def faults(text: str) -> list[str]:
    """Return the examples of a page that cannot work in a new clone, each with the reason."""
    made: set[str] = set()
    found = []
    for words in examples(text):
        try:
            reason = _fault(words, made)
        except typer.Exit:
            reason = ""
        except Exception as error:
            reason = str(error) or type(error).__name__
        if reason:
            found.append(f"{' '.join(words)}: {reason}")
    return found


def _fault(words: list[str], made: set[str]) -> str:
    """Return why an example cannot work, or an empty text. made: what earlier ones wrote, to which its files are added."""
    program, *rest = words
    if program == "cscsanet":
        return _fault_of_ours(rest, made)
    if program == "make":
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        allowed = {
            *targets,
            *(f"PROFILE={name}" for name in PROFILES),
            *(f"NAME={name}" for name in SPECIALIST_PROFILES),
        }
        return _none_of(rest, allowed)
    if program == "dvc":
        return _none_of(
            [word for word in rest[1:] if "@" in word],
            {entry.address for entry in read_pipeline(ROOT).values()},
        )
    if program == "git":
        made.add(rest[-1])
        return _missing([rest[1].partition(":")[2]], made)
    scripts = [word for word in rest if word.endswith(".py")]
    if program == "python":
        source = (ROOT / scripts[0]).read_text()
        return _none_of(
            [word for word in rest if word.startswith("--")], set(re.findall(r"--[\w-]+", source))
        )
    if program == "cd":
        return "" if rest[0] == "../.." else _missing(rest, made)
    return _missing(scripts, made) if program in OTHERS else "no program that is known"


def _fault_of_ours(words: list[str], made: set[str]) -> str:
    """Parse a command with its values, without running it; look for the schemes and the files that it names."""
    command = typer.main.get_command(app)
    while hasattr(command, "commands"):
        name, *words = words
        command = command.commands[name]
    context = command.make_context(command.name, list(words))
    given = {name: value for name, value in context.params.items() if value is not None}
    # An option of a profile makes its folder; --out names what is written.
    out, profile = given.pop("out", None), given.get("profile")
    read = [
        str(value) for name, value in given.items() if isinstance(value, Path) and str(value) != "params.yaml"
    ]
    reason = _missing(read, made)
    schemes = given.get("schemes") or given.get("scheme") or []
    names = schemes.split(",") if isinstance(schemes, str) else schemes
    made |= {str(out)} if out else set()
    made |= {f"runs/{profile}"} if profile else set()
    return reason or _none_of(names, {*SCHEMES, WALKTHROUGH})


@cache
def _tracked() -> set[str]:
    """Return the files that git holds, and the folders that they are in."""
    command = ["git", "ls-files"]
    files = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return {*files, *(str(folder) for file in files for folder in Path(file).parents)}


def _none_of(words: list[str], allowed: set[str]) -> str:
    unknown = [word for word in words if word not in allowed]
    return f"there is no {', '.join(unknown)}" if unknown else ""


def _missing(paths: list[str], made: set[str]) -> str:
    """Return which files are neither in the repository nor written, or within what was written, by an earlier example."""
    missing = [
        path
        for path in paths
        if path not in _tracked() and not any(f"{path}/".startswith(f"{other}/") for other in made)
    ]
    return f"a new clone has no {', '.join(missing)}" if missing else ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_example_can_work_in_a_new_clone(page):
    assert faults(page.read_text(encoding="utf-8")) == []


def test_examples_that_cannot_work_are_noticed():
    text = (
        "```sh\n"
        "cscsanet predict rgb.png docs/sample/thermal.png --out mask.png   # a comment\n"
        "cscsanet compare few/noma few/oma\n"
        "cscsanet sweep --axis snr --out few && cscsanet compare few/noma few/oma\n"
        "cscsanet evaluate --scheme nomma\n"
        "cscsanet evaluate --snr-db loud\n"
        "A=b cscsanet evaluate --gone\n"
        "cscsanet gone\n"
        "make repro PROFILE=large\n"
        "dvc repro stage3@gone\n"
        "python benchmarks/scale.py --gone\n"
        "python benchmarks/gone.py\n"
        "gone\n"
        "cd runs/smoke\n"
        "cscsanet repro --profile smoke && cd runs/smoke\n"
        "```\n"
        "```python\ngone\n```\n"
    )
    assert [fault.partition(": ")[0] for fault in faults(text)] == [
        "cscsanet predict rgb.png docs/sample/thermal.png --out mask.png",
        "cscsanet compare few/noma few/oma",
        "cscsanet evaluate --scheme nomma",
        "cscsanet evaluate --snr-db loud",
        "cscsanet evaluate --gone",
        "cscsanet gone",
        "make repro PROFILE=large",
        "dvc repro stage3@gone",
        "python benchmarks/scale.py --gone",
        "python benchmarks/gone.py",
        "gone",
        "cd runs/smoke",
    ]


def test_quick_examples_run_in_a_new_clone(tmp_path, monkeypatch):
    """In a folder with what git holds; those that need a longer run before them are left out."""
    for name in (
        "params.yaml",
        "dvc.yaml",
        "dvc.lock",
        "specialists/access/params.yaml",
        "specialists/fusion/params.yaml",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("constraints.txt", "docs", "reports", "src", "stages"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    ran: set[tuple[str, ...]] = set()
    for words in [words for page in PAGES for words in examples(page.read_text(encoding="utf-8"))]:
        command = next((each for each in QUICK if tuple(words[: 1 + len(each)]) == ("cscsanet", *each)), None)
        # The first of each kind: the others differ in options, which were parsed.
        if command is None or command in ran or "--engine" in words:
            continue
        done = CliRunner().invoke(app, words[1:])
        assert done.exit_code == 0, f"{' '.join(words)}: {done.exception}"
        ran.add(command)
    assert ran == set(QUICK)
