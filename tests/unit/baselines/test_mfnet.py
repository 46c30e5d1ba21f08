"""MFNet: the published size, the published computation, and what its Link leaves alone."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from cscsanet.baselines.mfnet import Mfnet, MfnetLink
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.schemes import SCHEMES
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.schemes import picture_size, trained_link
from cscsanet.scenes.scene_set import SceneSet
from cscsanet.training.mfnet_checkpoint import published_names
from cscsanet.training.segmentation_task import SegmentationTask
from cscsanet.training.weights import save_weights


@pytest.fixture
def network(published):
    network = Mfnet().eval()
    network.load_state_dict({ours: published[theirs] for theirs, ours in published_names().items()})
    return network


def test_it_has_the_published_parameters_and_operations():
    network = Mfnet().to("meta")
    assert sum(parameter.numel() for parameter in network.parameters()) == 736_275
    with FlopCounterMode(display=False) as counter:
        network(torch.rand(1, 4, 480, 640, device="meta"))
    assert counter.get_total_flops() / 2 == pytest.approx(8.3e9, rel=5e-3)


@pytest.mark.parametrize("size", [(16, 16), (48, 64), (96, 80)])
def test_any_multiple_of_sixteen_is_segmented(network, size):
    assert network(torch.rand(2, 4, *size)).shape == (2, 9, *size)


@pytest.mark.parametrize("size", [(40, 64), (48, 72)])
def test_other_sizes_are_refused_by_name(network, size):
    with pytest.raises(CscsanetError, match=f"images of {size[0]} x {size[1]}: MFNet needs multiples of 16"):
        network(torch.rand(1, 4, *size))


@pytest.mark.parametrize("size", [(48, 64), (96, 128)])
def test_it_computes_what_the_published_network_computes(network, published, compute, seeded, size):
    images = torch.rand(2, 4, *size, generator=seeded)
    with torch.inference_mode():
        ours, theirs = network(images), compute(published, images)
    assert (ours - theirs).abs().max() <= 1e-5
    assert torch.equal(ours.argmax(dim=1), theirs.argmax(dim=1))
    # The comparison means something: the logits differ from pixel to pixel, and not one class alone wins.
    assert ours.std(dim=(2, 3)).min() > 1e-3
    assert len(ours.argmax(dim=1).unique()) > 2


def test_both_modalities_and_every_skip_connection_reach_the_logits(network, images):
    def moved(change):
        with torch.inference_mode():
            return (network(change(images.clone())) - network(images)).abs().max()

    def darkened(channels):
        def change(pixels):
            pixels[:, channels] = 0
            return pixels

        return change

    assert moved(darkened(slice(0, 3))) > 1e-3
    assert moved(darkened(slice(3, 4))) > 1e-3
    reference = network(images)
    for encoder in (network.rgb, network.thermal):
        for stage in (1, 2, 3, 4):
            hook = encoder.stages[stage].register_forward_hook(lambda _, inputs, output: output + 1)
            assert (network(images) - reference).abs().max() > 1e-3
            hook.remove()


def test_the_link_sends_nothing_and_knows_neither_channel_nor_noise(smoke, images, paths):
    torch.manual_seed(1)
    link = MfnetLink().eval()
    near = link(images, paths, OperatingPoint(0, 8, 64, 4), torch.Generator().manual_seed(1))
    far = link(images, None, OperatingPoint(-30, 2, 16, 1), torch.Generator().manual_seed(2))
    assert torch.equal(near.logits, far.logits)
    assert near.logits.shape == (3, 9, smoke.scenes.height, smoke.scenes.width)
    assert near.streams is near.precoder is near.combiner is near.bits is None


def test_it_trains_as_stage_one_does(smoke, seeded):
    size = (smoke.scenes.height, smoke.scenes.width)
    scenes = SceneSet(
        torch.randint(0, 256, (4, 4, *size), generator=seeded, dtype=torch.uint8),
        torch.randint(0, 3, (4, *size), generator=seeded, dtype=torch.uint8),
        [f"{number:05d}D" for number in range(4)],
    )
    torch.manual_seed(0)
    task = SegmentationTask(MfnetLink(), (scenes, scenes), None, smoke.points, smoke.mfnet, seed=1).train()
    task.loss(torch.arange(4), torch.Generator().manual_seed(0)).backward()
    assert all(parameter.grad is not None for parameter in task.link.parameters())


@pytest.mark.parametrize(
    ("name", "made_by"), [("mfnet", "dvc repro"), ("mfnet-imported", "cscsanet import-mfnet")]
)
def test_its_schemes_find_their_weights_or_say_what_makes_them(smoke, tmp_path, name, made_by):
    def weights_file(weights):
        return tmp_path / f"{weights}.safetensors"

    with pytest.raises(CscsanetError, match=f"no such weights; run '{made_by}"):
        trained_link(name, smoke, weights_file)
    torch.manual_seed(2)
    link = MfnetLink()
    save_weights(link, weights_file(SCHEMES[name].weights[""]), smoke, (), {})
    loaded, _ = trained_link(name, smoke, weights_file)
    for key, tensor in link.state_dict().items():
        assert torch.equal(loaded.state_dict()[key].cpu(), tensor)
    assert not SCHEMES[name].over_air


def test_weights_are_refused_for_pictures_of_another_size_than_they_were_made_for(smoke, tmp_path):
    def weights_file(weights):
        return tmp_path / f"{weights}.safetensors"

    larger = smoke.model_copy(update={"scenes": smoke.scenes.model_copy(update={"height": 96, "width": 128})})
    save_weights(MfnetLink(), weights_file("mfnet"), smoke, (), {})
    assert picture_size("mfnet", larger, weights_file) == (48, 64)
    with pytest.raises(CscsanetError, match=r"mfnet: made for pictures of 48 x 64 pixels, but .* = 96 x 128"):
        trained_link("mfnet", larger, weights_file)
    (tmp_path / "imported").mkdir()
    save_weights(MfnetLink(), weights_file("imported/mfnet"), None, (), {})
    assert picture_size("mfnet-imported", larger, weights_file) == (480, 640)
    with pytest.raises(CscsanetError, match="mfnet-imported: made for pictures of 480 x 640 pixels"):
        trained_link("mfnet-imported", larger, weights_file)
