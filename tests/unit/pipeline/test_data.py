"""The stages that make the data, and data that are made when they are missing."""

import pytest
from fixtures.params import altered
from fixtures.paths import write_paths

from cscsanet.channel.dataset import PARTS, open_drops
from cscsanet.config.channel_notes import channel_notes
from cscsanet.pipeline import data
from cscsanet.pipeline.data import make_channels, make_missing, make_scenes, make_split
from cscsanet.scene_sources.manifest import read_manifest


@pytest.fixture
def tiny(smoke, stage):
    """The stage with data of the smallest sizes."""
    scenes = smoke.scenes.model_copy(update={"sequences": 8, "frames_per_sequence": 1})
    channel = smoke.channel.model_copy(update={"train_drops": 4, "val_drops": 3, "test_drops": 2})
    stage.params = smoke.model_copy(update={"scenes": scenes, "channel": channel})
    return stage


def test_each_part_of_the_channel_has_its_number_of_drops_and_other_drops(tiny):
    make_channels(tiny)
    (run,) = tiny.runs
    assert run.metrics == {"drops_train": 4, "drops_val": 3, "drops_test": 2}
    assert run.datasets == [(f"channels_{part}", "made") for part in ("train", "val", "test")]
    delays = [open_drops(tiny.workspace.drops(part)).all().delay[:2] for part in ("train", "val", "test")]
    assert not (delays[0] == delays[1]).any()
    assert not (delays[1] == delays[2]).any()


def test_a_channel_beyond_its_cyclic_prefix_or_too_fast_is_noted_where_it_is_drawn(tiny, capsys):
    def draw(**changes):
        channel = tiny.params.channel.model_copy(update={"max_delay": 1.0, **changes})
        tiny.params = tiny.params.model_copy(update={"channel": channel})
        make_channels(tiny)
        return capsys.readouterr().err.splitlines()

    (note,) = draw(symbol_duration_us=1000.0)
    assert note.startswith(
        "note: channel.symbol_duration_us = 1000: at 120 km/h and 28 GHz a path turns by up to 3.11"
    )
    assert draw(symbol_duration_us=8.9) == []


def test_drops_of_a_file_are_of_its_positions_and_say_what_is_not_modelled(tiny, capsys):
    channel = {"source": "paths", "file": "city.npz", "train_drops": 50}
    tiny.params = tiny.params.model_copy(update={"channel": tiny.params.channel.model_copy(update=channel)})
    write_paths(tiny.workspace.root / "city.npz")
    make_channels(tiny)
    parts = [open_drops(tiny.workspace.drops(part)) for part in PARTS]
    assert [store.num_paths for store in parts] == [5, 5, 5]
    assert [store.manifest["source"]["positions"] for store in parts] == [18, 6, 5]
    notes = capsys.readouterr().err.splitlines()
    assert notes[0].startswith("note: channel.source = paths: 5 paths for each UE, of unit power together")
    assert notes[1] == "note: channel.file = city.npz: 1 positions have no path and are left out"
    assert "comes after a normal cyclic prefix" in notes[2]
    # Of the drawn source's longest delay there is no note.
    assert not any("channel.max_delay = 10: " in note for note in notes)


def test_scenes_and_split_are_logged_with_their_sizes(tiny):
    make_scenes(tiny)
    make_split(tiny)
    scenes, split = tiny.runs
    assert scenes.metrics == {"frames_day": 4, "frames_night": 4}
    assert scenes.datasets == [("scenes", "made")]
    assert sum(split.metrics.values()) == 8
    assert split.datasets == [("split", "made")]


def test_a_recorded_dataset_becomes_frames_and_its_notes_are_printed(smoke, stage, mfnet, capsys):
    scenes = {"source": "mfnet", "folder": str(mfnet), "height": 48, "width": 64}
    stage.params = altered(smoke, scenes=scenes, split={"by": "lists"})
    make_scenes(stage)
    make_split(stage)
    notes = capsys.readouterr().err.splitlines()
    assert notes[0] == f"note: {mfnet}: 16 frames: enlarged from 24 x 32 to 48 x 64 pixels"
    assert notes[1].startswith(f"note: {mfnet}: 16 frames, of whose pixels unlabelled ")
    assert len(notes) == 2
    assert stage.runs[1].metrics == {"frames_train": 8, "frames_val": 4, "frames_test": 4}


def test_missing_data_are_made_with_a_message(tiny, capsys):
    workspace = tiny.workspace
    make_missing(workspace, tiny.params)
    messages = capsys.readouterr().err.splitlines()
    assert messages == [
        f"{workspace.scenes}: missing, so it is made now",
        f"{workspace.drops('test').parent}: missing, so it is made now",
        *(f"note: {note}" for note in channel_notes(tiny.params.channel)),
    ]
    assert read_manifest(workspace.scenes).day == 4
    assert set(workspace.drop_digests("train", "val", "test")) == {
        "channels_train",
        "channels_val",
        "channels_test",
    }
    assert workspace.scene_digests()["split"]


def test_existing_data_are_neither_made_again_nor_mentioned(tiny, capsys, monkeypatch):
    drops = [tiny.workspace.drops(part) for part in PARTS]
    for folder in (tiny.workspace.scenes, tiny.workspace.split, *drops):
        folder.mkdir(parents=True)
    for name in ("write_scenes", "write_split", "write_channels"):
        monkeypatch.setattr(data, name, lambda *arguments: pytest.fail("made again"))
    make_missing(tiny.workspace, tiny.params)
    assert capsys.readouterr().err == ""
