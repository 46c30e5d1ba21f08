"""Measuring: paired draws, the floor, spectral efficiency, and masks and budgets where asked for."""

import pytest
import torch
from fixtures.measurements import measurement_of

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.scenes.classes import MFNET
from cscsanet.evaluation.budgets import budget
from cscsanet.evaluation.evidence import Condition
from cscsanet.evaluation.measure import constant_prediction, measure
from cscsanet.evaluation.rows import result_row
from cscsanet.links.csc_sa_net import NomaLink
from cscsanet.links.ideal import IdealLink
from cscsanet.links.link import Link, Transmission
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.links.semantic_layer import SemanticLayer
from cscsanet.metrics.segmentation import confusion_per_image
from cscsanet.scenes.scene_set import SceneSet

POINT = OperatingPoint(-10, 8, 64, 4)


class Oracle(Link):
    """Predict the given labels, in the order of the calls, and record the delays of the drops."""

    def __init__(self, labels):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.labels = labels
        self.calls = 0
        self.delays = []

    def forward(self, images, paths, point, generator):
        index = (self.calls + torch.arange(len(images))) % len(self.labels)
        self.calls += len(images)
        self.delays += paths.delay[:, 0, 0].tolist()
        answer = torch.nn.functional.one_hot(self.labels[index].long(), 9)
        return Transmission(answer.movedim(-1, 1).float())


def test_drops_that_no_image_travels_over_change_nothing(smoke, noma, scenes, drops):
    few = SceneSet(scenes.images[:12], scenes.labels[:12], scenes.names[:12])
    assert len(drops) > 2 * len(few)
    counts = [
        measure(noma, few, kept, POINT, smoke.channel, draws=2, seed=1).confusions
        for kept in (drops.all(), drops.batch(slice(2 * len(few))))
    ]
    assert torch.equal(*counts)


def test_the_floor_of_many_images_is_counted_in_batches():
    labels = torch.randint(0, 9, (70, 4, 5), dtype=torch.uint8)
    scenes = SceneSet(torch.zeros(70, 4, 4, 5, dtype=torch.uint8), labels, [f"{i:05d}D" for i in range(70)])
    counts = constant_prediction(scenes).confusions
    assert torch.equal(counts[:, 0], confusion_per_image(torch.zeros_like(labels), labels))


@pytest.fixture
def noma(smoke):
    torch.manual_seed(0)
    return NomaLink(PhysicalLayer(smoke), SemanticLayer(smoke)).eval()


def row_of(outcome, night, point=POINT, name="noma"):
    return result_row(measurement_of(Condition(name, POINT), outcome), point, night, 100, MFNET)


def test_a_perfect_prediction_counts_as_one_and_each_draw_has_other_drops(smoke, scenes, drops):
    oracle = Oracle(scenes.labels)
    outcome = measure(oracle, scenes, drops.all(), POINT, smoke.channel, draws=2, seed=1)
    assert outcome.confusions.shape == (40, 2, 9, 9)
    assert outcome.confusions.sum() == 2 * scenes.labels.numel()
    row = row_of(outcome, scenes.night)
    assert row.miou == row.ci_low == row.ci_high == row.pixel_accuracy == 1
    assert row.miou_mfnet == pytest.approx(4 / 9, abs=1e-6)
    assert row.iou["bump"] is None
    delay = drops.all().delay[:, 0, 0]
    assert oracle.delays == [
        float(delay[(image + draw * 40) % 30]) for draw in range(2) for image in range(40)
    ]


def test_the_constant_prediction_is_the_share_of_the_background_over_the_classes(scenes):
    row = row_of(constant_prediction(scenes), scenes.night, point=None, name="constant")
    share = float((scenes.labels == 0).float().mean())
    assert row.miou == pytest.approx(share / 5, abs=1e-5)
    assert row.coordinates == (None, None, None, None)


def test_measuring_twice_gives_the_same_and_reports_the_spectral_efficiency(smoke, scenes, drops, noma):
    first = measure(noma, scenes, drops.all(), POINT, smoke.channel, draws=1, seed=1)
    second = measure(noma, scenes, drops.all(), POINT, smoke.channel, draws=1, seed=1)
    assert torch.equal(first.confusions, second.confusions)
    assert first.se_per_ue == second.se_per_ue
    assert len(first.se_per_ue) == 2
    assert all(0 < rate < 10 for rate in first.se_per_ue)
    ideal = measure(IdealLink(noma.semantic), scenes, drops.all(), POINT, smoke.channel, draws=1, seed=1)
    assert ideal.se_per_ue is None


def test_masks_and_budget_are_of_the_first_draw_and_only_on_request(smoke, scenes, drops, noma):
    plain = measure(noma, scenes, drops.all(), POINT, smoke.channel, draws=2, seed=1)
    assert plain.masks is None
    assert plain.budget is None
    detailed = measure(noma, scenes, drops.all(), POINT, smoke.channel, draws=2, seed=1, details=True)
    assert torch.equal(plain.confusions, detailed.confusions)
    # The masks are those that were counted.
    assert torch.equal(confusion_per_image(detailed.masks, scenes.labels), detailed.confusions[:, 0])
    images = scenes.images[:8].float() / 255
    with torch.no_grad():
        sent = noma(images, drops.all()[list(range(8))], POINT, torch.Generator().manual_seed(1))
    assert detailed.budget == budget(sent, POINT)
