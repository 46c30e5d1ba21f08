"""Why a stage would run, on a small project that has run once."""

import json
from pathlib import Path

import pytest
import yaml

from cscsanet.errors import CscsanetError
from cscsanet.workflow.code import find_script, stage_code
from cscsanet.workflow.pipeline_file import content_hash, read_pipeline, read_yaml
from cscsanet.workflow.why import WIDTH, explain, explain_all

PIPELINE = """
stages:
  draw:
    cmd: python stages/draw.py
    params: [code.yaml: [draw], seed]
    outs: [data]
  train:
    foreach: [first, second]
    do:
      cmd: python stages/train.py ${item}
      deps: [data]
      params: ["code.yaml": ["${item}"], fit]
      outs: ["models/${item}"]
"""


@pytest.fixture
def project(plant) -> Path:
    """A project that has run from end to end."""
    root = plant()
    (root / "dvc.yaml").write_text(PIPELINE)
    (root / "params.yaml").write_text("seed: 1\nfit: {epochs: 3, rate: 0.1}\nother: 4\n")
    for path in ("data/a.npy", "models/first", "models/second"):
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(path)
    params = read_yaml(root / "params.yaml")
    stages = {}
    for stage in read_pipeline(root).values():
        code = stage_code(find_script(root / "stages", stage.name), stage.name, root / "src")
        stages[stage.address] = {
            "cmd": stage.command,
            "deps": [{"path": path, "md5": content_hash(root / path)} for path in stage.inputs],
            "outs": [{"path": path, "md5": content_hash(root / path)} for path in stage.outputs],
            "params": {
                "code.yaml": {stage.name: code.digest},
                "params.yaml": {key: params[key] for key in stage.params},
            },
        }
        last_code = root / "scratch" / "last-code" / f"{stage.name}.json"
        last_code.parent.mkdir(parents=True, exist_ok=True)
        last_code.write_text(json.dumps({"definitions": code.definitions, "libraries": code.libraries}))
    (root / "dvc.lock").write_text(yaml.safe_dump({"stages": stages}))
    return root


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def edited_code(project: Path, old: str, new: str) -> Path:
    """Return another source folder, as one process reads a file only once."""
    source = project / "edited"
    (project / "src").rename(source)
    edit(source / "cscsanet" / "shapes.py", old, new)
    return source


def test_nothing_runs_where_nothing_changed(project):
    assert explain_all(project, project / "src") == ["no stage would run"]
    lines = explain(project, project / "src", "first")
    assert lines[:2] == ["train@first would not run", "command: python stages/train.py first"]
    assert "parameters: 0 of 2 changed" in lines
    assert "inputs: 0 of 1 changed or missing" in lines
    assert "  data unchanged" in lines
    assert any(line.endswith("0 changed since the last run here") for line in lines)


def test_a_changed_parameter_is_shown_as_old_and_new(project):
    edit(project / "params.yaml", "epochs: 3", "epochs: 5")
    edit(project / "params.yaml", "other: 4", "other: 5")
    assert explain_all(project, project / "src") == [
        "train@first would run: parameter fit.epochs: 3 -> 5",
        "train@second would run: parameter fit.epochs: 3 -> 5",
    ]
    assert "  fit.epochs: 3 -> 5" in explain(project, project / "src", "train@second")


def test_stages_after_one_that_runs_may_run(project):
    edit(project / "params.yaml", "seed: 1", "seed: 2")
    assert explain_all(project, project / "src") == [
        "draw would run: parameter seed: 1 -> 2",
        "train@first may run: after draw",
        "train@second may run: after draw",
    ]


def test_changed_new_and_gone_definitions_are_named(project):
    source = edited_code(project, "return 2", "return factor()\n\ndef factor():\n    return 2")
    lines = explain(project, source, "first")
    assert lines[0] == "train@first would run: its code changed"
    assert "  shapes Shape.scale: changed" in lines
    assert "  shapes factor: new" in lines
    assert explain_all(project, source) == ["train@first would run: its code changed"]
    (project / "scratch" / "last-code" / "first.json").unlink()
    assert any(line.endswith("never run in this checkout") for line in explain(project, source, "first"))


def test_changed_and_missing_files_are_told_apart(project):
    (project / "data" / "a.npy").write_text("other")
    (project / "models" / "first").unlink()
    lines = explain(project, project / "src", "first")
    assert "  data changed" in lines
    assert "  models/first is missing (first makes it)" in lines
    assert lines[0] == "train@first would run: input data changed"


def test_a_fresh_clone_is_explained_too(project):
    for path in ("data/a.npy", "models/first", "models/second"):
        (project / path).unlink()
    (project / "data").rmdir()
    assert (
        explain_all(project, project / "src")[0] == "draw would run: output data is missing (draw makes it)"
    )
    (project / "dvc.lock").unlink()
    assert (
        explain_all(project, project / "src")[0] == "draw would run: it has never run (no entry in dvc.lock)"
    )


def test_no_line_is_too_long(project):
    edit(project / "params.yaml", "epochs: 3", f"epochs: [{', '.join(map(str, range(60)))}]")
    lines = [*explain(project, project / "src", "first"), *explain_all(project, project / "src")]
    assert max(map(len, lines)) == WIDTH


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"definitions": "ab", "libraries": {}}',
        '{"definitions": {}, "libraries": {"numpy": 2}}',
    ],
)
def test_a_damaged_list_of_code_is_one_line(project, text):
    (project / "scratch" / "last-code" / "first.json").write_text(text)
    with pytest.raises(CscsanetError, match=r"first\.json: damaged; remove it"):
        explain(project, project / "src", "first")


def test_a_stage_that_is_not_there_is_one_line(project):
    with pytest.raises(
        CscsanetError, match=r"stage 'third': not in dvc.yaml; choose one of draw, first, second"
    ):
        explain(project, project / "src", "third")
