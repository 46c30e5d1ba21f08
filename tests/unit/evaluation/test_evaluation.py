"""Evaluation: paired draws, honest floors, rows that say what was counted."""

import math
from dataclasses import replace

import pytest
import torch

from cscsanet.channel.dataset import open_drops, write_drops
from cscsanet.evaluation.bounds import spectral_efficiency_rows
from cscsanet.evaluation.curves import training_curves
from cscsanet.evaluation.figures import confusion_figure, iou_figure, mask_grid, palette
from cscsanet.evaluation.measure import constant_prediction, measure
from cscsanet.evaluation.remembering import remembering
from cscsanet.evaluation.rows import normalised_confusion, result_row
from cscsanet.links.ideal import IdealLink
from cscsanet.links.link import Link, Transmission
from cscsanet.links.noma import NomaLink
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.links.semantic_layer import SemanticLayer
from cscsanet.networks.path_search import Sounding
from cscsanet.points import OperatingPoint
from cscsanet.scenes.classes import PALETTE
from cscsanet.scenes.dataset import SceneSet

POINT = OperatingPoint(-10, 8, 64, 4)


@pytest.fixture
def scenes(smoke):
    generator = torch.Generator().manual_seed(0)
    size = (smoke.scenes.height, smoke.scenes.width)
    labels = torch.randint(0, 5, (40, *size), generator=generator, dtype=torch.uint8)
    images = torch.randint(0, 256, (40, 4, *size), generator=generator, dtype=torch.uint8)
    return SceneSet(images, labels, [f"{number:05d}{'DN'[number % 2]}" for number in range(40)])


@pytest.fixture
def drops(smoke, tmp_path):
    write_drops(tmp_path / "drops", 30, 1, smoke.channel)
    return open_drops(tmp_path / "drops")


class Oracle(Link):
    """Answer with labels that it was given, in the order of the calls; note the drops it saw."""

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


def row_of(outcome, night, point=POINT, name="noma"):
    return result_row(name, "none", "test", point, outcome, night, seed=1, bootstrap_samples=100)


def test_a_perfect_answer_counts_as_one_and_each_draw_has_drops_of_its_own(smoke, scenes, drops):
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
    outcome = constant_prediction(scenes)
    row = row_of(outcome, scenes.night, point=None, name="constant")
    share = float((scenes.labels == 0).float().mean())
    assert row.miou == pytest.approx(share / 5, abs=1e-5)
    assert row.snr_db is None
    assert math.isnan(normalised_confusion(outcome)[8, 0])


def test_measuring_twice_gives_the_same_and_reports_the_rates(smoke, scenes, drops):
    torch.manual_seed(0)
    link = NomaLink(PhysicalLayer(smoke), SemanticLayer(smoke)).eval()
    first = measure(link, scenes, drops.all(), POINT, smoke.channel, draws=1, seed=1)
    second = measure(link, scenes, drops.all(), POINT, smoke.channel, draws=1, seed=1)
    assert torch.equal(first.confusions, second.confusions)
    assert first.se_per_ue == second.se_per_ue
    assert len(first.se_per_ue) == 2
    assert all(0 < rate < 10 for rate in first.se_per_ue)
    ideal = measure(IdealLink(link.semantic), scenes, drops.all(), POINT, smoke.channel, draws=1, seed=1)
    assert ideal.se_per_ue is None


def test_bounds_are_ordered_on_the_same_drops(smoke, drops):
    torch.manual_seed(0)
    rows = spectral_efficiency_rows(
        PhysicalLayer(smoke).eval(), drops, POINT, count=10, seed=1, bootstrap_samples=100
    )
    se = {row["scheme"]: row["sum_se"] for row in rows}
    assert list(se) == ["random", "learned", "genie", "full-digital"]
    assert se["random"] < se["genie"] <= se["full-digital"]
    assert all(row["ci_low"] <= row["sum_se"] <= row["ci_high"] for row in rows)


def test_figures_draw_what_they_are_given(scenes, tmp_path):
    outcome = constant_prediction(scenes)
    row = row_of(outcome, scenes.night)
    level = row_of(outcome, scenes.night, point=None, name="ideal")
    history = [{"epoch": i, "train_loss": 1.0 / (i + 1), "val_miou": 0.1 * i} for i in range(4)]
    image, label = scenes.images[0].permute(1, 2, 0).numpy(), scenes.labels[0].numpy()
    figures = {
        "curves": training_curves(history, {"train_loss": "loss", "val_miou": "mIoU"}, "title"),
        "confusion": confusion_figure(normalised_confusion(outcome), "title"),
        "iou": iou_figure([row, level], ["noma", "ideal"]),
        "masks": mask_grid([("00000D", image, label)], {"noma": [label]}),
    }
    for name, figure in figures.items():
        figure.savefig(tmp_path / f"{name}.png", dpi=50)
        assert (tmp_path / f"{name}.png").stat().st_size > 2000
    assert "kept: 0.3" in figures["curves"].axes[1].texts[0].get_text()
    assert palette(label)[0, 0].tolist() == list(PALETTE[int(label[0, 0])])


def test_what_is_remembered_changes_no_count_and_is_asked_once(smoke, scenes, drops):
    torch.manual_seed(0)
    link = NomaLink(PhysicalLayer(smoke, "learned"), SemanticLayer(smoke)).eval()
    points = [POINT, replace(POINT, feedback_bits=16, data_symbols=2), replace(POINT, snr_db=0.0)]

    def counts():
        return [
            measure(link, scenes, drops.all(), point, smoke.channel, draws=1, seed=1).confusions
            for point in points
        ]

    computed = []
    layer = link.semantic.ue[0].encoder[0]
    layer.register_forward_hook(lambda *_: computed.append(1))
    plain = counts()
    batches = len(computed) // len(points)
    computed.clear()
    with remembering(link):
        again = counts()
    assert len(computed) == batches
    assert all(torch.equal(one, other) for one, other in zip(plain, again, strict=True))
    # Afterwards everything is computed again: weights may have changed.
    computed.clear()
    counts()
    assert len(computed) == batches * len(points)


def test_other_csirs_are_searched_again(smoke):
    torch.manual_seed(0)
    layer = PhysicalLayer(smoke).eval()
    search = layer.ue[0].search
    sounding = layer.csirs.sounding(4)
    heard = torch.randn(3, smoke.channel.subcarriers, smoke.channel.rf_chains, 4, 2)
    with torch.no_grad(), remembering(layer):
        first, other = search(heard, sounding), search(2 * heard, sounding)
        elsewhere = search(heard, Sounding(*(2 * part for part in sounding)))
        assert search(heard, sounding) is first
    assert not torch.equal(first.gain, other.gain)
    assert not torch.equal(first.gain, elsewhere.gain)
