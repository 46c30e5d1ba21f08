"""The training of the probabilities of bits: the codec is fixed, and what is predictable gets shorter."""

import pytest
import torch

from cscsanet.baselines.digital.bit_codec import BitCodec
from cscsanet.baselines.digital.bit_prior import BitPrior
from cscsanet.scenes.scene_set import SceneSet
from cscsanet.training.code_prior_task import CodePriorTask


@pytest.fixture
def task(smoke):
    source = torch.Generator().manual_seed(0)
    size = (smoke.scenes.height, smoke.scenes.width)
    scenes = SceneSet(
        torch.randint(0, 256, (8, 4, *size), generator=source, dtype=torch.uint8),
        torch.zeros(8, *size, dtype=torch.uint8),
        [f"{number:05d}D" for number in range(8)],
    )
    torch.manual_seed(1)
    codec, prior = BitCodec(smoke), BitPrior(smoke)
    return CodePriorTask(prior, codec, (scenes, scenes), smoke.digital_prior, crop=1.0, seed=1)


def test_bits_of_unknown_probability_cost_about_a_bit_each(task):
    task.on_train_epoch_start()
    assert float(task.loss(torch.arange(8), torch.Generator().manual_seed(0)).detach()) == pytest.approx(
        1, abs=0.2
    )


def test_a_training_shortens_messages_and_leaves_the_codec_as_it_is(task):
    task.train()
    task.on_train_epoch_start()
    before = {name: value.clone() for name, value in task.codec.state_dict().items()}
    optimiser = torch.optim.Adam(task.prior.parameters(), lr=0.01)
    losses = []
    for step in range(25):
        loss = task.loss(torch.arange(8), torch.Generator().manual_seed(step))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0] - 0.1
    assert all(torch.equal(value, before[name]) for name, value in task.codec.state_dict().items())
    task.eval()
    with torch.no_grad():
        part = task.validate(torch.arange(8), torch.Generator())
    saved = task.validation_metrics([part])["val_saved"]
    assert saved == pytest.approx(1 - losses[-1], abs=0.1)
    # The mean counts images, not batches.
    assert task.validation_metrics([part, (0.0, 8)])["val_saved"] == pytest.approx((1 + saved) / 2)
