"""The second task: the class of a whole picture, by day or night and by the number of people."""

import numpy as np
import onnxruntime
import pytest
import torch
import yaml
from PIL import Image

from cscsanet.baselines.mfnet import MfnetLink
from cscsanet.channel.paths import draw_paths
from cscsanet.config.params import Params, load_params, profile_text
from cscsanet.config.scenes.classes import MFNET, class_list, scene_classes
from cscsanet.config.scenes.section import classes_of
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.measure import measure
from cscsanet.evaluation.schemes import BUILD
from cscsanet.export.capture import graph_of
from cscsanet.export.export import shape_sections, trained_sections
from cscsanet.export.graph_store import GraphStore
from cscsanet.export.signatures import signatures
from cscsanet.export.units import unit_modules
from cscsanet.links.csc_sa_net import noma
from cscsanet.links.ideal import IdealLink
from cscsanet.links.semantic_layer import SemanticLayer
from cscsanet.metrics.segmentation import pixel_accuracy
from cscsanet.pipeline.data import split_scenes, write_scenes
from cscsanet.pipeline.made_from import check_scenes
from cscsanet.scene_sources.scene_labels import label_scenes, num_people
from cscsanet.scenes.annotation import OF_MFNET, Annotation
from cscsanet.scenes.dataset import load_part
from cscsanet.scenes.images import read_label
from cscsanet.training.segmentation_task import SegmentationTask
from cscsanet.training.weights import SEMANTIC_SHAPES, load_weights, save_weights
from cscsanet.workflow.workspace import Workspace

SIX = ("day nobody", "day one", "day several", "night nobody", "night one", "night several")


@pytest.fixture(scope="module")
def params() -> Params:
    content = yaml.safe_load(profile_text("smoke"))
    content["scenes"]["task"] = "scene"
    return Params.model_validate(content)


@pytest.fixture(scope="module")
def workspace(params, tmp_path_factory) -> Workspace:
    """Rendered frames with the classes of whole pictures."""
    workspace = Workspace(tmp_path_factory.mktemp("scene"))
    write_scenes(workspace, params)
    split_scenes(workspace, params)
    return workspace


def test_classes_are_what_is_known_of_a_dataset():
    assert scene_classes(MFNET, light=True).names == SIX
    assert scene_classes(MFNET, light=False).names == ("nobody", "one", "several")
    assert scene_classes(class_list(("road",)), light=True).names == ("day", "night")


def test_people_are_regions_that_touch_and_are_not_small():
    ids = np.zeros((48, 64), np.uint8)
    assert num_people(ids, OF_MFNET) == 0
    ids[2:6, 2:4] = 2
    ids[6:9, 4:6] = 2  # touches the first at a corner
    ids[20, 20] = 2  # one pixel
    ids[30:40, 40:44] = 1  # a car
    assert num_people(ids, OF_MFNET) == 1
    ids[30:40, 50:54] = 2
    assert num_people(ids, OF_MFNET) == 2


def test_labels_become_one_region_of_the_class_of_the_picture(tmp_path):
    (tmp_path / "labels").mkdir()
    ids = np.zeros((48, 64), np.uint8)
    Image.fromarray(ids).save(tmp_path / "labels" / "00001D.png")
    ids[30:40, 50:54] = 2
    Image.fromarray(ids).save(tmp_path / "labels" / "00002N.png")
    label_scenes(tmp_path, OF_MFNET)
    written = Annotation(scene_classes(MFNET, light=True))
    assert np.unique(read_label(tmp_path / "labels" / "00001D.png", written)).tolist() == [0]
    assert np.unique(read_label(tmp_path / "labels" / "00002N.png", written)).tolist() == [4]


def test_rendered_frames_have_classes_of_whole_pictures(workspace, params):
    check_scenes(workspace, params)
    part = load_part(workspace.scenes, workspace.split, "train")
    assert part.annotation.classes.names == SIX
    labels = part.labels.flatten(1)
    assert torch.equal(labels.amin(dim=1), labels.amax(dim=1))
    assert torch.equal(labels[:, 0] >= 3, part.night)
    assert part.annotation.whole
    # Segmentation needs other frames.
    other = params.model_copy(update={"scenes": params.scenes.model_copy(update={"task": "segmentation"})})
    with pytest.raises(CscsanetError, match=r"made with scenes.task = scene, but params.yaml says"):
        check_scenes(workspace, other)


@pytest.mark.parametrize("scheme", [name for name in BUILD if not name.startswith("mfnet")])
def test_every_scheme_has_a_head_for_whole_pictures(scheme, params):
    weights = dict(BUILD[scheme](params).named_parameters())
    (decision,) = {
        tuple(each.shape) for name, each in weights.items() if name.endswith("decoder.decision.weight")
    }
    assert decision[0] == len(SIX)


def test_it_is_learned_and_measured(workspace, params):
    part = load_part(workspace.scenes, workspace.split, "train")
    torch.manual_seed(1)
    link = IdealLink(SemanticLayer(params))
    task = SegmentationTask(link, (part, part), None, params.points, params.semantic, seed=1).train()
    optimiser, source = torch.optim.Adam(task.parameters(), 1e-3), torch.Generator().manual_seed(0)
    for _ in range(120):
        optimiser.zero_grad()
        task.loss(torch.randperm(len(part), generator=source)[:8], source).backward()
        optimiser.step()
    drops = draw_paths(4, params.channel, torch.Generator().manual_seed(2))
    outcome = measure(
        link.eval(), part, drops, params.evaluation.home.point, params.channel, draws=1, seed=1, details=True
    )
    masks = outcome.masks.flatten(1)
    assert torch.equal(masks.amin(dim=1), masks.amax(dim=1))
    right = (masks[:, 0] == part.labels.flatten(1)[:, 0]).double().mean()
    assert float(pixel_accuracy(outcome.confusions.sum(dim=(0, 1)))) == pytest.approx(float(right))
    # A crop may cut off the people that a picture is classified by.
    assert task.crop == 1.0
    by_light = ((masks[:, 0] >= 3) == part.night).double().mean()
    assert float(by_light) > 0.9


def test_mfnet_decides_for_the_whole_picture(params):
    images = torch.rand(2, 4, params.scenes.height, params.scenes.width)
    link = MfnetLink(params.scenes.head).eval()
    logits = link(images, None, params.evaluation.home.point, torch.Generator()).logits
    assert logits.shape == (2, len(SIX), params.scenes.height, params.scenes.width)
    assert torch.allclose(logits[..., :1, :1].expand_as(logits), logits)


@pytest.mark.captures
def test_the_head_is_exported_and_agrees(params):
    torch.manual_seed(4)
    link = noma(params).eval()
    module, signature = unit_modules(link)["bs_rx"], signatures(params, aligned=False)["bs_rx"]
    model = graph_of(GraphStore(), "bs_rx", module, signature)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    source = np.random.default_rng(2)
    inputs = {
        name: source.standard_normal([2, *spec.shape[1:]]).astype(np.float32)
        for name, spec in signature.inputs.items()
    }
    (logits,) = session.run(None, inputs)
    with torch.inference_mode():
        expected = module(*(torch.from_numpy(inputs[name]) for name in signature.inputs))
    assert logits.shape == (2, len(SIX), params.scenes.height, params.scenes.width)
    assert np.abs(logits - expected.numpy()).max() < 1e-4


def test_units_name_the_classes_that_they_decode(params):
    trained = trained_sections({"params": params.model_dump(mode="json")})
    assert classes_of(trained["scenes"]["classes"]) == params.scenes.class_list
    assert shape_sections(params)["scenes"]["classes"] == trained["scenes"]["classes"]


def test_weights_of_the_other_task_are_one_line(params, tmp_path):
    path = tmp_path / "semantic.safetensors"
    save_weights(SemanticLayer(params), path, params, SEMANTIC_SHAPES, {})
    load_weights(SemanticLayer(params), path, params)
    other = params.model_copy(update={"scenes": params.scenes.model_copy(update={"task": "segmentation"})})
    with pytest.raises(CscsanetError, match=r"trained with scenes.classes = \['day nobody'"):
        load_weights(SemanticLayer(other), path, other)


def test_it_needs_something_to_tell_apart(tmp_path):
    content = yaml.safe_load(profile_text("smoke"))
    content["scenes"] |= {"source": "pst900", "classes": "pst900", "task": "scene"}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(
        CscsanetError, match="task: must be segmentation, since neither day and night are known"
    ):
        load_params(tmp_path / "params.yaml")
