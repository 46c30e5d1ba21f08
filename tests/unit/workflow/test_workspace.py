"""Resumable state: a folder for each key, and no others."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from cscsanet.errors import CscsanetError
from cscsanet.workflow.workspace import Workspace


def test_state_of_other_keys_is_removed_and_that_of_other_stages_stays(tmp_path):
    workspace = Workspace(tmp_path)
    other = workspace.scratch("measure", "0" * 64)
    old = workspace.scratch("noma", "a" * 64)
    (old / "last.ckpt").touch()
    new = workspace.scratch("noma", "b" * 64)
    assert not old.exists()
    assert list(new.iterdir()) == []
    assert other.exists()


def test_only_the_first_of_several_processes_removes_state(tmp_path, monkeypatch):
    workspace = Workspace(tmp_path)
    running = workspace.scratch("noma", "a" * 64)
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    workspace.scratch("noma", "b" * 64)
    assert running.exists()


def test_stale_state_may_be_removed_by_two_processes_at_once(tmp_path):
    workspace = Workspace(tmp_path)
    with ThreadPoolExecutor(2) as pool:
        for attempt in range(20):
            for number in range(60):
                (workspace.scratch("graphs", f"{attempt}") / f"{number}.onnx").touch()
            folders = pool.map(lambda key: workspace.scratch("graphs", key), 2 * [f"{attempt} new"])
            assert {folder.exists() for folder in folders} == {True}


@pytest.mark.parametrize(
    "text", [None, "null", "[]", '{"digest": 12}', '{"digest": "a", "digest": "b"}', "[" * 5000]
)
def test_a_damaged_record_of_a_digest_is_one_line(tmp_path, text):
    workspace = Workspace(tmp_path)
    for folder in (workspace.scenes, workspace.split):
        folder.mkdir(parents=True)
    (workspace.scenes / "manifest.json").write_text('{"digest": "ab"}')
    (workspace.split / "split.json").write_text('{"digest": "cd"}')
    assert workspace.scene_digests() == {"scenes": "ab", "split": "cd"}
    if text is None:
        (workspace.split / "split.json").unlink()
    else:
        (workspace.split / "split.json").write_text(text)
    with pytest.raises(CscsanetError, match=r"split\.json: no such file, or damaged; run 'dvc repro'"):
        workspace.scene_digests()
