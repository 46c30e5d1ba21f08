"""The training of a link: its stages, its draws, its validation, and that it learns."""

import pytest
import torch
import yaml

from cscsanet.config.fusion import FusionParams
from cscsanet.config.params import profile_text
from cscsanet.specialists.fusion.task import FusionTask, draw_link, initial_system
from cscsanet.training.fit import fit
from cscsanet.training.seeds import generator


class NoLog:
    def log_epoch(self, epoch, metrics):
        pass


@pytest.fixture(scope="module")
def params():
    return FusionParams.model_validate(yaml.safe_load(profile_text("smoke", "fusion")))


def changed(params, **sections):
    update = {name: getattr(params, name).model_copy(update=values) for name, values in sections.items()}
    return params.model_copy(update=update)


def test_links_are_drawn_from_all_of_their_ranges(params):
    drawn = [draw_link(params, generator(1, "step", index)) for index in range(300)]
    assert {link.users for link in drawn} == {2, 3}
    assert {link.ports for link in drawn} == {1, 3}
    assert {link.bits for link in drawn} == {4, 8}
    assert all(-25 <= link.srs_snr_db <= 10 for link in drawn)
    reciprocal = sum(link.rho == 1 for link in drawn) / 300
    assert reciprocal == pytest.approx(params.training_link.reciprocal_share, abs=0.1)


def test_each_stage_trains_its_networks_alone(params, monkeypatch):
    system = initial_system(params, 1)
    task = FusionTask(system, params, 1)
    parts = {"srs": {0, 1, 2}, "feedback": {1, 2}, "fusion": {2}, "fusion_ports": {2}, "ue": {1, 2}}
    for epoch in range(3):
        monkeypatch.setattr(FusionTask, "current_epoch", epoch)
        assert task.stage == epoch
        system.zero_grad()
        torch.stack(
            [task.loss(torch.arange(4), generator(1, "step", step)) for step in range(4)]
        ).sum().backward()
        for name, stages in parts.items():
            moved = any(
                parameter.grad is not None and bool(parameter.grad.abs().sum() > 0)
                for parameter in getattr(system, name).parameters()
            )
            assert moved == (epoch in stages), (name, epoch)


@pytest.mark.parametrize("form", ["beliefs", "precoders"])
def test_two_passes_over_the_validation_agree(form, params):
    shaped = changed(params, network={"form": form})
    task = FusionTask(initial_system(shaped, 1), shaped, 1)
    passes = []
    for _ in range(2):
        parts = []
        for first in range(0, task.val_items, 8):
            with torch.no_grad():
                batch = torch.arange(first, min(first + 8, task.val_items))
                parts.append(task.validate(batch, generator(1, "validate", first)))
        passes.append(task.validation_metrics(parts))
    assert passes[0] == passes[1]
    assert set(passes[0]) == {"val_log_se", "val_se", "val_se_srs", "val_se_feedback"}


def test_a_training_of_the_papers_form_learns(params, tmp_path):
    longer = changed(
        params,
        network={"form": "precoders", "channels": 8, "hidden": 16},
        fit={"epochs": 4, "steps_per_epoch": 25, "patience": 4, "learning_rate": 0.01, "stages": (0.0, 0.0)},
        training_link={"srs_snr_db": (10.0, 10.0), "users": (2,), "age_ms": (0.0, 0.0), "rho": (1.0, 1.0)},
        link={"age_ms": 0.0},
    )
    system = initial_system(longer, 1)
    result = fit(FusionTask(system, longer, 1), longer.recipe, tmp_path, NoLog(), progress=False)
    assert result.best["val_log_se"] > result.history[0]["val_log_se"]
    assert result.best["val_se_srs"] > 0.5


def test_seeds_of_a_training_differ(params):
    first, second, same = (initial_system(params, seed) for seed in (1, 2, 1))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), same.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
