"""The documentation: tables and numbers come from the reports, and what it names exists."""

import importlib.util
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from fixtures.typed_results import NO_RESULTS, SINGLE_RUNS, prose, typed_results

from cscsanet.cli import app
from cscsanet.workflow.pipeline_file import read_pipeline

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "cscsanet"
README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
WIDTH = 100
# Folders of a user's dataset, and folders that runs write and that are no output of a stage.
OTHER_FOLDERS = {
    *("images/", "labels/", "vi/", "ir/", "Segmentation_labels/", "train/", "test/"),
    "mlruns/",
}
# The scheme that docs/extending.md adds step by step.
WALKTHROUGH = ("random_beams", "random-beams")

_FENCE = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"`([^`]+)`")
_PATH = re.compile(r"[\w.*/-]*/[\w.*-]+\.(?:py|yaml|md|json)|[\w.*/-]+/|[\w-]+\.py")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def tables():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "docs" / "build")
        spec = importlib.util.spec_from_file_location("tables", ROOT / "docs" / "build" / "tables.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module


def test_every_table_and_number_is_written_from_the_reports(tables, tmp_path, capsys):
    (tmp_path / "docs").mkdir()
    with_blocks = set()
    names = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        # At the start of a line the comment would end the paragraph.
        assert not re.search(r"^ *<!-- value", text, re.MULTILINE)
        blocks = [match[2] for pattern in (tables.TABLE, tables.VALUE) for match in pattern.finditer(text)]
        assert text.count("<!-- end -->") == len(blocks), f"{page.name}: a block is not closed"
        if blocks:
            with_blocks.add(str(page.relative_to(ROOT)))
        names += blocks
        emptied = tables.TABLE.sub(r"\1\3", tables.VALUE.sub(r"\1\3", text))
        (tmp_path / page.relative_to(ROOT)).write_text(emptied, encoding="utf-8")
    assert set(names) == {*tables.TABLES, *tables.VALUES}
    tables.main(tmp_path)
    assert set(capsys.readouterr().out.split()) == with_blocks
    for page in with_blocks:
        text = (tmp_path / page).read_text(encoding="utf-8")
        assert all(match[0].count("\n|") >= 3 for match in tables.TABLE.finditer(text))
        assert all(re.search(r">-?\d[\d.]*( %)?<", match[0]) for match in tables.VALUE.finditer(text))
        # A project with results of its own fills its pages when it writes them.
        if _reports_are_committed():
            assert text == (ROOT / page).read_text(encoding="utf-8"), f"{page}: run docs/build/tables.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_result_is_typed_into_a_page(page):
    assert typed_results(page.read_text(encoding="utf-8")) == []


def test_every_exception_from_typed_results_occurs():
    text = "\n".join(prose(page.read_text(encoding="utf-8")) for page in PAGES)
    assert [phrase for phrase in NO_RESULTS if phrase not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_that_a_page_names_exists(page):
    assert _missing_paths(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_picture_of_a_page_exists(page):
    assert _broken_links(page, page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_names_exists_with_its_options(page):
    assert _wrong_commands(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda page: page.name)
def test_prose_is_at_most_100_columns_wide(page):
    assert _wide_lines(page.read_text(encoding="utf-8")) == []


def test_the_readme_has_at_most_150_lines():
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 150


def test_every_stage_of_the_list_of_results_exists():
    stages = {*read_pipeline(ROOT), "trainings", "every stage", "make specialist"}
    text = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    rows = [line.strip("| ") for line in text.splitlines() if line.startswith("| `reports/")]
    named = [row.split(" | ")[-1].strip("`") for row in rows]
    assert named
    assert set(named) <= stages


def test_wrong_names_and_wide_lines_are_noticed():
    text = (
        f"{'long ' * 30}\n"
        "`links/gone.py`, `gone.py`, `gone/`, `links/link.py`, `links/*.py`, `data/scenes/`, `mlruns/`\n"
        "[a](gone.md) [b](#gone) [c](README.md#where-next) ![d](reports/gone.png)\n"
        "`cscsanet gone` `cscsanet predict --gone` `--gone`\n"
        "`--force` `dvc repro gone` `dvc repro stage3@noma`\n"
        "```sh\n"
        "cscsanet channel gone     # a comment\n"
        "cscsanet evaluate --json --gone && cscsanet ui\n"
        "```\n"
    )
    assert _missing_paths(text) == ["links/gone.py", "gone.py", "gone/"]
    assert _broken_links(README, text) == ["gone.md", "#gone", "reports/gone.png"]
    assert _wrong_commands(text) == [
        "cscsanet channel gone",
        "cscsanet evaluate --json --gone",
        "cscsanet gone",
        "cscsanet predict --gone",
        "--gone",
        "dvc repro gone",
    ]
    assert _wide_lines(text) == [1]


def test_typed_results_are_noticed():
    text = (
        "# Results\n"
        "mIoU .257, 0.31 and -0.9 [-2.2, +0.5]; 89 % of the ceiling, 79 to 93 %, 40\n"
        "min, 37 to 43 slots, 1e-3 of it, 4 300 operators, 3 points, 6 dB better, a factor of 40.\n"
        "Over 500 drops and 320 images, 200 steps long, it gains 3 dB; 31 of 46 claims.\n"
        "It costs a tenth, Seventeen points or three quarters, and is two to four times as fast.\n"
        "| `scheme` | 2.155 |\n"
        "<!-- table: claims -->\n| 0.5 | 1 % |\n<!-- end --> is <!-- value: aligned-share -->89 %<!-- end -->.\n"
        "At -25 dB, L = 8, 480 x 640, eq. (30), 16 features, a 95 % interval; `--snr-db 2.5`.\n"
        "```sh\nsleep 2.5   # 90 %\n# 3.5\n```\n"
        f"## What was tried\n\n{SINGLE_RUNS}\n\nIt had .257, and 3 points more.\n"
        "### Next\n\n.123 is typed.\n"
    )
    assert typed_results(text) == [
        *(".257", "0.31", "-0.9", "-2.2", "+0.5", "89 %", "79 to 93 %", "40 min"),
        *("37 to 43 slots", "1e-3", "4 300", "3 points", "6 dB better", "factor of 40"),
        *("500 drops", "320 images", "200 steps", "gains 3 dB", "31 of 46 claims"),
        *("a tenth", "Seventeen points", "three quarters", "two to four times", "2.155", ".123"),
    ]


def _reports_are_committed() -> bool:
    command = ["git", "status", "--porcelain", "--", "reports"]
    return not subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def _inline_codes(text: str) -> list[str]:
    """Return the code between backticks, outside fenced blocks."""
    return [" ".join(code.split()) for code in _INLINE.findall(_FENCE.sub("", text))]


def _missing_paths(text: str) -> list[str]:
    """Return the files and folders in backticks that are not in the project and that no stage writes."""
    paths = [code for code in _inline_codes(text) if _PATH.fullmatch(code)]
    return [path for path in paths if not (_exists(path) or _is_written(path))]


def _exists(path: str) -> bool:
    if "/" not in path:
        return any(PACKAGE.rglob(path)) or any((ROOT / "stages").glob(path))
    return any(any(folder.glob(path.rstrip("/"))) for folder in (ROOT, PACKAGE, ROOT / "docs"))


def _is_written(path: str) -> bool:
    """Return whether a path is, holds, or is below an output of a stage, or is a known exception."""
    if (
        path in OTHER_FOLDERS
        or path.startswith(("scratch/", "runs/"))
        or any(name in path for name in WALKTHROUGH)
    ):
        return True
    # Stages of a specialist run in the root of the project, too.
    pipelines = (ROOT, *(file.parent for file in ROOT.glob("specialists/*/dvc.yaml")))
    entries = [entry for folder in pipelines for entry in read_pipeline(folder).values()]
    outputs = [Path(output) for entry in entries for output in entry.outputs]
    return any(output.is_relative_to(Path(path)) or Path(path).is_relative_to(output) for output in outputs)


def _broken_links(page: Path, text: str) -> list[str]:
    """Return the relative links and pictures whose file or heading does not exist."""
    broken = []
    for link in _LINK.findall(_FENCE.sub("", text)):
        target, _, anchor = link.partition("#")
        if "://" in target:
            continue
        path = page.parent / target if target else page
        if not path.exists() or (anchor and anchor not in _anchors(path)):
            broken.append(link)
    return broken


def _anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub makes them."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _wrong_commands(text: str) -> list[str]:
    """Return the commands with a name or an option that does not exist."""
    fenced = [line for block in _FENCE.findall(text) for line in block.splitlines()[1:-1]]
    commands = [part.strip() for line in fenced for part in line.partition(" #")[0].split("&&")]
    return [code for code in (*commands, *_inline_codes(text)) if not _is_right(code)]


def _is_right(code: str) -> bool:
    if code.startswith("cscsanet "):
        return _is_command(shlex.split(code)[1:])
    if code.startswith("dvc repro "):
        entries = read_pipeline(ROOT).values()
        return set(code.split()[2:]) <= {"-P", *(entry.address for entry in entries)}
    if re.fullmatch(r"--[\w-]+", code):
        return any(code in _options(command) for command in _all_commands(typer.main.get_command(app)))
    return True


def _is_command(words: list[str]) -> bool:
    """Return whether the words after `cscsanet` name a command, and its options exist."""
    command = typer.main.get_command(app)
    for word in words:
        if hasattr(command, "commands") and not word.startswith("-"):
            if word == "COMMAND":
                return True
            if word not in command.commands:
                return False
            command = command.commands[word]
        elif word.startswith("--") and word not in _options(command):
            return False
    return True


def _options(command: object) -> set[str]:
    return {"--help"} | {option for parameter in command.params for option in parameter.opts}


def _all_commands(command: object) -> Iterator[object]:
    yield command
    for child in getattr(command, "commands", {}).values():
        yield from _all_commands(child)


def _wide_lines(text: str) -> list[int]:
    """Return the numbers of wide lines of prose. Tables, code, pictures and comments do not count."""
    in_code = False
    wide = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            in_code = not in_code
        elif not in_code and not line.lstrip().startswith(("|", "![")):
            visible = re.sub(r"<!--.*?-->", "", line)
            if len(visible) > WIDTH:
                wide.append(number)
    return wide
