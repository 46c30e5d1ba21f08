"""Results of earlier runs: kept by what they depend on, restored whole, and never when damaged."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from cscsanet import files
from cscsanet.errors import CscsanetError
from cscsanet.workflow import kept as module
from cscsanet.workflow.kept import MOST, KeptResults, kept_results

PIPELINE = """
stages:
  train:
    cmd: python stages/train.py
    deps: [data/in]
    params: [code.yaml: [train], seed, fit.epochs]
    outs: [models/net.bin: {persist: true}, models/many: {persist: true}]
    metrics: [reports/train.json: {cache: false, persist: true}]
"""


@pytest.fixture
def root(tmp_path) -> Path:
    """A project with a stage of files and a folder."""
    for name, text in {
        "dvc.yaml": PIPELINE,
        "params.yaml": "seed: 1\nother: 1\nfit: {epochs: 2, width: 8}\n",
        "data/in/a": "input",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def results(root: Path, code: str = "c") -> KeptResults:
    kept = kept_results(root, root / "params.yaml", "train", "train", code, root / "reports/times/train.json")
    assert kept is not None
    return kept


def run(root: Path, text: str) -> dict[str, str]:
    """Write outputs as a stage does, keep them, and return them."""
    made = {
        "models/net.bin": text,
        "models/many/one": f"{text} one",
        "reports/train.json": f'["{text}"]',
        "reports/times/train.json": f'{{"seconds": {len(text)}}}',
    }
    for name, content in made.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_by_rename(path, lambda partial, content=content: partial.write_text(content))
    results(root).keep()
    return {name: (root / name).read_text() for name in made}


def state(root: Path) -> dict[str, str]:
    places = [path for top in ("models", "reports") for path in (root / top).rglob("*")]
    return {path.relative_to(root).as_posix(): path.read_text() for path in places if path.is_file()}


def edit(root: Path, old: str, new: str) -> None:
    params = root / "params.yaml"
    assert old in params.read_text()
    params.write_text(params.read_text().replace(old, new))


def test_a_value_that_is_changed_back_finds_its_results_and_their_time(root):
    first = run(root, "first")
    edit(root, "seed: 1", "seed: 2")
    assert not results(root).restore()
    (root / "models/many/two").write_text("of the second run alone")
    second = run(root, "the second")
    edit(root, "seed: 2", "seed: 1")
    assert results(root).restore()
    restored = state(root)
    assert {name: text for name, text in restored.items() if "times" not in name} == {
        name: text for name, text in first.items() if "times" not in name
    }, "the file of the second run alone is gone, too"
    assert '"seconds": 5' in restored["reports/times/train.json"]
    edit(root, "seed: 1", "seed: 2")
    assert results(root).restore()
    assert state(root)["models/net.bin"] == second["models/net.bin"]
    assert "models/many/two" in state(root)


@pytest.mark.parametrize(
    ("name", "old", "new", "same"),
    [
        ("params.yaml", "epochs: 2", "epochs: 3", False),
        ("params.yaml", "width: 8", "width: 9", True),
        ("params.yaml", "other: 1", "other: 2", True),
        ("data/in/a", "input", "other", False),
        ("dvc.yaml", "stages/train.py", "stages/train.py --fast", False),
        ("dvc.yaml", ", models/many: {persist: true}", "", False),
    ],
)
def test_results_belong_to_the_parameters_inputs_and_outputs_of_the_stage(root, name, old, new, same):
    before = results(root).key
    path = root / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert (results(root).key == before) is same


def test_results_under_the_name_of_others_are_not_restored(root):
    run(root, "of one code")
    other = results(root, code="another")
    results(root).entry.rename(other.entry)
    assert not other.restore()
    assert not other.entry.exists()


def test_results_belong_to_the_code(root):
    run(root, "first")
    assert results(root).restore()
    assert not results(root, code="d").restore()


def test_keys_of_a_specialist_s_own_file_count(root):
    pipeline = PIPELINE.replace("seed, fit.epochs]", "x/params.yaml: [seed, fit]]").replace(
        "code.yaml: [train], ", "x/code.yaml: [train], "
    )
    (root / "dvc.yaml").write_text(pipeline)
    before = results(root).key
    edit(root, "other: 1", "other: 2")
    assert results(root).key == before
    edit(root, "width: 8", "width: 9")
    assert results(root).key != before


@pytest.mark.parametrize("damage", ["written into", "removed", "added", "manifest"])
def test_damaged_results_are_removed_and_not_restored(root, damage):
    run(root, "first")
    entry = results(root).entry
    if damage == "written into":
        # Both names of the file: the stage's output is damaged, too.
        (entry / "models/net.bin").write_text("f1rst")
    elif damage == "removed":
        (entry / "models/many/one").unlink()
    elif damage == "added":
        (entry / "models/many/two").write_text("")
    else:
        (entry / "manifest.json").write_text("{")
    before = state(root)
    assert not results(root).restore()
    assert not entry.exists()
    assert state(root) == before


def test_a_stage_without_all_outputs_or_inputs_keeps_nothing(root):
    run(root, "first")
    edit(root, "seed: 1", "seed: 2")
    shutil.rmtree(root / "models/many")
    results(root).keep()
    assert not results(root).entry.exists()
    shutil.rmtree(root / "data/in")
    assert kept_results(root, root / "params.yaml", "train", "train", "c", root / "t.json") is None


def test_a_folder_without_a_pipeline_or_with_another_keeps_nothing(root):
    arguments = (root, root / "params.yaml", "unknown", "unknown", "c", root / "t.json")
    assert kept_results(*arguments) is None
    (root / "dvc.yaml").unlink()
    assert kept_results(root, root / "params.yaml", "train", "train", "c", root / "t.json") is None


def test_the_oldest_results_go_first(root):
    for seed in range(1, MOST + 3):
        edit(root, f"seed: {seed if seed == 1 else seed - 1}", f"seed: {seed}")
        run(root, f"run {seed}")
        results(root).restore()
    assert len(list((root / "scratch/kept/train").iterdir())) == MOST
    assert results(root).restore()


def test_a_full_disk_is_a_note_and_the_results_stay(root, monkeypatch, capsys):
    first = run(root, "first")
    edit(root, "seed: 1", "seed: 2")

    def refuse(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_link", refuse)
    results(root).keep()
    assert state(root) == first
    assert "not kept" in capsys.readouterr().err
    assert len(list((root / "scratch/kept/train").iterdir())) == 1


def test_without_hard_links_files_are_copied(root, monkeypatch):
    def refuse(source: Path, target: Path) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(module.os, "link", refuse)
    first = run(root, "first")
    (root / "models/net.bin").write_text("written into")
    assert results(root).restore()
    assert state(root)["models/net.bin"] == first["models/net.bin"]


def test_a_place_that_cannot_be_written_is_one_line(root):
    run(root, "first")
    place = replace(results(root), root=root / "params.yaml")
    with pytest.raises(CscsanetError, match="cannot be written"):
        place.restore()
