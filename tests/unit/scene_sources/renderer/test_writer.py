"""Rendered datasets: MFNet's layout, whole sequences in lists, same bytes for any workers."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cscsanet.errors import CscsanetError
from cscsanet.scene_sources.renderer import writer
from cscsanet.scene_sources.renderer.sequence import render_sequence
from cscsanet.scene_sources.renderer.writer import plan_sequences, split_names, write_rendered

SIZE = {"height": 48, "width": 64}
LISTS = ("train", "val", "test")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rendered") / "frames"
    counts: list[int] = []
    write_rendered(folder, sequences=8, frames_per_sequence=2, seed=3, progress=counts.append, **SIZE)
    assert sum(counts) == 16
    return folder


def test_the_layout_is_mfnets(written: Path) -> None:
    entries = json.loads((written / "sequences.json").read_text())
    names = [name for entry in entries for name in entry["frames"]]
    assert names == [f"{number:05d}{name[-1]}" for number, name in enumerate(names, 1)]
    assert sum(entry["night"] for entry in entries) == 4
    for entry in entries:
        assert {name[-1] for name in entry["frames"]} == {"N" if entry["night"] else "D"}
    for part, mode in (("images", "RGBA"), ("labels", "L")):
        assert sorted(path.stem for path in (written / part).iterdir()) == names
        for name in names:
            with Image.open(written / part / f"{name}.png") as picture:
                picture.load()
                assert (picture.mode, picture.size) == (mode, (64, 48))
    assert sorted(name for part in LISTS for name in (written / f"{part}.txt").read_text().split()) == names


def test_the_pictures_are_those_of_the_seed_in_the_list(written: Path) -> None:
    entry = json.loads((written / "sequences.json").read_text())[5]
    frames = render_sequence(entry["seed"], 2, 48, 64, entry["night"])
    for name, frame in zip(entry["frames"], frames, strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(written / "images" / f"{name}.png")), frame.image)
        np.testing.assert_array_equal(np.asarray(Image.open(written / "labels" / f"{name}.png")), frame.label)


def test_content_does_not_depend_on_the_number_of_workers(written: Path, tmp_path: Path) -> None:
    write_rendered(tmp_path / "again", sequences=8, frames_per_sequence=2, seed=3, workers=2, **SIZE)
    files = sorted(path.relative_to(written) for path in written.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(tmp_path / "again") for path in (tmp_path / "again").rglob("*.*"))
    for file in files:
        assert (written / file).read_bytes() == (tmp_path / "again" / file).read_bytes(), file


@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 2**31 - 1))
def test_sequences_are_whole_in_a_list_and_in_order_of_time_from_train_to_test(
    eights: int, frames: int, seed: int
) -> None:
    plans = plan_sequences(8 * eights, frames, seed)
    parts = {part: set(names) for part, names in split_names(plans).items()}
    for plan in plans:
        assert sum(bool(names & set(plan.frames)) for names in parts.values()) == 1
    for suffix in "DN":
        same_light = [sorted(name for name in parts[part] if name.endswith(suffix)) for part in LISTS]
        assert [len(names) for names in same_light] == [2 * eights * frames, eights * frames, eights * frames]
        assert same_light[0][-1] < same_light[1][0] <= same_light[1][-1] < same_light[2][0]
    assert len({plan.seed for plan in plans}) == len(plans)


def test_lists_are_in_order_of_time_beyond_five_digits() -> None:
    parts = split_names(plan_sequences(8, 12_501, 1))
    for names in parts.values():
        assert [int(name[:-1]) for name in names] == sorted(int(name[:-1]) for name in names)
    assert "100001N" in parts["test"]


def test_sequences_whose_drawn_seeds_are_equal_get_different_ones(monkeypatch) -> None:
    plain = [plan.seed for plan in plan_sequences(16, 1, 3)]

    class Children:
        def __init__(self, seed: int) -> None:
            assert seed == 3

        def spawn(self, count: int) -> list[Any]:
            same = np.random.SeedSequence(3).spawn(count)
            return [*same[:5], same[2], *same[6:]]

    spawned = np.random.SeedSequence(3).spawn(16)
    monkeypatch.setattr(writer, "np", SimpleNamespace(random=SimpleNamespace(SeedSequence=Children)))
    seeds = [plan.seed for plan in plan_sequences(16, 1, 3)]
    assert seeds[5] == int(spawned[2].generate_state(2)[1])
    assert len(set(seeds)) == 16
    assert [*seeds[:5], *seeds[6:]] == [*plain[:5], *plain[6:]]


def test_an_older_folder_is_replaced_whole(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    for seed in (1, 2):
        write_rendered(folder, sequences=8, frames_per_sequence=1, seed=seed, **SIZE)
        (folder / "left.txt").touch()
        assert (
            json.loads((folder / "sequences.json").read_text())[0]["seed"]
            == plan_sequences(8, 1, seed)[0].seed
        )
        (folder / "left.txt").unlink(missing_ok=True)
    assert [path.name for path in tmp_path.iterdir()] == ["frames"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"sequences": 12}, "multiple of 8"),
        ({"sequences": 0}, "multiple of 8"),
        ({"frames_per_sequence": 0}, "at least 1"),
        ({"workers": 0}, "at least 1"),
    ],
)
def test_counts_out_of_range_are_refused(tmp_path: Path, change: dict[str, int], expected: str) -> None:
    arguments = {"sequences": 8, "frames_per_sequence": 1, "seed": 1, **SIZE, **change}
    with pytest.raises(CscsanetError, match=expected):
        write_rendered(tmp_path / "frames", **arguments)
    assert not (tmp_path / "frames").exists()


def test_a_folder_of_another_kind_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "holiday.jpg").touch()
    with pytest.raises(CscsanetError, match="photos"):
        write_rendered(tmp_path / "photos", sequences=8, frames_per_sequence=1, seed=1, **SIZE)
    assert (tmp_path / "photos" / "holiday.jpg").exists()
