"""Copies that share weights: one setting differs, the original is unchanged."""

import pytest
import torch

from cscsanet.baselines.codebook import CodebookLayer
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.links.csc_sa_net import OmaLink, oma
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.links.shared_copy import shared_copy, with_channel

POINT = OperatingPoint(-10, 8, 64, 4)


@pytest.fixture
def link(smoke):
    content = smoke.model_dump()
    content["joint"]["oma_energy"] = "total"
    torch.manual_seed(5)
    return oma(Params.model_validate(content)).eval()


def tensors(module):
    return [*module.parameters(), *module.buffers()]


def test_a_copy_shares_every_tensor_and_no_submodule(link):
    copied = shared_copy(link)
    assert list(copied.state_dict()) == list(link.state_dict())
    assert all(a is b for a, b in zip(tensors(copied), tensors(link), strict=True))
    assert not set(map(id, copied.modules())) & set(map(id, link.modules()))
    assert not any(module.training for module in copied.modules())
    next(link.parameters()).data.add_(1.0)
    assert torch.equal(next(copied.parameters()), next(link.parameters()))


def test_another_oscillator_changes_the_received_signal_and_not_the_original(smoke, link, images, paths):
    changed = with_channel(link, smoke.channel.model_copy(update={"oscillator_rad": 1.0}))
    assert isinstance(changed, OmaLink)
    assert (changed.energy, changed.training) == ("total", False)
    assert changed.physical.channel.oscillator_rad == 1.0
    assert link.channel.oscillator_rad == 0.0
    with torch.no_grad():
        before, after = (
            each(images, paths, POINT, torch.Generator().manual_seed(1)) for each in (link, changed)
        )
    assert torch.equal(before.streams, after.streams)
    assert not torch.allclose(before.logits, after.logits)


@pytest.mark.parametrize("layer_type", ["learned", "codebook"])
def test_more_csirs_power_changes_the_beams_of_the_copy_alone(smoke, paths, layer_type):
    torch.manual_seed(5)
    layer = (
        PhysicalLayer(smoke).eval()
        if layer_type == "learned"
        else CodebookLayer(smoke.channel, smoke.csa, 8).eval()
    )

    def beams(of):
        with torch.no_grad():
            return of(paths, OperatingPoint(-25, 2, 64, 1), torch.Generator().manual_seed(1))

    before = beams(layer)
    offset = smoke.channel.bs_power_offset_db + 40
    changed = with_channel(layer, smoke.channel.model_copy(update={"bs_power_offset_db": offset}))
    assert not torch.allclose(beams(changed).precoder, before.precoder)
    assert torch.equal(beams(layer).precoder, before.precoder)
