"""The split: disjoint, complete, by time, and never within a sequence."""

import hashlib
import json

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from PIL import Image

from cscsanet.config.system import SplitParams
from cscsanet.errors import CscsanetError
from cscsanet.scene_sources.split import listed_split, temporal_split, write_split
from cscsanet.scenes.layout import (
    PARTS,
    image_path,
    in_time_order,
    is_night,
    label_path,
    names_in,
    read_lists,
)

BY_TIME = SplitParams(by="time", train=0.5, val=0.25)
BY_LISTS = SplitParams(by="lists", train=0.5, val=0.25)

# Shares of training and validation that leave at least 3 % for the test part.
shares = st.builds(
    lambda train, rest: (train, 0.05 + rest * (0.92 - train)), st.floats(0.05, 0.9), st.floats(0.0, 0.999)
)


@st.composite
def frame_sets(draw):
    """Draw 1 to 60 frame names, some of equal numbers, by numpy, as Hypothesis takes seconds."""
    count, largest, seed = draw(st.integers(1, 60)), draw(st.sampled_from([30, 99999])), draw(st.integers(0))
    generator = np.random.default_rng(seed)
    numbers, nights = generator.integers(0, largest, count), generator.random(count) < generator.random()
    return list(
        {
            f"{number:05d}{'DN'[night]}": None
            for number, night in zip(numbers, nights.astype(int), strict=True)
        }
    )


def split_or_reject(*args):
    try:
        return temporal_split(*args)
    except CscsanetError as error:
        if "is left for" in str(error):
            reject()
        raise


@given(names=frame_sets(), shares=shares)
@settings(max_examples=80)
def test_parts_are_disjoint_complete_and_in_time_order(names, shares):
    parts = split_or_reject(names, *shares)
    assert sorted(name for part in PARTS for name in parts[part]) == sorted(names)
    for part in PARTS:
        assert parts[part] == in_time_order(parts[part])


@given(names=frame_sets(), shares=shares)
@settings(max_examples=80)
def test_by_day_and_by_night_training_precedes_validation_precedes_test(names, shares):
    parts = split_or_reject(names, *shares)
    for night in (False, True):
        numbers = [[int(name[:-1]) for name in parts[part] if is_night(name) == night] for part in PARTS]
        for earlier, later in ((0, 1), (1, 2), (0, 2)):
            assert not numbers[earlier] or not numbers[later] or max(numbers[earlier]) < min(numbers[later])


@given(names=frame_sets(), shares=shares)
@settings(max_examples=80)
def test_shares_are_kept_within_one_frame_by_day_and_by_night(names, shares):
    parts = split_or_reject(names, *shares)
    for night in (False, True):
        total = sum(is_night(name) == night for name in names)
        for part, share in zip(PARTS, (*shares, 1 - sum(shares)), strict=True):
            count = sum(is_night(name) == night for name in parts[part])
            assert abs(count - share * total) < 1 + 1e-6


def make_sequences(lengths, suffix, first=0):
    """Return frame name -> sequence name of consecutive sequences with these numbers of frames."""
    groups, number = {}, first
    for index, length in enumerate(lengths):
        for _ in range(length):
            groups[f"{number:05d}{suffix}"] = f"{suffix}{index}"
            number += 1
    return groups


lengths = st.lists(st.integers(1, 9), min_size=3, max_size=12)


@given(day=lengths, night=lengths, shares=shares, seed=st.integers(0, 1000))
@settings(max_examples=80)
def test_no_sequence_is_split(day, night, shares, seed):
    groups = make_sequences(day, "D") | make_sequences(night, "N", 500)
    names = np.random.default_rng(seed).permutation(list(groups)).tolist()
    parts = split_or_reject(names, *shares, groups)
    assert sorted(name for part in PARTS for name in parts[part]) == sorted(names)
    sequences = [{groups[name] for name in parts[part]} for part in PARTS]
    assert not sequences[0] & sequences[1]
    assert not sequences[1] & sequences[2]
    assert not sequences[0] & sequences[2]


@given(lengths=lengths, shares=shares)
@settings(max_examples=80)
def test_a_boundary_moves_to_the_nearer_end_of_its_sequence(lengths, shares):
    groups = make_sequences(lengths, "D")
    parts = split_or_reject(list(groups), *shares, groups)
    ends = np.concatenate([[0], np.cumsum(lengths)])
    for share, end in (
        (shares[0], len(parts["train"])),
        (sum(shares), len(parts["train"]) + len(parts["val"])),
    ):
        boundary = int(share * len(groups) + 1e-9)
        assert abs(end - boundary) == np.abs(ends - boundary).min()


def test_the_counts_of_mfnets_authors():
    names = [f"{number:05d}D" for number in range(820)] + [f"{number:05d}N" for number in range(820, 1569)]
    parts = temporal_split(names, 0.5, 0.25)
    assert [len(parts[part]) for part in PARTS] == [784, 392, 393]


def test_a_small_split_by_hand():
    names = ["00004D", "00002D", "00001D", "00003D", "00010N", "00009N", "00012N", "00011N"]
    assert temporal_split(names, 0.5, 0.25) == {
        "train": ["00001D", "00002D", "00009N", "00010N"],
        "val": ["00003D", "00011N"],
        "test": ["00004D", "00012N"],
    }


def test_a_tie_goes_to_the_earlier_end():
    # Eight frames; the boundary at 4 is within the sequence of frames 2..5.
    groups = make_sequences([2, 4, 1, 1], "D")
    assert temporal_split(list(groups), 0.5, 0.25, groups)["train"] == ["00000D", "00001D"]


def test_rounding_of_shares_does_not_lose_a_frame():
    # 0.7 + 0.1 is below 0.8 in floating point.
    names = [f"{number}D" for number in range(10)]
    assert {part: len(chunk) for part, chunk in temporal_split(names, 0.7, 0.1).items()} == {
        "train": 7,
        "val": 1,
        "test": 2,
    }


def test_frames_without_a_sequence_can_be_separated():
    groups = make_sequences([4], "D")
    names = [*groups, "00004D", "00005D", "00006D", "00007D"]
    parts = temporal_split(names, 0.5, 0.25, groups)
    assert [len(parts[part]) for part in PARTS] == [4, 2, 2]


def test_an_empty_part_is_an_error(fault):
    message = fault(temporal_split, ["00001D", "00002D"], 0.5, 0.25)
    assert "split.train = 0.5, split.val = 0.25" in message
    assert "left for val" in message


def test_sequences_may_leave_a_part_empty(fault):
    groups = make_sequences([8, 8], "D")
    assert "left for val" in fault(temporal_split, list(groups), 0.5, 0.25, groups)


def test_a_repeated_name_is_an_error(fault):
    assert "00001D: occurs twice" in fault(
        temporal_split, ["00001D", "00002D", "00003D", "00001D"], 0.5, 0.25
    )


def test_a_sequence_with_a_gap_is_an_error(fault):
    groups = {"1D": "a", "2D": "b", "3D": "a", "4D": "b"}
    message = fault(temporal_split, list(groups), 0.5, 0.25, groups)
    assert "frame 3D: sequence a" in message


def test_a_sequence_by_day_and_night_is_an_error(fault):
    groups = {"1D": "dusk", "2N": "dusk", "3D": "b", "4D": "c"}
    assert "sequence dusk: holds frames of day and of night" in fault(
        temporal_split, list(groups), 0.5, 0.25, groups
    )


def test_listed_split_is_the_lists(mfnet):
    assert listed_split(mfnet, 0.25) == read_lists(mfnet)
    assert listed_split(mfnet, 0.25)["val"] == ["00001D", "00002D", "00017N", "00018N"]


@pytest.mark.parametrize("path_of", [image_path, label_path])
def test_a_listed_frame_without_a_file_is_an_error(mfnet, fault, path_of):
    path_of(mfnet, "00017N").unlink()
    message = fault(listed_split, mfnet, 0.25)
    assert str(path_of(mfnet, "00017N")) in message
    assert "val.txt lists 00017N" in message


def test_written_split_by_time(mfnet, tmp_path):
    target = tmp_path / "data" / "split"
    parts = write_split(mfnet, target, BY_TIME)
    assert parts == temporal_split(names_in(mfnet / "images"), 0.5, 0.25)
    assert read_lists(target) == parts
    assert sorted(file.name for file in target.iterdir()) == [
        "split.json",
        "test.txt",
        "train.txt",
        "val.txt",
    ]
    assert list(target.parent.iterdir()) == [target]


def test_written_split_by_lists(mfnet, tmp_path):
    assert (
        write_split(mfnet, tmp_path / "split", BY_LISTS)
        == read_lists(tmp_path / "split")
        == read_lists(mfnet)
    )


def test_lists_that_a_frames_folder_lacks(mfnet, tmp_path, fault):
    (mfnet / "val.txt").unlink()
    message = fault(write_split, mfnet, tmp_path / "split", BY_LISTS)
    assert f"{mfnet / 'val.txt'}: no such list; make the frames again, with split.by: lists" in message


def copy_frame(folder, source, name, mirrored=False, changed=False):
    """Put a frame's picture under another name."""
    pixels = np.array(Image.open(image_path(folder, source)))
    pixels = pixels[:, ::-1] if mirrored else pixels
    pixels[0, 0, 3] ^= changed
    Image.fromarray(pixels).save(image_path(folder, name), compress_level=1)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize(("name", "part"), [("00005D", "val"), ("00008D", "test"), ("00018N", "test")])
def test_a_picture_in_two_parts_is_an_error_that_names_both(mfnet, tmp_path, fault, name, part, mirrored):
    copy_frame(mfnet, "00002D", name, mirrored)
    message = fault(write_split, mfnet, tmp_path / "split", BY_TIME)
    assert f"frame {name} of {part} has the pixels of 00002D of train, or is its mirrored copy" in message
    assert not (tmp_path / "split").exists()


def test_a_picture_twice_in_one_part_is_no_leak(mfnet, tmp_path):
    copy_frame(mfnet, "00002D", "00003D")
    write_split(mfnet, tmp_path / "split", BY_TIME)


def test_a_picture_that_differs_in_one_value_is_another(mfnet, tmp_path):
    copy_frame(mfnet, "00002D", "00008D", changed=True)
    write_split(mfnet, tmp_path / "split", BY_TIME)


def test_summary_counts_frames_and_pixels(mfnet, tmp_path, scene):
    parts = write_split(mfnet, tmp_path / "split", BY_TIME)
    summary = json.loads((tmp_path / "split" / "split.json").read_text())
    assert summary["made_from"] == {
        "split.by": "time",
        "split.train": BY_TIME.train,
        "split.val": BY_TIME.val,
    }
    assert summary["digest"] == hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    for part in PARTS:
        counts = summary["parts"][part]
        labels = np.stack([scene(name, 24, 32)[1] for name in parts[part]])
        assert counts["frames"] == counts["day"] + counts["night"] == len(parts[part])
        assert counts["day"] == sum(name.endswith("D") for name in parts[part])
        assert list(counts["class_shares"])[:3] == ["unlabelled", "car", "person"]
        expected = np.bincount(labels.reshape(-1), minlength=9) / labels.size
        assert list(counts["class_shares"].values()) == pytest.approx(expected, abs=1e-6)


def test_split_is_the_same_every_time(mfnet, tmp_path):
    for target in ("first", "second"):
        write_split(mfnet, tmp_path / target, BY_TIME)
    for name in ("train.txt", "val.txt", "test.txt", "split.json"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def write_sequences(folder, lengths_by_night):
    groups = make_sequences(lengths_by_night[0], "D", 1) | make_sequences(lengths_by_night[1], "N", 11)
    names = dict.fromkeys(groups.values())
    entries = [
        {"name": name, "night": name[0] == "N", "seed": 1, "frames": [f for f in groups if groups[f] == name]}
        for name in names
    ]
    (folder / "sequences.json").write_text(json.dumps(entries))
    return groups


def test_sequences_of_the_folder_are_kept_whole(mfnet, tmp_path):
    groups = write_sequences(mfnet, ([3, 3, 2], [3, 2, 3]))
    parts = write_split(mfnet, tmp_path / "split", BY_TIME)
    assert parts == temporal_split(list(groups), 0.5, 0.25, groups)
    # Without the sequences, the boundary at frame 4 of 8 would be within the second one.
    assert (
        parts["train"]
        == ["00001D", "00002D", "00003D", "00011N", "00012N", "00013N"][:3] + parts["train"][3:]
    )
    assert len([name for name in parts["train"] if name.endswith("D")]) == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not a list of sequences"),
        ('{"name": "a"}', "is not a list of sequences"),
        ('[{"name": "a"}]', "is not a list of sequences"),
        (
            '[{"name": "a", "frames": ["1D"]}, {"name": "b", "frames": ["1D"]}]',
            "frame 1D belongs to two sequences",
        ),
        ('[{"name": "a", "frames": ["1D"]}, {"name": "a", "frames": ["2D"]}]', "two sequences are named a"),
    ],
)
def test_damaged_sequences(mfnet, tmp_path, fault, content, message):
    (mfnet / "sequences.json").write_text(content)
    error = fault(write_split, mfnet, tmp_path / "split", BY_TIME)
    assert message in error
    assert str(mfnet / "sequences.json") in error
    assert not (tmp_path / "split").exists()


def test_a_fault_in_a_label_leaves_no_split(mfnet, tmp_path, fault):
    Image.fromarray(np.full((24, 32), 9, dtype=np.uint8)).save(label_path(mfnet, "00002D"))
    assert "label id 9" in fault(write_split, mfnet, tmp_path / "split", BY_TIME)
    assert not (tmp_path / "split").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["mfnet"]


def test_no_frames_at_all(tmp_path, fault):
    assert "no such folder" in fault(write_split, tmp_path / "none", tmp_path / "split", BY_TIME)
