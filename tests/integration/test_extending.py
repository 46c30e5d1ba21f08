"""docs/extending.md: its own steps add a scheme to a copy of the project."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")


def steps() -> tuple[dict[str, str], list[tuple[str, str, str]]]:
    """Read the page: files to write (path -> content), and lines to insert (path, after which line, lines)."""
    # Single backticks become zero bytes, so that only the fences of blocks are left.
    page = PAGE.replace("`", "\0").replace("\0\0\0", "```")
    blocks = re.findall(r"([^`]*)```python\n([^`]*)```", page)
    (write_text, write), (row_text, row), (import_text, imported), (_, builder) = blocks
    (new_file,) = re.findall(r"Write\s+\0(src/[\w/]+\.py)\0", write_text)
    (table,) = re.findall(r"Add a row to \0SCHEMES\0 in\s+\0(src/[\w/]+\.py)\0", row_text)
    (builders,) = re.findall(r"In\s+\0(src/[\w/]+\.py)\0", import_text)
    return {new_file: write}, [
        (table, r"^SCHEMES: .*\{$", row),
        (builders, r"^from cscsanet\.links\.link import Link$", imported),
        (builders, r"^BUILD: .*\{$", builder),
    ]


def follow(root: Path) -> None:
    """Do what the page says in a copy of the project."""
    files, insertions = steps()
    for name, content in files.items():
        assert not (root / name).exists()
        (root / name).write_text(content, encoding="utf-8")
    for name, line, inserted in insertions:
        text = (root / name).read_text(encoding="utf-8")
        changed, count = re.subn(
            line, lambda match, new=inserted: f"{match[0]}\n{new.rstrip()}", text, flags=re.M
        )
        assert count == 1, f"{name}: {line}"
        (root / name).write_text(changed, encoding="utf-8")


@pytest.mark.pipeline
def test_the_steps_of_the_page_add_a_scheme(copy):
    project = copy
    follow(project.root)
    command = ["cscsanet", "evaluate", "--snr-db", "0", "--json", "--scheme"]
    random_beams, noma = (json.loads(project.run(*command, name).stdout) for name in ("random-beams", "noma"))
    assert random_beams["scheme"] == "random-beams"
    assert random_beams["model"] == noma["model"]
    # Random beams lose nearly all of the spectral efficiency.
    assert sum(random_beams["se_per_ue"]) < 0.5 * sum(noma["se_per_ue"])

    params = project.root / "params.yaml"
    before, text = params.read_text().split("\nevaluation:")
    for key in ("schemes", "swept"):
        text, count = re.subn(rf"(?m)^(  {key}: \[)", r"\1random-beams, ", text)
        assert count == 1
    params.write_text(f"{before}\nevaluation:{text}")
    project.run("dvc", "repro", "code")
    rerun = set(json.loads(project.run("dvc", "status", "--json").stdout))
    assert {"measure", "evaluate", "claims"} <= rerun
    # No training depends on the table of schemes.
    assert not {name for name in rerun if name.startswith("stage") or name in {"codec", "mfnet", "repeats"}}
