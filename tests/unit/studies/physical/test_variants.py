"""The further Stage II trainings of the physical study, and the layers that are measured."""

from dataclasses import replace

import pytest
import torch

from cscsanet.errors import CscsanetError
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.studies.physical import variants as module
from cscsanet.studies.physical.variants import SUBCARRIER, train_variants, trained_layers, variants
from cscsanet.training.weights import PHYSICAL_SHAPES, save_weights
from cscsanet.workflow.stage import Stage
from cscsanet.workflow.workspace import Workspace


def test_the_paper_s_front_end_is_a_variant_unless_the_pipeline_trains_it(smoke):
    names = variants(smoke)
    assert list(names) == [SUBCARRIER, "L8-B64"]
    paper = names[SUBCARRIER]
    assert paper.csa.front == "subcarrier"
    assert paper.physical.csirs_steps == 0
    assert paper.physical.epochs == paper.physical.patience == smoke.study.subcarrier_epochs
    already = smoke.model_copy(update={"csa": paper.csa})
    assert list(variants(already)) == ["L8-B64"]


def test_a_dedicated_model_is_trained_for_its_point_alone(smoke):
    points = variants(smoke)["L8-B64"].points
    assert (points.csirs_symbols, points.feedback_bits) == ((8,), (64,))
    assert points.data_symbols == smoke.points.data_symbols
    assert variants(smoke)["L8-B64"].physical == smoke.physical


def test_a_variant_that_is_asked_for_no_more_leaves_nothing(smoke, tmp_path, monkeypatch):
    def write(stage, name):
        for path in results(stage.workspace, name):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    monkeypatch.setattr(module, "_train_variant", write)
    stage = Stage("physical_variants", Workspace(tmp_path), smoke, "code")
    train_variants(stage)
    assert all(path.exists() for name in (SUBCARRIER, "L8-B64") for path in results(stage.workspace, name))
    other = smoke.study.model_copy(update={"dedicated": ((2, 16),)})
    train_variants(replace(stage, params=smoke.model_copy(update={"study": other})))
    assert all(path.exists() for name in (SUBCARRIER, "L2-B16") for path in results(stage.workspace, name))
    assert not any(path.exists() for path in results(stage.workspace, "L8-B64"))


def results(workspace, name):
    reports = workspace.reports / "training" / "physical_variants"
    weights = workspace.weights(f"physical_variants/{name}")
    return [weights, *(reports / f"{name}.{suffix}" for suffix in ("json", "csv"))]


def test_trained_layers_have_their_weights_and_the_points_that_they_are_measured_at(smoke, tmp_path):
    workspace = Workspace(tmp_path)
    torch.manual_seed(1)
    trained = {"physical": smoke}
    trained |= {f"physical_variants/{name}": params for name, params in variants(smoke).items()}
    for name, params in trained.items():
        save_weights(PhysicalLayer(params), workspace.weights(name), params, PHYSICAL_SHAPES, {})
    layers = trained_layers(workspace, smoke)
    assert {layer.scheme: dict(layer.budgets) for layer in layers} == {
        "beamspace-elastic": {2: (16, 64), 8: (16, 64)},
        "subcarrier": {2: (16, 64), 8: (16, 64)},
        "beamspace-dedicated": {8: (64,)},
    }
    assert not any(layer.layer.training for layer in layers)
    workspace.weights("physical_variants/L8-B64").unlink()
    with pytest.raises(CscsanetError, match="L8-B64"):
        trained_layers(workspace, smoke)
