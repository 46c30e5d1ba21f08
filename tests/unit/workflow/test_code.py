"""The digest of a stage: what it follows, what it ignores, and what it refuses."""

import ast
import shutil
from pathlib import Path

import pytest
import yaml

from cscsanet.errors import CscsanetError
from cscsanet.workflow import code, walk
from cscsanet.workflow.code import find_script, scripts, stage_code, stages_in, write_digests

ROOT = Path(__file__).parents[3]


def digests(root: Path) -> dict[str, str]:
    write_digests(root / "code.yaml", root / "src")
    return yaml.safe_load((root / "code.yaml").read_text())


def changed(before: Path, after: Path) -> set[str]:
    old, new = digests(before), digests(after)
    assert set(old) == set(new)
    return {stage for stage in old if old[stage] != new[stage]}


def test_every_stage_of_every_script_has_a_line(plant):
    root = plant()
    assert list(digests(root)) == ["draw", "first", "second"]
    assert [path.name for path in scripts(root / "stages")] == ["draw.py", "train.py"]
    assert stages_in(root / "stages" / "train.py") == ["first", "second"]
    assert find_script(root / "stages", "second").name == "train.py"
    with pytest.raises(
        CscsanetError, match=r"stage 'third': no script in .* choose one of draw, first, second"
    ):
        find_script(root / "stages", "third")


@pytest.mark.parametrize("digest", ["0123456789012345", "12345678901234e5", "0x12345678901234"])
def test_a_digest_of_digits_stays_a_text(plant, monkeypatch, digest):
    monkeypatch.setattr(code, "_sha256", lambda text: digest)
    assert set(digests(plant()).values()) == {digest}


@pytest.mark.parametrize(
    "edit",
    [
        {"src/cscsanet/work.py": ("# A comment.", "# Another one.")},
        {"src/cscsanet/work.py": ('"""Draw."""', '"""Draw something."""')},
        {"src/cscsanet/work.py": ('    """Draw."""\n', "")},
        {"src/cscsanet/work.py": ("-> int:", "-> float:")},
        {"src/cscsanet/work.py": ("count: int = 3", "count: float = 3")},
        {"src/cscsanet/work.py": ("return 1", "return 2")},
        {"src/cscsanet/shapes.py": ('"red"', '"blue"')},
        {"src/cscsanet/constants.py": ("OTHER = 6", "OTHER = 7")},
        {"src/cscsanet/errors.py": ("...", "pass")},
        {"src/cscsanet/constants.py": ("LIMIT = 5", "LIMIT: int = 5")},
    ],
    ids=str,
)
def test_what_no_stage_runs_changes_nothing(plant, edit):
    assert changed(plant(), plant(edit)) == set()


@pytest.mark.parametrize(
    ("edit", "stages"),
    [
        ({"src/cscsanet/constants.py": ("LIMIT = 5", "LIMIT = 6")}, "draw"),
        ({"src/cscsanet/work.py": ("= 3", "= 4")}, "draw"),
        ({"src/cscsanet/work.py": ("sqrt(4)", "sqrt(9)")}, "second"),
        ({"src/cscsanet/shapes.py": ("return 2", "return 3")}, "first"),
        ({"src/cscsanet/shapes.py": ("sides = 0", "sides = 4")}, "first"),
        ({"src/cscsanet/shapes.py": ("@cache\n", "")}, "first"),
        ({"src/cscsanet/work.py": ("import numpy as np", "import scipy as np")}, "second"),
        ({"src/cscsanet/constants.py": ("OTHER = 6", "print()")}, "draw first second"),
        ({"stages/draw.py": ("draw()", "draw(7)")}, "draw"),
        ({"stages/train.py": ("run(STAGES)", "run(STAGES, 2)")}, "first second"),
    ],
    ids=str,
)
def test_what_a_stage_runs_changes_its_digest_and_no_other(plant, edit, stages):
    assert changed(plant(), plant(edit)) == set(stages.split())


def test_swapped_imports_are_a_change(plant):
    one = {
        "src/cscsanet/work.py": "from cscsanet.constants import LIMIT as a, OTHER as b\n\ndef draw():\n    return a - b\n"
    }
    other = {
        "src/cscsanet/work.py": one["src/cscsanet/work.py"].replace(
            "LIMIT as a, OTHER as b", "OTHER as a, LIMIT as b"
        )
    }
    stages = {"stages/train.py": "from cscsanet.work import draw\n\ndraw()\n"}
    assert changed(plant({**one, **stages}), plant({**other, **stages})) == {"draw", "train"}


def test_the_version_of_a_library_counts_where_it_is_used(plant, monkeypatch):
    root = plant()
    before = digests(root)
    monkeypatch.setattr(walk, "_installed", lambda library: "99.0")
    after = digests(root)
    assert {stage for stage in before if before[stage] != after[stage]} == {"second"}


def test_builds_of_one_version_are_the_same_code(plant, monkeypatch):
    root = plant()
    monkeypatch.setattr(walk, "version", lambda library: "2.0+cu126")
    walk._installed.cache_clear()
    try:
        libraries = stage_code(root / "stages/train.py", "second", root / "src").libraries
        assert libraries["numpy"] == "2.0"
        assert set(libraries) == {"numpy", "python"}
    finally:
        walk._installed.cache_clear()


def test_a_library_that_is_not_known_by_its_import_name_is_an_error(plant):
    root = plant({"src/cscsanet/work.py": ("import numpy as np", "import not_a_library as np")})
    with pytest.raises(CscsanetError, match=r"not_a_library: not installed.*LIBRARIES"):
        digests(root)


@pytest.mark.parametrize(
    "line",
    [
        "from os import system",
        "import importlib.util",
        "import builtins",
        "from pkgutil import resolve_name",
        "import sys\nF = sys.modules['cscsanet.work']",
        "import os\nos.execv('a', ['a'])",
    ],
)
def test_code_that_a_stage_finds_by_text_is_an_error(plant, line):
    root = plant({"src/cscsanet/work.py": ("import numpy as np", f"import numpy as np\n{line}")})
    with pytest.raises(CscsanetError, match="hides which code a stage runs"):
        digests(root)


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A copy of this project's own source."""
    root = tmp_path_factory.mktemp("project")
    for name in ("src", "stages"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "shipped"))
    digests(root)
    return root


def add_a_comment(text: str) -> str:
    return text.replace("\nimport ", "\n# A comment.\nimport ", 1)


def change_a_sentence(text: str) -> str:
    return text.replace('"statement": "', '"statement": "Indeed: ', 1)


def change_a_number(text: str) -> str:
    """Replace the first number with a decimal point."""
    number = next(
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and type(node.value) is float
    )
    lines = text.split("\n")
    line = lines[number.lineno - 1]
    lines[number.lineno - 1] = f"{line[: number.col_offset]}123.5{line[number.end_col_offset :]}"
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("file", "edit", "stages"),
    [
        ("scene_sources/renderer/vehicles.py", add_a_comment, ""),
        ("scene_sources/renderer/vehicles.py", change_a_number, "scenes"),
        ("studies/claims/terms.py", change_a_number, "claims"),
        ("studies/claims/paper.py", change_a_sentence, "claims"),
    ],
)
def test_a_change_of_the_project_reruns_what_it_must(project, tmp_path, file, edit, stages):
    source = tmp_path / "src"
    shutil.copytree(project / "src", source)
    path = source / "cscsanet" / file
    text = path.read_text()
    path.write_text(edit(text))
    assert path.read_text() != text
    write_digests(project / "edited.yaml", source)
    before, after = (yaml.safe_load((project / name).read_text()) for name in ("code.yaml", "edited.yaml"))
    assert {stage for stage in before if before[stage] != after[stage]} == set(stages.split())
