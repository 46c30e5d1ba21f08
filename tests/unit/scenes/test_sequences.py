"""Driving sequences: the sequence of each frame, and counts of whole sequences."""

import json

import pytest
import torch

from cscsanet.scenes.sequences import by_sequence, read_sequences, sequences_of


def write_sequences(folder, entries):
    (folder / "sequences.json").write_text(json.dumps(entries))


def test_each_frame_has_its_sequence_and_others_are_one_each(tmp_path):
    write_sequences(tmp_path, [{"name": "a", "frames": ["1D", "2D"]}, {"name": "b", "frames": ["3N"]}])
    assert read_sequences(tmp_path) == {"1D": "a", "2D": "a", "3N": "b"}
    assert sequences_of(["3N", "9D", "1D"], tmp_path) == ("b", "9D", "a")


def test_a_folder_without_sequences_has_one_for_each_frame(tmp_path):
    assert read_sequences(tmp_path) == {}
    assert sequences_of(["2D", "1D"], tmp_path) == ("2D", "1D")


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([{"name": "a", "frames": ["1D"]}, {"name": "a", "frames": ["2D"]}], "two sequences are named a"),
        ([{"name": "a", "frames": ["1D", "1D"]}], "frame 1D belongs to two sequences"),
        ([{"name": "a"}], "is not a list of sequences"),
    ],
)
def test_faulty_sequences_are_an_error(tmp_path, fault, entries, expected):
    write_sequences(tmp_path, entries)
    message = fault(read_sequences, tmp_path)
    assert expected in message
    assert str(tmp_path / "sequences.json") in message


def test_counts_are_added_up_in_the_order_of_the_first_frames():
    counts = torch.arange(10, dtype=torch.int64).reshape(5, 2)
    sums = by_sequence(counts, ("b", "a", "b", "c", "a"))
    assert sums.tolist() == [[0 + 4, 1 + 5], [2 + 8, 3 + 9], [6, 7]]
    assert sums.dtype == torch.int64


@pytest.mark.parametrize(
    "text",
    [
        '[{"name": "a", "frames": "1D"}]',
        '[{"name": "a", "frames": {"1D": 1}}]',
        '[{"name": 1, "frames": ["1D"]}]',
        '[{"name": null, "frames": []}]',
        '[{"name": "a", "frames": [1]}]',
        '[{"name": "b", "name": "a", "frames": ["1D"]}]',
        "{}",
        "null",
        "[" * 5000,
        '[{"name": "\\ud800", "frames": []}]',
    ],
)
def test_other_types_are_not_taken_for_names(tmp_path, fault, text):
    (tmp_path / "sequences.json").write_text(text)
    assert "is not a list of sequences" in fault(read_sequences, tmp_path)


def test_a_name_with_a_line_break_stays_on_its_line(tmp_path, fault):
    write_sequences(tmp_path, [{"name": "a\nb", "frames": []}] * 2)
    assert r"two sequences are named a\nb;" in fault(read_sequences, tmp_path)
