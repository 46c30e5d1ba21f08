"""A batch in parts: each part is sent at a point of its own, and as it would be sent alone."""

import pytest
import torch

from cscsanet.baselines.front_ends import perfect_csi
from cscsanet.baselines.mfnet import MfnetLink
from cscsanet.baselines.source_codec import AwgnLink, SourceCodec
from cscsanet.channel.paths import draw_paths
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.links.csc_sa_net import noma, oma
from cscsanet.links.ideal import IdealLink
from cscsanet.links.link import Link, Transmission, pad_symbols, parts
from cscsanet.links.semantic_layer import OrthogonalLayer, SemanticLayer

LINKS = {
    "ideal": lambda params: IdealLink(SemanticLayer(params)),
    "ideal-oma": lambda params: IdealLink(OrthogonalLayer(params)),
    "noma": noma,
    "noma-aligned": lambda params: noma(params, "learned"),
    "oma": oma,
    "awgn": lambda params: AwgnLink(SourceCodec(params), (5.0, 5.0)),
    "separated": lambda params: perfect_csi(params, "pca"),
}
POINTS = [OperatingPoint(-10.0, 8, 64, 4), OperatingPoint(-10.0, 8, 64, 1), OperatingPoint(-25.0, 2, 16, 4)]


@pytest.fixture(params=LINKS)
def link(request, smoke):
    torch.manual_seed(3)
    return LINKS[request.param](smoke).eval()


@pytest.fixture
def inputs(smoke, seeded):
    images = torch.rand(6, 4, smoke.scenes.height, smoke.scenes.width, generator=seeded)
    return images, draw_paths(6, smoke.channel, seeded)


def test_one_part_is_sent_like_a_batch(link, inputs):
    with torch.no_grad():
        alone = link(*inputs, POINTS[0], torch.Generator().manual_seed(1)).logits
        mixed = link.mixed(*inputs, POINTS[:1], torch.Generator().manual_seed(1))
    torch.testing.assert_close(mixed, alone, rtol=1e-4, atol=1e-5)


def test_parts_without_noise_are_sent_as_if_each_was_alone(smoke, inputs):
    images, paths = inputs
    link = LINKS["ideal"](smoke).eval()
    with torch.no_grad():
        mixed = link.mixed(images, None, POINTS, torch.Generator())
        for part, point in zip(parts(6, 3), POINTS, strict=True):
            alone = link(images[part], paths, point, torch.Generator()).logits
            torch.testing.assert_close(mixed[part], alone, rtol=1e-4, atol=1e-5)


def test_parts_with_one_l_take_one_pass_and_are_sent_as_if_each_was_alone(smoke, inputs):
    """Without noise, the beams and all that follows are those of the part alone."""
    images, paths = inputs
    channel = smoke.channel.model_copy(update={"bs_power_offset_db": float("inf")})
    link = noma(smoke.model_copy(update={"channel": channel}), "learned").eval()
    points = [OperatingPoint(60.0, 8, 64, 4), OperatingPoint(55.0, 8, 16, 1)]
    with torch.no_grad():
        mixed = link.mixed(images, paths, points, torch.Generator().manual_seed(1))
        for part, point in zip(parts(6, 2), points, strict=True):
            alone = link(images[part], paths[part], point, torch.Generator().manual_seed(5)).logits
            assert (mixed[part] - alone).abs().max() < 0.05 * alone.std()


def test_a_gradient_reaches_all_networks_from_every_part(smoke, inputs):
    link = LINKS["noma-aligned"](smoke).train()
    logits = link.mixed(*inputs, POINTS, torch.Generator().manual_seed(1))
    for part in parts(6, 3):
        link.zero_grad()
        logits[part].square().mean().backward(retain_graph=True)
        for net in (*link.semantic.ue, *link.physical.ue, link.physical.bs):
            assert sum(weight.grad.abs().sum() for weight in net.parameters() if weight.grad is not None) > 0


class Plain(Link):
    """Logits that tell the images, the drops and the point."""

    def forward(self, images, paths, point, generator):
        shown = images[:, :1] + paths.delay.sum(dim=(1, 2))[:, None, None, None] + point.data_symbols
        return Transmission(shown.expand(-1, 9, -1, -1))


def test_a_link_that_knows_of_no_parts_sends_them_one_by_one(inputs):
    images, paths = inputs
    mixed = Plain().mixed(images, paths, POINTS, torch.Generator())
    for part, point in zip(parts(6, 3), POINTS, strict=True):
        assert torch.equal(mixed[part], Plain()(images[part], paths[part], point, torch.Generator()).logits)


def test_mfnet_has_no_points(smoke, inputs):
    link = MfnetLink().eval()
    with torch.no_grad():
        assert torch.equal(link.mixed(*inputs, POINTS, torch.Generator()), link.network(inputs[0]))


def test_a_batch_that_the_points_do_not_divide_is_an_error():
    with pytest.raises(AssertionError, match="7 items in 3 equal parts"):
        parts(7, 3)
    assert parts(6, 2) == [slice(0, 3), slice(3, 6)]


def test_a_block_is_padded_with_zeros():
    block = torch.ones(2, 3, 4)
    padded = pad_symbols(block, 5, 1)
    assert padded.shape == (2, 5, 4)
    assert torch.equal(padded[:, :3], block)
    assert not padded[:, 3:].any()


def test_what_lies_beyond_q_has_no_effect(smoke, inputs):
    """The weights of the symbols beyond Q are changed, and neither signal nor mask follows."""
    images, _ = inputs
    link = LINKS["ideal"](smoke).eval()
    point = OperatingPoint(0.0, 2, 16, 1)
    with torch.no_grad():
        before = link(images, None, point, torch.Generator())
        for net in link.semantic.ue:
            net.to_baseband.weight[net.signal_shape[1] * 2 :] += 5.0
        after = link(images, None, point, torch.Generator())
    assert torch.equal(before.streams, after.streams)
    assert torch.equal(before.logits, after.logits)


@pytest.mark.parametrize(("layer", "energy"), [(SemanticLayer, 1.0), (OrthogonalLayer, 2.0)])
def test_noise_of_stage_1_lies_in_every_second_part_alone(smoke, inputs, layer, energy):
    """energy: of a UE in a resource element that it uses, for a mean of 1 over all elements."""
    images, _ = inputs
    torch.manual_seed(3)
    layer = layer(smoke).eval()
    points = [OperatingPoint(0.0, 2, 16, 4)] * 3
    received = []
    layer.bs.register_forward_pre_hook(lambda _, arguments: received.append(arguments[0]))
    with torch.no_grad():
        for noise in (None, (10.0, 10.0)):
            IdealLink(layer, noise).mixed(images, None, points, torch.Generator().manual_seed(1))
    difference = received[1] - received[0]
    assert not difference[:2].any()
    assert not difference[4:].any()
    power = float(difference[2:4].square().sum(dim=-1).sum(dim=-1).mean())
    assert power == pytest.approx(energy / 10, rel=0.15)
