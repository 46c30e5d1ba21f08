"""Weights of Stage I as the start of other trainings: what is carried over, and what it is worth."""

import pytest
import torch
from torch import nn

from cscsanet.baselines.source_codec import SourceCodec
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.links.ideal import IdealLink
from cscsanet.links.semantic_layer import OrthogonalLayer, SemanticLayer, TrackedLayer
from cscsanet.training.carried_weights import carry, start_codec, start_orthogonal, start_tracked


@pytest.fixture(params=["mfnet", "residual"])
def params(request, smoke):
    return smoke.model_copy(update={"msf": smoke.msf.model_copy(update={"blocks": request.param})})


@pytest.fixture
def trained(params):
    torch.manual_seed(1)
    layer = SemanticLayer(params)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.uniform_(-0.5, 0.5)
    return layer.eval()


def same(module, other):
    return all(map(torch.equal, module.state_dict().values(), other.state_dict().values()))


def test_layers_of_one_name_and_shape_are_carried_and_others_stay():
    old = nn.ModuleDict({"same": nn.Linear(3, 2), "wider": nn.Linear(3, 2), "other": nn.Linear(3, 2)})
    new = nn.ModuleDict({"same": nn.Linear(3, 2), "wider": nn.Linear(6, 2), "new": nn.Linear(1, 1)})
    kept = new["new"].weight.clone()
    carry(new, old)
    assert torch.equal(new["same"].weight, old["same"].weight)
    assert torch.equal(new["wider"].weight, torch.cat((old["wider"].weight,) * 2, dim=1))
    assert torch.equal(new["new"].weight, kept)


def test_a_layer_of_another_width_is_not_carried():
    old, new = nn.Linear(4, 2), nn.Linear(6, 2)
    weight = new.weight.clone()
    carry(new, old)
    assert torch.equal(new.weight, weight)


def test_orthogonal_access_starts_with_the_convolutions_of_stage_1(params, trained):
    torch.manual_seed(2)
    layer = OrthogonalLayer(params)
    start_orthogonal(layer, trained)
    for new, old in zip(layer.ue, trained.ue, strict=True):
        assert torch.equal(new.to_baseband.weight, old.to_baseband.weight)
        known = old.encoder.state_dict()
        carried = [
            torch.equal(weight, known[name])
            for name, weight in new.encoder.state_dict().items()
            if name in known
        ]
        assert carried
        assert all(carried)
    for reader in layer.bs.from_baseband.ue:
        assert same(reader, trained.bs.from_baseband)


def test_the_codec_of_the_separated_designs_starts_with_the_first_stream(params, trained):
    torch.manual_seed(2)
    codec = SourceCodec(params)
    start_codec(codec, trained)
    for user, net in enumerate(trained.ue):
        assert same(codec.encoders[user], net.encoder)
        count, chains, _ = net.signal_shape
        rows = net.to_baseband.weight.reshape(count, chains, 2, -1)[:, 0]
        assert torch.equal(codec.to_symbols[user].weight, rows.flatten(0, 1))
        columns = trained.bs.from_baseband.weight.reshape(-1, count, chains, 2)[:, :, 0]
        assert torch.equal(codec.from_symbols[user].weight, columns.flatten(1))


def test_the_start_gives_other_masks_than_untrained_networks(params, trained):
    torch.manual_seed(2)
    images = torch.rand(2, 4, params.scenes.height, params.scenes.width)
    point = OperatingPoint(0.0, 2, 16, 4)
    started, untrained = OrthogonalLayer(params), OrthogonalLayer(params)
    start_orthogonal(started, trained)
    with torch.no_grad():
        logits = [
            IdealLink(layer.eval())(images, None, point, torch.Generator()).logits
            for layer in (started, untrained)
        ]
    assert logits[0].isfinite().all()
    assert not torch.allclose(logits[0], logits[1])


def test_tracked_access_starts_from_the_codec_and_sends_its_symbols(params):
    """Before the gates of the SFA have learned, the streams are the codec's symbols of gated features."""
    torch.manual_seed(2)
    codec, layer = SourceCodec(params), TrackedLayer(params)
    start_tracked(layer, codec)
    for user, net in enumerate(layer.ue):
        assert same(codec.encoders[user], net.encoder)
        assert same(codec.to_symbols[user], net.to_baseband)
        assert same(codec.from_symbols[user], layer.bs.from_baseband.ue[user])
    assert same(codec.decoder, layer.bs.decoder)
