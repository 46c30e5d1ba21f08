"""The tasks: class weights, operating points, paired validation."""

import pytest
import torch
from fixtures.params import altered

from cscsanet.channel.dataset import open_drops, write_drops
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.links.csc_sa_net import NomaLink
from cscsanet.links.ideal import IdealLink
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.links.semantic_layer import SemanticLayer
from cscsanet.links.tracked import noma_tracked
from cscsanet.scenes.scene_set import SceneSet
from cscsanet.training.seeds import generator
from cscsanet.training.segmentation_task import SegmentationTask, class_weights, dice_loss


@pytest.fixture
def scenes(smoke):
    generator = torch.Generator().manual_seed(0)
    size = (smoke.scenes.height, smoke.scenes.width)
    return SceneSet(
        torch.randint(0, 256, (6, 4, *size), generator=generator, dtype=torch.uint8),
        torch.randint(0, 3, (6, *size), generator=generator, dtype=torch.uint8),
        [f"{number:05d}{'DN'[number % 2]}" for number in range(6)],
    )


@pytest.fixture
def drops(smoke, tmp_path):
    write_drops(tmp_path / "drops", 20, 1, smoke.channel)
    return open_drops(tmp_path / "drops")


def test_class_weights_have_mean_one_over_the_pixels_and_follow_the_root(scenes):
    scenes.labels[:] = 0
    scenes.labels[:, 0, 0] = 4
    weights = class_weights(scenes, "root")
    shares = torch.bincount(scenes.labels.flatten(), minlength=9) / scenes.labels.numel()
    assert float((weights * shares).sum()) == pytest.approx(1, rel=1e-5)
    assert float(weights[4] / weights[0]) == pytest.approx(float((shares[0] / shares[4]).sqrt()), rel=1e-5)
    assert weights[1] == 0
    assert class_weights(scenes, "none")[0] == 1


def test_one_modality_hides_the_other(smoke, scenes):
    def loss(modalities, pixels):
        semantic = smoke.semantic.model_copy(update={"modalities": modalities})
        torch.manual_seed(0)
        link = IdealLink(SemanticLayer(smoke.model_copy(update={"semantic": semantic})))
        part = SceneSet(pixels, scenes.labels, scenes.names)
        task = SegmentationTask(link, (part, part), None, smoke.points, smoke.semantic, seed=1)
        # Batch statistics: the running ones of an untrained encoder hide the image behind its biases.
        return float(task.train().loss(torch.arange(4), torch.Generator().manual_seed(0)).detach())

    no_thermal = scenes.images.clone()
    no_thermal[:, 3] = 0
    assert loss("rgb", scenes.images) == loss("rgb", no_thermal)
    assert loss("thermal", scenes.images) != loss("thermal", no_thermal)


def test_two_validation_passes_give_one_number(smoke, scenes, drops):
    torch.manual_seed(0)
    link = NomaLink(PhysicalLayer(smoke), SemanticLayer(smoke))
    task = SegmentationTask(link, (scenes, scenes), (drops, drops), smoke.points, smoke.joint, seed=1).eval()

    def passed():
        with torch.inference_mode():
            parts = [
                task.validate(torch.arange(3) + 3 * batch, generator(1, "validate", batch))
                for batch in range(2)
            ]
        return dict(task.validation_metrics(parts))

    first = passed()
    assert first == passed()
    assert 0 <= first["val_miou"] < 1
    assert first["val_loss"] > 0


@pytest.mark.parametrize(
    "changes",
    [
        {"feedback_delay_symbols": [0, 112]},
        {"oscillator_rad": [1.0, 2.0]},
        {"phase_noise_rad": [0.1, 0.2]},
        {"carrier_offset_hz": [2e3, 4e3]},
        {"bs_phase_error_rad": [0.5, 1.0]},
        {"near_far_db": [10.0, 20.0]},
        {"interferer_db": [10.0, 20.0]},
        {"varied_share": 1.0, "spread_deg": [5.0, 10.0]},
    ],
    ids=lambda changes: next(reversed(changes)),
)
def test_every_range_of_the_channel_reaches_the_training(smoke, scenes, drops, changes):
    def loss(ranges):
        torch.manual_seed(0)
        link = NomaLink(PhysicalLayer(smoke), SemanticLayer(smoke))
        fit = smoke.joint.model_copy(update={"points_per_batch": 2})
        task = SegmentationTask(
            link, (scenes, scenes), (drops, drops), smoke.points, fit, ranges=ranges, seed=1
        )
        return float(task.train().loss(torch.arange(6), torch.Generator().manual_seed(0)).detach())

    still = {
        "feedback_delay_symbols": [0, 0],
        "varied_share": 0.0,
        "interferer_db": None,
        **{key: [0.0, 0.0] for key in ("phase_noise_rad", "carrier_offset_hz", "bs_phase_error_rad")},
        **{key: [0.0, 0.0] for key in ("oscillator_rad", "near_far_db")},
    }
    channel = {"feedback_delay_symbols": 0}
    none = altered(smoke, channel=channel, training_channel=still).training_channel
    assert loss(none) == loss(none)
    # What is drawn need not hold what a model is measured over here.
    some = type(none).model_validate({**none.model_dump(), **changes})
    assert abs(loss(some) - loss(none)) > 1e-5


def test_batch_statistics_follow_the_batches_and_are_held_at_the_end(smoke, scenes, monkeypatch):
    fit = smoke.semantic.model_copy(update={"epochs": 5, "held_statistics": 0.4, "points_per_batch": 2})
    task = SegmentationTask(
        IdealLink(SemanticLayer(smoke)), (scenes, scenes), None, smoke.points, fit, seed=1
    )
    task.train()
    norms = [module for module in task.modules() if isinstance(module, torch.nn.BatchNorm2d)]

    def moved(epoch):
        monkeypatch.setattr(SegmentationTask, "current_epoch", epoch)
        task.on_train_epoch_start()
        before = [norm.running_mean.clone() for norm in norms]
        task.loss(torch.arange(6), torch.Generator().manual_seed(epoch)).backward()
        return [not torch.equal(norm.running_mean, was) for norm, was in zip(norms, before, strict=True)]

    assert all(all(moved(epoch)) for epoch in range(3))
    assert not any(any(moved(epoch)) for epoch in (3, 4))
    assert task.link.semantic.bs.training
    assert norms[0].weight.grad.abs().max() > 0


def test_the_dice_loss_is_zero_for_sure_and_right_pixels_and_ignores_absent_classes():
    labels = torch.zeros(2, 4, 4, dtype=torch.long)
    labels[:, :2] = 3
    sure = torch.nn.functional.one_hot(labels, 9).movedim(-1, 1) * 40.0
    assert float(dice_loss(sure, labels)) == pytest.approx(0.0, abs=1e-6)
    wrong = torch.nn.functional.one_hot(3 - labels, 9).movedim(-1, 1) * 40.0
    # 16 pixels of each class, none of them right: 1 / 33 remains of the added pixels.
    assert float(dice_loss(wrong, labels)) == pytest.approx(1 - 1 / 33, abs=1e-6)


def test_the_dice_loss_counts_a_small_class_as_much_as_a_large_one():
    labels = torch.zeros(1, 10, 10, dtype=torch.long)
    labels[0, 0, :9] = 5
    missed = torch.nn.functional.one_hot(torch.zeros_like(labels), 9).movedim(-1, 1) * 40.0
    assert float(dice_loss(missed, labels)) == pytest.approx(1 - (183 / 192 + 1 / 10) / 2, abs=1e-5)


@pytest.fixture
def supervised(smoke, scenes):
    """A training whose encoders draw masks by themselves, and the same without."""

    def build(weight):
        torch.manual_seed(5)
        fit = smoke.semantic.model_copy(
            update={"auxiliary_weight": weight, "points_per_batch": 2, "crop": 1.0}
        )
        link = IdealLink(SemanticLayer(smoke))
        return SegmentationTask(link, (scenes, scenes), None, smoke.points, fit, seed=1).train()

    return build


def test_masks_of_the_encoders_reach_the_encoders_alone(supervised):
    task = supervised(1.0)
    images, labels = torch.rand(2, 4, 48, 64), torch.randint(9, (2, 48, 64))
    task.link(images, None, OperatingPoint(0.0, 2, 16, 4), torch.Generator())
    task.coarse.mean(dice_loss, labels).backward()
    for net in task.link.semantic.ue:
        gradients = {name: weight.grad for name, weight in net.encoder.named_parameters()}
        assert gradients["down0.0.weight"].abs().max() > 0
        assert gradients["patches.0.weight"] is None
        assert net.encoder.map is None
    assert all(weight.grad is None for weight in task.link.semantic.bs.parameters())


def test_the_loss_of_these_masks_ends_when_the_statistics_are_held(supervised, monkeypatch):
    plain, task = supervised(0.0), supervised(0.5)
    assert plain.coarse is None
    batch = torch.arange(4)

    def loss(of, epoch):
        monkeypatch.setattr(SegmentationTask, "current_epoch", epoch)
        return float(of.loss(batch, torch.Generator().manual_seed(0)).detach())

    assert loss(task, 0) > loss(plain, 0) + 0.1
    assert loss(task, task.held_from) == pytest.approx(loss(plain, task.held_from), rel=1e-5)


def test_what_is_saved_of_a_link_has_none_of_these_masks(supervised):
    with_masks, without = supervised(0.5).link, supervised(0.0).link
    assert list(with_masks.state_dict()) == list(without.state_dict())


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_the_loss_is_least_where_masks_have_taken_back_a_share_of_the_weights(smoke, scenes, share):
    scenes.labels[:] = 0
    scenes.labels[:, :4] = 4
    fit = smoke.mfnet.model_copy(update={"prior_correction": share, "dice_weight": 0.0})
    link = IdealLink(SemanticLayer(smoke))
    task = SegmentationTask(link, (scenes, scenes), None, smoke.points, fit, seed=1)
    # The best logits of a network that sees nothing: classes 0 and 4 alone occur.
    logits = torch.zeros(9, requires_grad=True)
    labels = scenes.labels.long()
    optimiser = torch.optim.LBFGS([logits], max_iter=200, line_search_fn="strong_wolfe")

    def closure():
        optimiser.zero_grad()
        loss = task._objective(logits.view(1, 9, 1, 1).expand(len(labels), 9, *labels.shape[1:]), labels)
        loss.backward()
        return loss

    optimiser.step(closure)
    frequency = torch.bincount(labels.flatten(), minlength=9) / labels.numel()
    weight = task.class_weights
    expected = torch.log(frequency[4] / frequency[0]) + (1 - share) * torch.log(weight[4] / weight[0])
    assert float(logits[4] - logits[0]) == pytest.approx(float(expected), abs=1e-3)


def test_a_training_ends_with_the_mean_of_the_symbols_of_its_final_weights(smoke, scenes, drops):
    torch.manual_seed(0)
    link = noma_tracked(smoke)
    fit = smoke.joint.model_copy(update={"points_per_batch": 2, "batch_size": 4})
    task = SegmentationTask(link, (scenes, scenes), (drops, drops), smoke.points, fit, seed=1)
    # A training leaves a mean of augmented images and of moving weights.
    task.train().loss(torch.arange(4), torch.Generator().manual_seed(0))
    mean = link.semantic.stream_mean
    before = mean.reference(4)
    others = {name: value.clone() for name, value in link.state_dict().items() if "stream_mean" not in name}
    task.eval().settle()
    assert not any(module.training for module in task.modules())
    assert float(mean.updates) == len(scenes.names) // 4
    assert all(torch.equal(link.state_dict()[name], value) for name, value in others.items())
    first = mean.reference(4)
    assert not torch.allclose(first, before, rtol=1e-2)
    task.settle()
    assert torch.equal(mean.reference(4), first)

    symbols = []
    keep = mean.update
    mean.update = lambda streams: symbols.append(streams) or keep(streams)
    with torch.no_grad():
        task.settle()
    sent = torch.cat(symbols)
    unit = sent / sent.abs().square().mean(dim=(0, 3)).mean(dim=1).sqrt()[:, None, None]
    torch.testing.assert_close(mean.reference(4), unit.mean(dim=0), rtol=1e-3, atol=1e-4)
