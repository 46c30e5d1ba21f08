"""Files and folders that appear whole or not at all."""

import hashlib
import json
from pathlib import Path

import pytest

from cscsanet.files import disk_errors, file_digest, folder_by_rename, write_by_rename, write_csv, write_rows


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "deep" / "rows.json"
    write_by_rename(path, lambda partial: partial.write_text("old"))

    def fail(partial):
        partial.write_text("half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_by_rename(path, fail)
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_one_line(tmp_path, fault):
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "rows.json"
    message = fault(write_by_rename, path, lambda partial: partial.write_text(""))
    assert message.startswith(f"{path}: cannot be written (")


def test_rows_are_one_a_line(tmp_path):
    rows = [{"b": 1, "a": "é"}, {"b": 2.5, "a": None}]
    write_rows(tmp_path / "rows.json", rows)
    text = (tmp_path / "rows.json").read_text(encoding="utf-8")
    assert text.splitlines()[1:-1] == ['{"b": 1, "a": "é"},', '{"b": 2.5, "a": null}']
    assert json.loads(text) == rows
    write_csv(tmp_path / "rows.csv", ("b", "a"), rows)
    assert (tmp_path / "rows.csv").read_text(encoding="utf-8") == "b,a\n1,é\n2.5,\n"


def test_the_digest_is_of_the_content(tmp_path, fault):
    (tmp_path / "file").write_bytes(b"content")
    assert file_digest(tmp_path / "file") == hashlib.sha256(b"content").hexdigest()
    assert f"{tmp_path / 'none'}: no such file" in fault(file_digest, tmp_path / "none")


def fill(target, text="new"):
    with folder_by_rename(target, "marker") as folder:
        (folder / "marker").write_text(text)


def test_the_folder_appears_at_the_end(tmp_path):
    target = tmp_path / "deep" / "target"
    with folder_by_rename(target, "marker") as folder:
        assert not target.exists()
        assert folder.parent == target.parent, "a rename across file systems would copy"
        (folder / "marker").write_text("done")
    assert (target / "marker").read_text() == "done"
    assert list(target.parent.iterdir()) == [target]


def test_an_exception_leaves_nothing(tmp_path):
    def fill_half():
        with folder_by_rename(tmp_path / "target", "marker") as folder:
            (folder / "marker").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill_half()
    assert list(tmp_path.iterdir()) == []


def test_an_exception_leaves_the_older_folder(tmp_path):
    fill(tmp_path / "target", "old")
    with pytest.raises(ZeroDivisionError), folder_by_rename(tmp_path / "target", "marker"):
        raise ZeroDivisionError
    assert (tmp_path / "target" / "marker").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_the_older_folder_is_there_however_its_replacement_ended(tmp_path, monkeypatch):
    fill(tmp_path / "target", "old")
    rename = Path.rename
    monkeypatch.setattr(
        Path, "rename", lambda path, to: 1 / 0 if path.name.endswith(".partial") else rename(path, to)
    )
    with pytest.raises(ZeroDivisionError):
        fill(tmp_path / "target")
    monkeypatch.undo()
    assert (tmp_path / "target" / "marker").read_text() == "old"
    # As after a SIGKILL between the two renames.
    (tmp_path / "target").rename(tmp_path / ".target.replaced")
    with pytest.raises(ZeroDivisionError), folder_by_rename(tmp_path / "target", "marker"):
        raise ZeroDivisionError
    assert (tmp_path / "target" / "marker").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_an_older_folder_of_its_kind_is_replaced_whole(tmp_path):
    fill(tmp_path / "target", "old")
    (tmp_path / "target" / "stale").write_text("")
    fill(tmp_path / "target")
    assert [file.name for file in (tmp_path / "target").iterdir()] == ["marker"]
    assert (tmp_path / "target" / "marker").read_text() == "new"


def test_an_empty_folder_is_replaced(tmp_path):
    (tmp_path / "target").mkdir()
    fill(tmp_path / "target")
    assert (tmp_path / "target" / "marker").exists()


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_anything_else_is_kept(tmp_path, fault, kind):
    target = tmp_path / "target"
    if kind == "folder":
        target.mkdir()
        (target / "thesis").write_text("work")
    else:
        target.write_text("work")
    message = fault(fill, target)
    assert str(target) in message
    assert (target / "thesis" if kind == "folder" else target).read_text() == "work"


def test_leftovers_of_a_killed_run_do_not_get_in(tmp_path):
    (tmp_path / ".target.partial").mkdir()
    (tmp_path / ".target.partial" / "half").write_text("")
    fill(tmp_path / "target")
    assert [file.name for file in (tmp_path / "target").iterdir()] == ["marker"]
    assert list(tmp_path.iterdir()) == [tmp_path / "target"]


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), ValueError("I/O: No space left on device")]
)
def test_a_full_disk_is_one_line_whatever_a_library_makes_of_it(tmp_path, fault, error):
    def fail(partial):
        partial.write_text("half")
        raise error

    path = tmp_path / "weights.safetensors"
    assert "cannot be written (No space left on device)" in fault(write_by_rename, path, fail)
    assert list(tmp_path.iterdir()) == []

    def work():
        with disk_errors(tmp_path):
            raise error

    assert fault(work).startswith(f"{tmp_path}: cannot be written (No space left on device); ")


def test_other_errors_of_a_write_stay_what_they_are(tmp_path):
    with pytest.raises(ZeroDivisionError), disk_errors(tmp_path):
        raise ZeroDivisionError


def test_the_file_that_a_copy_writes_is_named(tmp_path, fault):
    def work():
        with disk_errors(tmp_path):
            raise OSError(28, "No space left on device", "/tmp/source", None, str(tmp_path / "last.ckpt"))

    assert fault(work).startswith(f"{tmp_path / 'last.ckpt'}: cannot be written")
