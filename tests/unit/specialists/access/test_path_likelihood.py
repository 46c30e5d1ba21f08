"""ML with known correlation, against the likelihood of the whole covariance."""

import pytest
import torch

from cscsanet.channel.activity import Cell, draw_access, random_book, received
from cscsanet.channel.steering import steering
from cscsanet.specialists.access.baselines import covariance_likelihood, path_likelihood
from cscsanet.specialists.access.baselines.path_likelihood import genie_scores, known_path_scores

CELL = Cell(devices=8, antennas=6, symbols=4, activity=0.3, paths=2, spread_deg=3.0)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def log_density(signal, book, angles, variances):
    """log p(vec Y) from the covariance of all L M entries, without its constant."""
    atoms = torch.stack(
        [
            torch.outer(book[device], steering(angles[device, path], 6)).flatten()
            for device in range(8)
            for path in range(2)
        ],
        dim=1,
    ).to(torch.complex128)
    covariance = (atoms * variances.repeat_interleave(2)) @ atoms.mH + torch.eye(24)
    whole = signal.flatten().to(torch.complex128)
    return float(
        -torch.linalg.slogdet(covariance)[1] - (whole.conj() @ torch.linalg.solve(covariance, whole)).real
    )


def test_the_ratio_of_a_device_is_that_of_two_whole_covariances():
    drops, book = draw_access(3, CELL, seeded()), random_book(8, 4, seeded(1))
    signal, power = received(drops, book, 4, 3.0), 10**0.3 * drops.power
    scores = genie_scores(signal, book, drops.angles, power, drops.active)
    for drop in range(3):
        for device in range(8):
            on, off = drops.active[drop].double(), drops.active[drop].double()
            on[device], off[device] = 1.0, 0.0
            levels = [
                log_density(signal[drop], book, drops.angles[drop], each * power[drop] / 2)
                for each in (on, off)
            ]
            assert float(scores[drop, device]) == pytest.approx(levels[0] - levels[1], abs=1e-6)


def test_a_step_raises_the_likelihood_as_far_as_it_can():
    drops, book = draw_access(1, CELL, seeded(4)), random_book(8, 4, seeded(1))
    signal = received(drops, book, 4, 3.0)
    evidence = path_likelihood.white_evidence(signal, book, drops.angles)
    full = torch.tensor([1.0], dtype=torch.float64)
    for device in range(8):
        best = path_likelihood._best_step(evidence, device, 2, 0 * full, full)
        levels = []
        for step in (best, (best - 0.05).clamp(0, 1), (best + 0.05).clamp(0, 1)):
            variances = torch.zeros(8, dtype=torch.float64)
            variances[device] = step.item()
            levels.append(log_density(signal[0], book, drops.angles[0], variances))
        assert levels[0] >= max(levels[1:]) - 1e-6


def test_known_directions_find_what_covariance_ml_confuses():
    cell = Cell(devices=40, antennas=32, symbols=6, activity=0.15, spread_deg=2.0)
    drops, book = draw_access(20, cell, seeded()), random_book(40, 6, seeded(1))
    signal = received(drops, book, 6, 10.0)

    def confused(scores):
        return float((scores[drops.active].unsqueeze(1) <= scores[~drops.active]).float().mean())

    known = known_path_scores(signal, book, drops.angles, 10 * drops.power, seeded(), sweeps=3)
    assert confused(known) < 0.2 * confused(covariance_likelihood.covariance_powers(signal, book, seeded()))
