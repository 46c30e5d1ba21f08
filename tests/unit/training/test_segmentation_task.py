"""The tasks: class weights, operating points, paired validation."""

import pytest
import torch

from cscsanet.channel.dataset import open_drops, write_drops
from cscsanet.links.csc_sa_net import NomaLink
from cscsanet.links.ideal import IdealLink
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.links.semantic_layer import SemanticLayer
from cscsanet.scenes.dataset import SceneSet
from cscsanet.training.segmentation_task import SegmentationTask, class_weights


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
            for batch in range(2):
                task.validation_step(torch.arange(3) + 3 * batch, batch)
        return dict(task.validation_metrics())

    first = passed()
    assert first == passed()
    assert 0 <= first["val_miou"] < 1
    assert first["val_loss"] > 0


def test_batch_statistics_follow_the_batches_and_are_held_at_the_end(smoke, scenes, monkeypatch):
    fit = smoke.semantic.model_copy(update={"epochs": 5, "held_statistics": 0.4})
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
