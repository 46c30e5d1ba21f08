"""The time left: by earlier runs of this project, else by the profile's, and unknown where there is neither."""

import json

import pytest

from cscsanet.workflow.repro.expected import Remaining, duration, earlier_seconds


def test_times_of_this_project_come_before_those_of_the_profile(tmp_path):
    (tmp_path / "times").mkdir()
    (tmp_path / "times" / "noma.json").write_text(json.dumps({"seconds": 12.5}))
    (tmp_path / "times" / "oma.json").write_text("{")
    known = earlier_seconds(tmp_path, "small", ["noma", "oma", "unheard"])
    assert known["noma"] == 12.5
    assert known["oma"] > 60, "of the profile small"
    assert "unheard" not in known
    assert earlier_seconds(tmp_path, "paper", ["oma"]) == {}


def test_a_specialist_has_times_of_its_own(tmp_path):
    (tmp_path / "times" / "access").mkdir(parents=True)
    (tmp_path / "times" / "access" / "measure.json").write_text(json.dumps({"seconds": 3}))
    assert earlier_seconds(tmp_path, "small", ["measure", "export"], "access/") == {"measure": 3.0}


def test_what_is_not_known_is_said():
    assert Remaining({}, {"a", "b"}).text() == "time left unknown"
    assert "and 2 stages of unknown time" in Remaining({"c": 100.0}, {"a", "b", "c"}).text()


def test_a_slow_machine_takes_longer():
    remaining = Remaining({"a": 1000.0, "b": 1000.0}, {"a", "b"})
    assert remaining.text() == "about 34 min left by the times of an earlier run"
    remaining.ran("a", 3000.0)
    assert remaining.text() == "about 49 min left"


def test_stages_that_need_not_run_take_no_time():
    remaining = Remaining({"a": 1000.0, "b": 100.0}, {"a", "b"})
    remaining.skipped("a")
    assert remaining.text() == "about 2 min left by the times of an earlier run"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "1 s"), (44, "45 s"), (130, "2 min"), (2400, "40 min"), (9000, "2.5 h")]
)
def test_durations_are_coarse(seconds, text):
    assert duration(seconds) == text
