"""Thresholds against all others, what is missed against false alarms, and calibration."""

import pytest
import torch

from cscsanet.specialists.access.outcomes import (
    best_threshold,
    calibration,
    decide,
    pooled_calibration,
    trade,
)


def errors(scores, active, threshold):
    return int((decide(scores, threshold) != active).sum())


@pytest.mark.parametrize("seed", range(6))
def test_no_threshold_has_fewer_errors(seed, seeded):
    active = torch.rand((20, 15), generator=seeded(seed)) < 0.2
    scores = torch.randn((20, 15), generator=seeded(seed + 50)) + 1.5 * active
    best = errors(scores, active, best_threshold(scores, active))
    tried = [*scores.flatten().tolist(), -100.0, 100.0]
    assert best == min(errors(scores, active, threshold) for threshold in tried)


def test_the_threshold_is_in_the_middle_of_a_clear_gap(seeded):
    active = torch.rand((20, 15), generator=seeded()) < 0.2
    scores = torch.where(active, 1000.0, -1.0) + torch.rand((20, 15), generator=seeded(1))
    threshold = best_threshold(scores, active)
    assert errors(scores, active, threshold) == 0
    # Of scores that reach over decades the middle is no mean.
    assert 0 < threshold < 100


def test_scores_that_are_equal_are_not_told_apart():
    scores, active = torch.zeros(2, 4), torch.tensor([[True, False, False, False], [False] * 4])
    threshold = best_threshold(scores, active)
    assert not decide(scores, threshold).any()
    assert decide(scores, best_threshold(scores, ~active)).all()


def test_nothing_is_detected_in_a_silent_part():
    scores = torch.rand(3, 5)
    active = torch.zeros(3, 5, dtype=torch.bool)
    assert not decide(scores, best_threshold(scores, active)).any()


def test_what_is_missed_falls_as_false_alarms_grow(seeded):
    active = torch.rand((200, 50), generator=seeded()) < 0.1
    scores = torch.randn((200, 50), generator=seeded(1)) + 2.0 * active
    curve = trade(scores, active)
    missed, alarms = zip(*curve, strict=True)
    assert list(missed) == sorted(missed, reverse=True)
    assert list(alarms) == sorted(alarms)
    assert curve[-1] == (0.0, 1.0)
    # At a tenth of false alarms a shift of 2 misses 1 - Phi(2 - 1.2816).
    at_a_tenth = min(curve, key=lambda pair: abs(pair[1] - 0.1))
    assert at_a_tenth[0] == pytest.approx(0.236, abs=0.04)


def test_logits_of_the_true_probability_are_calibrated(seeded):
    logits = 3 * torch.randn((400, 100), generator=seeded())
    active = torch.rand((400, 100), generator=seeded(1)) < logits.sigmoid()
    for said, true, count in calibration(logits, active):
        assert true == pytest.approx(said, abs=4 * (0.25 / count) ** 0.5)
    assert sum(count for *_, count in calibration(logits, active)) == 40_000


def test_the_calibration_of_two_points_is_that_of_their_devices(seeded):
    logits = 2 * torch.randn((2, 400, 50), generator=seeded()).double()
    active = torch.rand((2, 400, 50), generator=seeded(1)) < logits.sigmoid() ** 2
    pooled = pooled_calibration([calibration(*each) for each in zip(logits, active, strict=True)])
    expected = calibration(logits.flatten(0, 1), active.flatten(0, 1))
    assert [bin_[2] for bin_ in pooled] == [bin_[2] for bin_ in expected]
    torch.testing.assert_close(torch.tensor(pooled), torch.tensor(expected), rtol=0, atol=3e-6)
