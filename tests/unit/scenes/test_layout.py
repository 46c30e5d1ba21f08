"""Frame names, their order in time, the lists of a split, and evenly spaced frames."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cscsanet.scenes.layout import (
    ADD_LISTS,
    PARTS,
    check_name,
    evenly_spaced,
    files_in,
    image_path,
    in_time_order,
    is_night,
    label_path,
    names_in,
    other_pictures,
    read_list,
    read_lists,
)

frame_names = st.builds("{:0{}d}{}".format, st.integers(0, 99999), st.integers(1, 6), st.sampled_from("DN"))


def test_paths(tmp_path):
    assert image_path(tmp_path, "00001D") == tmp_path / "images" / "00001D.png"
    assert label_path(tmp_path, "00001D") == tmp_path / "labels" / "00001D.png"


@given(st.lists(frame_names, unique=True))
def test_time_order_is_the_order_of_numbers(names):
    ordered = in_time_order(names)
    assert sorted(ordered) == sorted(names)
    numbers = [int(name[:-1]) for name in ordered]
    assert numbers == sorted(numbers)


def test_numbers_of_unequal_length_are_ordered_by_value():
    assert in_time_order(["10D", "9N", "100N", "9D"]) == ["9D", "9N", "10D", "100N"]


def test_night_is_the_suffix():
    assert is_night("00001N")
    assert not is_night("00001D")


@pytest.mark.parametrize(
    "name", ["00001", "D", "00001X", "1d", "00001D.png", "../00001D", "", "００１D", "00001D\n"]
)
def test_other_names_are_refused(tmp_path, fault, name):
    message = fault(check_name, name, tmp_path / "train.txt")
    assert repr(name) in message
    assert str(tmp_path / "train.txt") in message


@pytest.mark.parametrize("name", ["00001", "D", "00001X", "", "００１D", "00001D_flip"])
def test_a_name_that_tells_no_frame_is_answered_with_an_example(tmp_path, fault, name):
    assert "rename it like 00001D, without a file ending" in fault(check_name, name, tmp_path)


@pytest.mark.parametrize(
    "name", ["00001d", "00001D.png", "images/00001D.png", "images\\00001D", "./00001D", "00001D.PNG"]
)
def test_a_name_that_is_written_otherwise_is_answered_with_what_to_write(tmp_path, fault, name):
    message = fault(check_name, name, tmp_path)
    assert repr(name) in message
    assert "write 00001D, without a folder or a file ending" in message


def test_names_of_a_folder_leave_out_mirrored_copies_and_other_files(mfnet):
    for extra in ("00001D_flip.png", "._00001D.png", "readme.md"):
        (mfnet / "images" / extra).write_bytes(b"")
    names = names_in(mfnet / "images")
    assert len(names) == 16
    assert names == in_time_order(names)


def test_a_folder_without_frames(tmp_path, fault):
    assert "no such folder" in fault(names_in, tmp_path / "images")
    assert "holds no .png file" in fault(names_in, tmp_path)
    (tmp_path / "cat.png").write_bytes(b"")
    message = fault(names_in, tmp_path)
    assert "'cat'" in message
    assert "cat.png" in message


@pytest.mark.parametrize("ending", [".PNG", ".Png"])
def test_endings_of_any_case_are_frames(mfnet, ending):
    file = mfnet / "images" / "00001D.png"
    renamed = file.rename(file.with_suffix(ending))
    assert files_in(mfnet / "images")["00001D"] == renamed
    assert len(names_in(mfnet / "images")) == 16


@pytest.mark.parametrize("other", ["00001D.PNG", "00001D.tif"])
def test_two_files_of_one_frame(mfnet, fault, other):
    (mfnet / "images" / other).write_bytes(b"")
    message = fault(files_in, mfnet / "images", (".png", ".tif"))
    assert "is of frame 00001D, as 00001D." in message
    assert "remove one of the two" in message


def test_pictures_with_other_endings_are_listed(mfnet):
    for other in ("00099D.jpg", "00098D.BMP", "._00001D.jpg", "readme.md"):
        (mfnet / "images" / other).write_bytes(b"")
    assert other_pictures(mfnet / "images") == ["00098D.BMP", "00099D.jpg"]
    assert len(names_in(mfnet / "images")) == 16


def test_a_folder_of_other_pictures_alone(tmp_path, fault):
    for name in ("00001D.jpg", "00002D.jpg"):
        (tmp_path / name).write_bytes(b"")
    message = fault(names_in, tmp_path)
    assert "holds no .png file, but 2 other pictures such as 00001D.jpg; convert them" in message


@pytest.mark.parametrize(
    "content", [b"\xef\xbb\xbf00001D\n00002N\n", b"00001D\r00002N", b"00001D\r\n00002N\t\r\n"]
)
def test_marks_and_line_ends_of_other_systems_are_no_part_of_a_name(tmp_path, content):
    path = tmp_path / "train.txt"
    path.write_bytes(content)
    assert read_list(path) == ["00001D", "00002N"]


def test_a_list_that_is_a_folder(tmp_path, fault):
    (tmp_path / "train.txt").mkdir()
    assert f"{tmp_path / 'train.txt'}: is a folder; a list is a text file" in fault(
        read_list, tmp_path / "train.txt"
    )


def test_lists_keep_their_order_without_blanks_and_mirrored_copies(tmp_path):
    path = tmp_path / "train.txt"
    path.write_bytes(b"00003D\r\n00001D \n\n00001D_flip\n00002N\n")
    assert read_list(path) == ["00003D", "00001D", "00002N"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "no such list"),
        (b"", "lists no frame"),
        (b"\n \n", "lists no frame"),
        (b"00001D_flip\n", "lists no frame"),
        (b"00001D\n00002D\n00001D\n", "lists 00001D twice"),
        (b"00001\n", "'00001' is not a number followed by D (day) or N (night)"),
        (b"00001D\xff", "cannot be read as text"),
        ("00001D\n".encode("utf-16"), "is not UTF-8, but perhaps UTF-16; save it as UTF-8"),
        ("00001D\n".encode("utf-16-le"), "is not UTF-8, but perhaps UTF-16; save it as UTF-8"),
        (b"00001D\n00001d\n", "'00001d' is not a frame name; write 00001D"),
    ],
)
def test_faults_of_a_list(tmp_path, fault, content, expected):
    path = tmp_path / "train.txt"
    if content is not None:
        path.write_bytes(content)
    message = fault(read_list, path)
    assert expected in message
    assert str(path) in message


def test_a_missing_list_says_what_to_do(tmp_path, fault):
    assert "make the split with 'dvc repro'" in fault(read_list, tmp_path / "train.txt")
    message = fault(read_lists, tmp_path, ADD_LISTS)
    assert f"{tmp_path / 'train.txt'}: no such list" in message
    assert "split.by: lists needs the dataset's own lists" in message


def test_a_name_in_two_lists_is_reported_with_both(mfnet, fault):
    assert set(read_lists(mfnet)) == set(PARTS)
    with (mfnet / "test.txt").open("a") as file:
        file.write("00003D\n")
    message = fault(read_lists, mfnet)
    assert "test.txt: lists 00003D" in message
    assert "train.txt" in message


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, [0]), (2, [0, 9]), (4, [0, 3, 6, 9]), (10, list(range(10))), (99, list(range(10)))],
)
def test_evenly_spaced_frames_go_from_the_first_to_the_last(count, expected):
    assert evenly_spaced(range(10), count) == expected


def test_no_frames_are_evenly_spaced():
    assert evenly_spaced([], 3) == []


def test_two_names_on_one_line_are_told(tmp_path, fault):
    (tmp_path / "train.txt").write_text("00001D 00002D\n")
    message = fault(read_list, tmp_path / "train.txt")
    assert "'00001D 00002D' holds several frame names; write one a line" in message


@pytest.mark.parametrize("content", ["", "00001T\n", "00001D\n00001D\n", "\x00"])
def test_a_list_that_the_pipeline_made_is_made_again(tmp_path, fault, content):
    path = tmp_path / "train.txt"
    path.write_text(content)
    assert fault(read_list, path).endswith(", or run 'dvc repro split' to make it again")
    assert "dvc repro" not in fault(read_list, path, "add the list")
