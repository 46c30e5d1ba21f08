"""Measurements: the same drops for all, thresholds from validation drops, and what is kept."""

from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import pytest
import torch

from cscsanet.channel.activity import Cell, draw_access, highest_power
from cscsanet.config.access import NAME, SHAPES
from cscsanet.errors import CscsanetError
from cscsanet.specialists.access import measure, methods
from cscsanet.specialists.access.baselines.covariance_likelihood import covariance_powers
from cscsanet.specialists.access.measure import classical_outcome, learned_outcome, read_outcome, seen_drops
from cscsanet.specialists.access.methods import CLASSICAL
from cscsanet.specialists.access.outcomes import Outcome
from cscsanet.specialists.access.points import home, points
from cscsanet.specialists.access.system import AccessSystem, book_of_tests
from cscsanet.specialists.access.training import models
from cscsanet.specialists.room import SpecialistWorkspace
from cscsanet.training.weights import save_weights


def drops_of(params, point, part="test", count=7):
    book = book_of_tests(params)[: point.devices, : point.preamble_length]
    return list(seen_drops(params, point, part, book, count))


def test_every_length_has_the_same_devices_channels_and_noise(params):
    start = home(params)
    (short,), (long,) = (drops_of(params, replace(start, preamble_length=length)) for length in (4, 12))
    assert torch.equal(short.drops.active, long.drops.active)
    assert torch.equal(short.drops.channel, long.drops.channel)
    torch.testing.assert_close(short.received, long.received[:, :4])


def test_validation_and_test_drops_differ(params):
    (test,), (val,) = drops_of(params, home(params)), drops_of(params, home(params), "val")
    assert not torch.equal(test.drops.channel, val.drops.channel)


def test_at_equal_energy_of_the_preamble_a_longer_one_has_weaker_symbols(params):
    start = replace(home(params), energy="preamble", snr_db=20.0)
    (short,), (long,) = (drops_of(params, replace(start, preamble_length=length)) for length in (4, 8))
    assert short.snr == pytest.approx(25.0)
    assert long.snr == pytest.approx(12.5)


def test_the_threshold_is_that_of_the_validation_drops(params, monkeypatch):
    """Scores that are right on them, and too low on the test drops: a threshold of these would find all."""
    (val,) = drops_of(params, home(params), "val", 20)

    def weaker(seen):
        return seen.drops.active * (1.0 if torch.equal(seen.drops.channel, val.drops.channel) else 0.1)

    monkeypatch.setattr(measure, "CLASSICAL", {"omp": weaker})
    outcome = classical_outcome(params, "omp", home(params))
    assert outcome.missed == outcome.active
    assert 0.1 < outcome.threshold < 1
    # Of a device that is not detected there is no channel.
    assert outcome.channel_error == pytest.approx(outcome.channel_energy)


@pytest.mark.parametrize("method", sorted(CLASSICAL))
def test_every_method_is_better_than_declaring_all_inactive(method, params, change):
    more = change(params, evaluation={"val_drops": 30, "test_drops": 30, "slow_drops": 30})
    outcome = classical_outcome(more, method, home(more))
    errors = sum(outcome.missed) + sum(outcome.false_alarms)
    assert errors < 0.5 * sum(outcome.active)
    assert len(outcome.active) == 30


@pytest.mark.parametrize("method", ["covariance-ml", "gmmv-amp", "omp"])
def test_in_a_silent_cell_nothing_is_detected_at_the_threshold(method, params, change):
    """Of the cell with devices; scores of noise alone stay below it."""
    more = change(params, evaluation={"val_drops": 40, "test_drops": 40})
    threshold = classical_outcome(more, method, home(more)).threshold
    silent = replace(home(more).cell(more.cell), activity=0.0)
    point, book = home(more), book_of_tests(more)[:16, :8]
    (seen,) = drops_of(more, point, count=20)
    drops = draw_access(20, silent, torch.Generator().manual_seed(0))
    assert not drops.active.any()
    scores = CLASSICAL[method](replace(seen, received=drops.noise[:, :8], drops=drops, book=book))
    assert (scores > threshold).float().mean() < 0.005


@pytest.mark.parametrize("method", ["ours", "covariance-ml"])
def test_a_silent_cell_has_no_more_false_alarms_than_were_set(method, params):
    """Where nobody sends, there is less to be mistaken for a device than in the cell that the threshold is from."""
    system = AccessSystem(params)

    def scores(seen):
        if method == "ours":
            with torch.no_grad():
                return system(seen.received, seen.book, seen.known)[-1]
        return CLASSICAL[method](seen)

    (seen,) = drops_of(params, home(params), "val", 50)
    threshold = scores(seen)[~seen.drops.active].quantile(0.99)
    (other,) = drops_of(params, home(params), "test", 50)
    nobody = replace(other.drops, active=torch.zeros_like(other.drops.active))
    silent = replace(other, received=other.drops.noise[:, : seen.book.shape[1]], drops=nobody)
    assert (scores(silent) > threshold).float().mean() <= 0.01
    assert (scores(other) > threshold)[other.drops.active].float().mean() > 0.5


def test_the_rest_of_a_longer_preamble_does_not_matter(params, tmp_path, monkeypatch):
    (ours, *_), path = models(params), tmp_path / "ours.safetensors"
    save_weights(AccessSystem(ours.params), path, ours.params, SHAPES, {})
    short = replace(home(params), preamble_length=6)
    before = learned_outcome(params, ours, short, path), classical_outcome(params, "gmmv-amp", short)
    other = book_of_tests(params).clone()
    other[:, 6:] = book_of_tests(params, 3)[:, 6:]
    monkeypatch.setattr(measure, "book_of_tests", lambda *_: other)
    assert (
        learned_outcome(params, ours, short, path),
        classical_outcome(params, "gmmv-amp", short),
    ) == before
    assert classical_outcome(params, "gmmv-amp", home(params)) != before[1]


def test_fewer_drops_are_the_first_ones(params):
    many, few = (
        torch.cat([seen.received for seen in drops_of(params, home(params), count=n)]) for n in (60, 53)
    )
    assert torch.equal(few, many[:53])


def test_fewer_antennas_are_the_first_ones(params):
    start = home(params)
    (large,), (small,) = (drops_of(params, replace(start, antennas=antennas)) for antennas in (16, 8))
    torch.testing.assert_close(small.received, large.received[..., :8])


def test_covariance_ml_knows_the_highest_power_as_ours_does(params):
    """Two preambles that are nearly one: without the limit one device takes the power of both."""
    (seen,) = drops_of(params, home(params), count=20)
    limited = covariance_powers(
        seen.received, seen.book, torch.Generator(), highest=torch.full((20, 16), 0.5 * seen.snr)
    )
    assert limited.max() <= 0.5 * seen.snr * 1.0001
    assert highest_power(0.0) == 1.0
    drawn = draw_access(500, Cell(40, 1, 1, 0.1, near_far_db=10.0), torch.Generator().manual_seed(1)).power
    assert float(drawn.max()) == pytest.approx(highest_power(10.0), rel=1e-3)
    assert float(drawn.mean()) == pytest.approx(1.0, rel=0.02)


def test_a_score_that_is_not_finite_is_an_error_of_one_line(params, monkeypatch):
    broken = {"omp": lambda seen: torch.full((len(seen.received), 16), torch.nan)}
    monkeypatch.setattr(measure, "CLASSICAL", broken)
    with pytest.raises(CscsanetError, match="a score is not finite"):
        classical_outcome(params, "omp", home(params))


def test_a_detector_is_measured_with_its_weights(params, tmp_path):
    (ours, *_), path = models(params), tmp_path / "ours.safetensors"
    system = AccessSystem(ours.params)
    save_weights(system, path, ours.params, SHAPES, {})
    outcome = learned_outcome(params, ours, home(params), path)
    assert outcome.calibration
    assert outcome.devices == 16
    # At first the logits are hardly more than the odds of covariance ML.
    assert sum(outcome.missed) + sum(outcome.false_alarms) < sum(outcome.active)


def test_a_book_with_equal_preambles_is_refused(params, monkeypatch):
    book = book_of_tests(params).clone()
    book[3] = book[5]
    monkeypatch.setattr(measure, "book_of_tests", lambda *_: book)
    with pytest.raises(CscsanetError, match="preambles of devices 3 and 5: the first 8 symbols are equal"):
        classical_outcome(params, "omp", home(params))


@pytest.fixture
def stage(params, tmp_path):
    return SimpleNamespace(params=params, workspace=SpecialistWorkspace(tmp_path, NAME), code="0")


def test_a_measurement_is_made_once_and_again_when_something_changes(stage, tmp_path, change):
    made = []

    def work():
        made.append(1)
        return Outcome(0.5, 4, [1], [0], [0], [0.1], [1.0], [], [])

    path = tmp_path / "omp.json"
    for _ in range(2):
        measure._keep(stage, path, {}, partial(work))
    assert len(made) == 1
    assert read_outcome(path).threshold == 0.5
    measure._keep(stage, path, {"access/ours": "1"}, partial(work))
    stage.code = "1"
    measure._keep(stage, path, {"access/ours": "1"}, partial(work))
    stage.params = change(stage.params, evaluation={"test_drops": 21})
    measure._keep(stage, path, {"access/ours": "1"}, partial(work))
    assert len(made) == 4
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(CscsanetError, match="damaged"):
        read_outcome(path)


def test_files_of_points_and_methods_that_are_not_asked_for_are_removed(stage, monkeypatch):
    monkeypatch.setattr(measure, "models", lambda _: [])
    monkeypatch.setattr(
        measure, "classical_outcome", lambda *_: Outcome(0.5, 4, [1], [0], [0], [0.1], [1.0], [], [])
    )
    folder = stage.workspace.measurements
    for name in ("old_point", home(stage.params).name):
        (folder / name).mkdir(parents=True)
        (folder / name / "gone.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(measure, "num_workers", lambda _: 1)
    measure.measure_detectors(stage)
    assert {path.name for path in folder.iterdir()} == {point.name for point in points(stage.params)}
    assert {path.stem for path in (folder / home(stage.params).name).iterdir()} == set(CLASSICAL)


def test_methods_with_large_matrices_take_a_few_drops_at_a_time(params, monkeypatch):
    (seen,) = drops_of(params, home(params), count=5)
    assert [len(part.received) for part in seen.parts(2)] == [2, 2, 1]
    at_once = CLASSICAL["genie"](seen)
    monkeypatch.setattr(methods, "_PART", 2)
    torch.testing.assert_close(CLASSICAL["genie"](seen), at_once)
    assert CLASSICAL["covariance-ml-genie"](seen).shape == at_once.shape
