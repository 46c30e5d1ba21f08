"""Notes on results of the Python interface: pictures that a model has not seen the like of."""

import pytest
import torch

from cscsanet.api.notes import picture_notes
from cscsanet.errors import CscsanetError
from cscsanet.files import write_json
from cscsanet.scenes.picture_statistics import fit_statistics, picture_features
from cscsanet.training.weights import save_weights, weights_metadata
from cscsanet.workflow.workspace import Workspace

INPUTS = {"scenes": "a" * 64, "split": "b" * 64, "channels_train": "c" * 64}


@pytest.fixture
def workspace(tmp_path, smoke):
    """A workspace with weights of `noma`."""
    workspace = Workspace(tmp_path)
    save_weights(torch.nn.Linear(1, 1), workspace.weights("noma"), smoke, (), {"inputs": INPUTS})
    return workspace


def test_pictures_far_from_the_training_are_noted(workspace):
    source = torch.Generator().manual_seed(1)

    def picture(offset=0):
        noise = torch.randint(0, 40, (4, 24, 32), generator=source, dtype=torch.uint8)
        return (noise + 60 + offset).to(torch.uint8).numpy()

    features = {
        part: torch.stack([torch.from_numpy(picture_features(picture())) for _ in range(80)]).numpy()
        for part in ("train", "val", "test")
    }
    statistics = fit_statistics(features, [False] * 80, INPUTS["scenes"], INPUTS["split"])
    models = [weights_metadata(workspace.trained("noma"))]

    def noted(pixels):
        return picture_notes(workspace, "noma", models, pixels)

    rendered = "noma was trained on rendered scenes alone"
    first, second = noted(picture())
    assert first.startswith(rendered)
    assert "how far these pictures lie from its training is unknown" in second
    write_json(workspace.reports / "pictures.json", statistics.content())
    (line,) = noted(picture())
    assert line.startswith(rendered)
    _, far = noted(picture(offset=100))
    assert far.startswith("noma: these pictures lie far from its training pictures")
    assert f"of its {statistics.test_frames} test frames lie beyond" in far
    write_json(workspace.reports / "pictures.json", [])
    with pytest.raises(CscsanetError, match=r"pictures\.json: missing, damaged"):
        noted(picture())
