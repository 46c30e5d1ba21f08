"""The further Stage II trainings of the physical study, and the layers that are measured."""

import pytest
import torch

from cscsanet.errors import CscsanetError
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.studies.physical.variants import SUBCARRIER, trained_layers, variants
from cscsanet.training.weights import PHYSICAL_SHAPES, save_weights
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
