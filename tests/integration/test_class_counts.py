"""Lists of 1 to 30 classes, ignored pixels among them: networks, training, measures, files, figures and ONNX."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
import yaml
from fixtures.measurements import measurement_of

from cscsanet.channel.paths import draw_paths
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params, profile_text
from cscsanet.config.scenes.classes import CLASS_LISTS, IGNORED, class_list
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.evidence import Condition
from cscsanet.evaluation.figures import confusion_figure, iou_figure
from cscsanet.evaluation.measure import constant_prediction, measure
from cscsanet.evaluation.measurements import read_measurement, write_measurement
from cscsanet.evaluation.rows import normalised_confusion, result_row
from cscsanet.evaluation.schemes import BUILD
from cscsanet.export.capture import graph_of
from cscsanet.export.graph_store import GraphStore
from cscsanet.export.signatures import signatures
from cscsanet.export.units import unit_modules
from cscsanet.links.csc_sa_net import noma
from cscsanet.links.ideal import IdealLink
from cscsanet.links.semantic_layer import SemanticLayer
from cscsanet.scenes.annotation import Annotation
from cscsanet.scenes.scene_set import SceneSet
from cscsanet.studies.sweeps.masks import draw_masks
from cscsanet.training.segmentation_task import SegmentationTask
from cscsanet.training.weights import SEMANTIC_SHAPES, load_weights, save_weights

COUNTS = (1, 2, 13, 30)
POINT = OperatingPoint(-10.0, 8, 64, 4)


def params_of(count: int) -> Params:
    """Return the smoke profile with so many classes, of a dataset read from folders."""
    content = yaml.safe_load(profile_text("smoke"))
    content["scenes"] |= {
        "source": "folders",
        "classes": [{"name": f"kind {index}"} for index in range(count)],
        "ignored_ids": [IGNORED],
        "layout": {"rgb": "rgb/*.png", "labels": "labels/*.png"},
    }
    return Params.model_validate(content)


def scenes_of(params: Params) -> SceneSet:
    """Return six frames in which every class occurs, and a fifth of the pixels is ignored."""
    source, count = torch.Generator().manual_seed(5), len(params.scenes.class_list)
    size = (6, params.scenes.height, params.scenes.width)
    labels = torch.randint(0, count, size, generator=source)
    ignored = torch.rand(size, generator=source) < 0.2
    return SceneSet(
        torch.randint(0, 256, (6, 4, *size[1:]), generator=source, dtype=torch.uint8),
        torch.where(ignored, IGNORED, labels).to(torch.uint8),
        [f"{number:05d}D" for number in range(6)],
        Annotation(params.scenes.class_list, ignored=True, light=False),
    )


def direct_counts(masks: torch.Tensor, labels: torch.Tensor, count: int) -> torch.Tensor:
    """Count pixels pair by pair."""
    return torch.tensor(
        [
            [int(((labels == truth) & (masks == predicted)).sum()) for predicted in range(count)]
            for truth in range(count)
        ]
    )


@pytest.fixture(scope="module", params=COUNTS)
def params(request) -> Params:
    return params_of(request.param)


def semantic_link(params: Params) -> IdealLink:
    torch.manual_seed(3)
    return IdealLink(SemanticLayer(params))


@pytest.mark.parametrize("scheme", BUILD)
def test_the_decoder_of_every_scheme_has_an_output_for_each_class(scheme):
    shapes = [
        {name: tuple(each.shape) for name, each in BUILD[scheme](params_of(count)).named_parameters()}
        for count in (13, 30)
    ]
    differing = [
        (shapes[0][name], shapes[1][name]) for name in shapes[0] if shapes[0][name] != shapes[1][name]
    ]
    assert differing
    # They differ in the number of classes, and in nothing else.
    assert all({*a} - {*b} <= {13} and {*b} - {*a} <= {30} for a, b in differing)


def test_a_training_learns_from_the_pixels_that_count_alone(params):
    scenes = scenes_of(params)
    link = semantic_link(params)
    task = SegmentationTask(link, (scenes, scenes), None, params.points, params.semantic, seed=1).train()
    loss = task.loss(torch.arange(4), torch.Generator().manual_seed(0))
    loss.backward()
    assert loss.isfinite()
    assert all(each.grad is None or each.grad.isfinite().all() for each in task.parameters())
    # The loss of one image is that of its pixels that count, whatever the logits of the others are.
    logits = torch.randn(2, len(params.scenes.class_list), 48, 64, requires_grad=True)
    task._objective(logits, scenes.labels[:2].long()).backward()
    ignored = (scenes.labels[:2] == IGNORED).unsqueeze(1).expand_as(logits)
    assert (logits.grad[ignored] == 0).all()
    if len(params.scenes.class_list) > 1:
        assert logits.grad[~ignored].abs().max() > 0


def test_a_batch_of_ignored_pixels_alone_has_no_loss(params):
    scenes = scenes_of(params)
    task = SegmentationTask(
        semantic_link(params), (scenes, scenes), None, params.points, params.semantic, seed=1
    )
    logits = torch.randn(1, len(params.scenes.class_list), 8, 8, requires_grad=True)
    loss = task._objective(logits, torch.full((1, 8, 8), IGNORED))
    loss.backward()
    assert loss.isfinite()
    assert (logits.grad == 0).all()


def test_measures_rows_files_and_figures(params, tmp_path):
    scenes, classes = scenes_of(params), params.scenes.class_list
    link = semantic_link(params).eval()
    drops = draw_paths(6, params.channel, torch.Generator().manual_seed(1))
    outcome = measure(link, scenes, drops, POINT, params.channel, draws=1, seed=1, details=True)
    expected = direct_counts(outcome.masks, scenes.labels, len(classes))
    assert torch.equal(outcome.confusions.sum(dim=(0, 1)), expected)
    assert int(expected.sum()) == int((scenes.labels != IGNORED).sum())
    floor = constant_prediction(scenes).confusions.sum(dim=(0, 1))
    assert torch.equal(floor, direct_counts(torch.zeros_like(scenes.labels), scenes.labels, len(classes)))

    write_measurement(tmp_path / "ideal.npz", measurement_of(Condition("ideal", POINT), outcome))
    read = read_measurement(tmp_path / "ideal.npz")
    row = result_row(read, POINT, scenes.night, 50, classes)
    assert list(row.iou) == list(classes.names)
    union = expected.sum(dim=0) + expected.sum(dim=1) - expected.diagonal()
    assert row.miou == pytest.approx(float((expected.diagonal() / union).double().nanmean()), abs=1e-5)
    assert row.miou_day is None
    assert row.miou_night is None
    with pytest.raises(CscsanetError, match=r"counts .* classes, but scenes.classes has 9; run 'dvc repro'"):
        result_row(read, POINT, scenes.night, 50, CLASS_LISTS["mfnet"])

    figures = {
        "iou": iou_figure([row], ["ideal"]),
        "confusion": confusion_figure(normalised_confusion(outcome), "ideal", classes.names),
        "masks": draw_masks(scenes, 2, {"ideal": read})["fig12"],
    }
    legend = [text.get_text() for text in figures["masks"].legends[0].get_texts()]
    assert legend == [*classes.names, "ignored"]
    for name, figure in figures.items():
        figure.savefig(tmp_path / f"{name}.png", dpi=40)
        assert (tmp_path / f"{name}.png").exists()


@pytest.mark.captures
@pytest.mark.parametrize("count", [COUNTS[0], COUNTS[-1]])
def test_the_bs_decoder_is_exported_and_agrees(count):
    params = params_of(count)
    torch.manual_seed(4)
    link = noma(params).eval()
    module, signature = unit_modules(link)["bs_rx"], signatures(params, aligned=False)["bs_rx"]
    assert signature.outputs["logits"].shape[1] == len(params.scenes.class_list)
    model = graph_of(GraphStore(), "bs_rx", module, signature)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    source = np.random.default_rng(2)
    inputs = {
        name: source.standard_normal([3 if isinstance(size, str) else size for size in spec.shape]).astype(
            np.float32
        )
        for name, spec in signature.inputs.items()
    }
    (logits,) = session.run(None, inputs)
    with torch.inference_mode():
        expected = module(*(torch.from_numpy(inputs[name]) for name in signature.inputs))
    assert logits.shape == (3, len(params.scenes.class_list), params.scenes.height, params.scenes.width)
    assert np.abs(logits - expected.numpy()).max() < 1e-4


def saved(params: Params, path: Path) -> Path:
    save_weights(SemanticLayer(params), path, params, SEMANTIC_SHAPES, {})
    return path


def test_weights_of_other_classes_are_one_line(tmp_path, smoke_params):
    path = saved(params_of(13), tmp_path / "semantic.safetensors")
    load_weights(SemanticLayer(params_of(13)), path, params_of(13))
    for other in (params_of(30), smoke_params):
        with pytest.raises(CscsanetError, match=r"trained with scenes.classes = ") as caught:
            load_weights(SemanticLayer(other), path, other)
        assert "\n" not in str(caught.value)


def test_classes_of_other_names_are_other_classes(tmp_path):
    path, params = saved(params_of(2), tmp_path / "semantic.safetensors"), params_of(2)
    renamed = params.scenes.model_copy(
        update={
            "classes": tuple(
                each.model_copy(update={"name": f"x {each.name}"}) for each in params.scenes.classes
            )
        }
    )
    with pytest.raises(CscsanetError, match=r"trained with scenes.classes = "):
        load_weights(SemanticLayer(params), path, params.model_copy(update={"scenes": renamed}))


def test_weights_of_an_earlier_version_are_of_mfnets_classes(tmp_path, smoke_params):
    shapes = tuple(name for name in SEMANTIC_SHAPES if name != "scenes.classes")
    path = tmp_path / "semantic.safetensors"
    save_weights(SemanticLayer(smoke_params), path, smoke_params, shapes, {})
    load_weights(SemanticLayer(smoke_params), path, smoke_params)
    renamed = params_of(9)
    with pytest.raises(CscsanetError, match=r"trained with scenes.classes = \['unlabelled', 'car'"):
        load_weights(SemanticLayer(renamed), path, renamed)


def test_colours_differ_and_keep_those_that_are_given():
    colours = class_list([f"c{index}" for index in range(100)], [None, (0, 0, 0), None]).colours
    assert colours[1] == (0, 0, 0)
    assert len(set(colours)) == 100


@pytest.fixture(scope="module")
def smoke_params() -> Params:
    return Params.model_validate(yaml.safe_load(profile_text("smoke")))
