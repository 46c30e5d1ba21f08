"""The trainings of acquisition, feedback and precoding: each improves its criterion and leaves trained networks unchanged."""

import pytest
import torch

from cscsanet.baselines.acquisition import Acquisition
from cscsanet.baselines.front_ends import LearnedCsiFrontEnd
from cscsanet.baselines.precoding import DlPrecoding
from cscsanet.channel.dataset import open_drops, write_drops
from cscsanet.training.baseline_csi import AcquisitionTask, FeedbackTask, PrecodingTask
from cscsanet.training.csirs_design import CsirsPretraining
from cscsanet.training.seeds import generator


@pytest.fixture(scope="module")
def parts(smoke, tmp_path_factory):
    root = tmp_path_factory.mktemp("drops")
    for seed, (name, count) in enumerate({"train": 128, "val": 48}.items()):
        write_drops(root / name, count, seed, smoke.channel)
    return open_drops(root / "train"), open_drops(root / "val")


@pytest.fixture
def front(smoke):
    torch.manual_seed(4)
    return LearnedCsiFrontEnd(smoke, DlPrecoding(smoke))


def validated(task):
    with torch.no_grad():
        batches = enumerate(torch.arange(48).split(16))
        parts = [task.validate(index, generator(1, "validate", batch)) for batch, index in batches]
    return task.validation_metrics(parts)


def fitted(task, weights, steps=15, rate=5e-3):
    """Return the validation metrics before and after some steps."""
    before = validated(task)
    optimiser = torch.optim.Adam(weights, lr=rate)
    for step in range(steps):
        source = generator(1, "step", step)
        loss = task.loss(torch.randint(128, (16,), generator=source), source)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
    return before, validated(task)


def frozen(*modules):
    return [weight.clone() for module in modules for weight in module.state_dict().values()]


def test_acquisition_learns_to_weight_unreliable_paths(smoke, parts):
    torch.manual_seed(4)
    acquisition = Acquisition(smoke)
    # At low SNR many detected paths are wrong, so there is much to learn.
    fit = smoke.acquisition.model_copy(update={"snr_db": (-30.0, -25.0)})
    task = AcquisitionTask(acquisition, parts, smoke.points, fit, seed=1)
    csirs = frozen(acquisition.csirs)
    before, after = fitted(task, list(acquisition.estimator.parameters()))
    assert after["val_accuracy_db"] > before["val_accuracy_db"] + 0.5
    assert all(map(torch.equal, csirs, frozen(acquisition.csirs)))


def test_pretraining_changes_the_csirs_and_leaves_them_frozen(smoke):
    torch.manual_seed(4)
    acquisition = Acquisition(smoke)
    before = frozen(acquisition.csirs)
    fit = smoke.acquisition.model_copy(update={"csirs_steps": 2})
    CsirsPretraining(fit, smoke.points, 1).run(acquisition.csirs)
    assert not all(map(torch.equal, before, frozen(acquisition.csirs)))
    assert not any(weight.requires_grad for weight in acquisition.csirs.parameters())


def test_feedback_learns_and_leaves_the_estimator(smoke, parts, front):
    # At low SNR many detected paths are wrong, so there is much to learn.
    fit = smoke.feedback.model_copy(update={"snr_db": (-30.0, -25.0)})
    task = FeedbackTask(front, parts, smoke.points, fit, seed=1)
    trained = frozen(front.acquisition)
    before, after = fitted(task, list(front.feedback.parameters()), steps=30, rate=1e-3)
    assert after["val_accuracy_db"] > before["val_accuracy_db"]
    assert 0 <= after["val_sgcs"] <= 1
    assert all(map(torch.equal, trained, frozen(front.acquisition)))


def test_precoding_learns_and_leaves_estimator_and_feedback(smoke, parts, front):
    # From weights that degrade the beams, since PCA leaves little to gain in a few steps.
    for net in (front.precoding.ue, front.precoding.bs):
        torch.nn.init.normal_(net.head.weight, std=1.0)
    task = PrecodingTask(front, parts, smoke.points, smoke.precoding, seed=1)
    trained = frozen(front.acquisition, front.feedback)
    before, after = fitted(task, list(front.precoding.parameters()))
    assert after["val_sum_se"] > 1.005 * before["val_sum_se"]
    assert all(map(torch.equal, trained, frozen(front.acquisition, front.feedback)))


def test_validation_is_the_same_in_every_pass(smoke, parts, front):
    task = FeedbackTask(front, parts, smoke.points, smoke.feedback, seed=1)
    assert validated(task) == validated(task)
