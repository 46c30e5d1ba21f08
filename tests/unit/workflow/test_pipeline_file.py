"""dvc.yaml and dvc.lock as data."""

from pathlib import Path

import pytest
from fixtures.pipeline_file import PIPELINE

from cscsanet.errors import CscsanetError
from cscsanet.workflow.pipeline_file import content_hash, flatten, read_lock, read_pipeline

ROOT = Path(__file__).parents[3]


@pytest.fixture
def root(tmp_path):
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    (tmp_path / "params.yaml").write_text("seed: 1\nscenes: {folder: data/external}\nfit: {epochs: 3}\n")
    return tmp_path


def test_stages_and_families_are_read_with_their_values_filled_in(root):
    stages = read_pipeline(root)
    assert [stage.address for stage in stages.values()] == [
        "code",
        "draw",
        "train@first",
        "train@second",
        "again@third",
    ]
    assert stages["draw"].inputs == ("data/external",)
    assert stages["draw"].params == ("seed", "scenes")
    second = stages["second"]
    assert second.command == "python stages/train.py second"
    assert (second.inputs, second.outputs) == (("models/first",), ("models/second", "reports/second.json"))
    assert stages["third"].command == "python stages/again.py third"


def test_a_value_that_params_lacks_is_an_error(root):
    (root / "params.yaml").write_text("seed: 1\n")
    with pytest.raises(CscsanetError, match=r"dvc.yaml: \$\{scenes.folder\} is not in params.yaml"):
        read_pipeline(root)


def test_the_project_s_own_pipeline_is_read(tmp_path):
    stages = read_pipeline(ROOT)
    assert stages["noma"].address == "stage3@noma"
    assert stages["oma"].inputs[3] == "models/semantic_oma.safetensors"


def test_a_lock_gives_hashes_parameters_and_code(root):
    assert read_lock(root) == {}
    (root / "dvc.lock").write_text(
        "stages:\n  draw:\n    cmd: run\n    deps:\n    - {path: a, md5: '1'}\n    outs:\n    - {path: b, md5: '2'}\n"
        "    params:\n      code.yaml: {draw: abc}\n      params.yaml: {seed: 1, scenes: {folder: x}}\n"
    )
    lock = read_lock(root)["draw"]
    assert lock.files == {"a": "1", "b": "2"}
    assert (lock.command, lock.code, lock.params) == ("run", "abc", {"seed": 1, "scenes.folder": "x"})


@pytest.mark.parametrize(
    ("text", "says"), [(None, "cannot be read"), ("a: [1", "not valid YAML"), ("3", "no mapping")]
)
def test_a_file_that_is_missing_or_damaged_is_one_line(root, text, says):
    if text is None:
        (root / "dvc.yaml").unlink()
    else:
        (root / "dvc.yaml").write_text(text)
    with pytest.raises(CscsanetError, match=rf"dvc\.yaml: .*{says}") as error:
        read_pipeline(root)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("stages:", "steps:", "holds no stages"),
        ("outs: [code.yaml: {cache: false}]", "outs: code.yaml", "stage 'code': not of the form of a stage"),
        ("outs: [code.yaml: {cache: false}]", "outs: [{a: {}, b: {}}]", "stage 'code': not of the form"),
        ("cmd: python stages/code.py", "cmd: 3", "stage 'code': not of the form"),
        ("cmd: python stages/code.py", "wdir: x", "stage 'code': not of the form of a stage .KeyError"),
        ("deps: [stages, src/cscsanet]", "deps: [1]", "stage 'code': not of the form"),
        ("foreach: [third]", "foreach: third", "stage 'again': not of the form"),
        ("foreach: [third]", "foreach: [yes]", "stage 'again': not of the form"),
        ("foreach: [third]", "foreach: [first]", "two stages are named 'first'"),
        ("cmd: python stages/code.py", "cmd: a\n    cmd: b", "key 'cmd' occurs twice"),
        ("cmd: python stages/code.py", "cmd: 2001-13-01", "not valid YAML: month must be"),
    ],
)
def test_a_stage_that_would_be_misread_is_one_line(root, old, new, says):
    text = (root / "dvc.yaml").read_text()
    assert old in text
    (root / "dvc.yaml").write_text(text.replace(old, new))
    with pytest.raises(CscsanetError, match=rf"dvc\.yaml: .*{says}") as error:
        read_pipeline(root)
    assert "\\n" not in str(error.value)


def test_a_family_without_members_has_no_stage(root):
    text = (root / "dvc.yaml").read_text().replace("foreach: [third]", "foreach: []")
    (root / "dvc.yaml").write_text(text)
    assert list(read_pipeline(root)) == ["code", "draw", "first", "second"]


def test_values_are_filled_in_as_dvc_writes_them(root):
    (root / "params.yaml").write_text("seed: 1\nscenes: {folder: yes}\n")
    assert read_pipeline(root)["draw"].inputs == ("true",)
    (root / "params.yaml").write_text("seed: 1\nscenes: {folder: [a]}\n")
    with pytest.raises(CscsanetError, match=r"\$\{scenes.folder\} is no text or number"):
        read_pipeline(root)


@pytest.mark.parametrize(
    "text",
    [
        "stages: 3",
        "other: {}",
        "stages: {draw: }",
        "stages: {draw: {deps: []}}",
        "stages: {draw: {cmd: a, deps: [{md5: '1'}]}}",
        "stages: {draw: {cmd: a, deps: [{path: a, md5: 12}]}}",
        "stages: {draw: {cmd: a, deps: [{path: a}], outs: [{path: a}]}}",
        "stages: {draw: {cmd: a, params: {code.yaml: {draw: 12}}}}",
        "stages: {draw: {cmd: a}, draw: {cmd: b}}",
        "a: &a [*a]",
    ],
)
def test_a_damaged_lock_is_one_line(root, text):
    (root / "dvc.lock").write_text(text)
    with pytest.raises(CscsanetError, match=r"dvc\.lock: .*restore it from git"):
        read_lock(root)


def test_bytes_that_are_no_text_are_one_line(root):
    (root / "dvc.lock").write_bytes(b"stages: \xff")
    with pytest.raises(CscsanetError, match=r"dvc\.lock: not valid YAML: 'utf-8' codec"):
        read_lock(root)


def test_hashes_are_those_of_dvc(tmp_path):
    folder = tmp_path / "d"
    (folder / "sub" / "__pycache__").mkdir(parents=True)
    (folder / "a.txt").write_text("one")
    (folder / "a b.txt").write_text("x")
    (folder / "sub" / "b.txt").write_text("two")
    (folder / "sub" / "__pycache__" / "b.pyc").write_text("ignored")
    # As `dvc add` records them.
    assert content_hash(folder) == "6f1cf9c8d85d2a455c3379139145e652.dir"
    assert content_hash(folder / "a.txt") == "f97c5d29941bfb1b2fdab0874906ab82"
    assert content_hash(tmp_path / "none") == ""


def test_nested_values_become_flat():
    assert flatten({"a": 1, "b": {"c": 2, "d": {"e": [3]}}}) == {"a": 1, "b.c": 2, "b.d.e": [3]}
