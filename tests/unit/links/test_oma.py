"""Orthogonal access: energy, what is a UE's own, what must not leak, and the prefixes of Q."""

import pytest
import torch
from pydantic import ValidationError

from cscsanet.channel.transmission import uplink
from cscsanet.links.alignment import arriving
from cscsanet.links.ideal import IdealLink
from cscsanet.links.joint import JOINT, oma
from cscsanet.links.oma import OmaLink
from cscsanet.links.orthogonal_layer import OrthogonalLayer
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.params import Params
from cscsanet.points import OperatingPoint

POINT = OperatingPoint(-10, 8, 64, 4)
OWN = (slice(0, None, 2), slice(1, None, 2))


def altered(params: Params, **sections: dict[str, object]) -> Params:
    content = params.model_dump()
    for section, changes in sections.items():
        content[section] |= changes
    return Params.model_validate(content)


@pytest.fixture(scope="module")
def link(request):
    smoke = request.getfixturevalue("smoke")
    torch.manual_seed(5)
    return JOINT["oma"](smoke, "none").eval()


def transmit(link, images, paths, point=POINT):
    """What the link put on the air, and the grid that its BS received."""
    met = []
    decode = link.semantic.decode
    link.semantic.decode = lambda received, csi: met.append(received) or decode(received, csi)
    try:
        with torch.no_grad():
            sent = link(images, paths, point, torch.Generator().manual_seed(1))
    finally:
        del link.semantic.decode
    return sent, met[0]


def fused(link, received, bs_csi):
    """What meets in the BS's attention, and the logits. An untrained decoder shrinks what it gets to next to nothing."""
    met = []
    handle = link.semantic.bs.fuse.register_forward_pre_hook(lambda _, inputs: met.extend(inputs))
    logits = link.semantic.decode(received, bs_csi)
    handle.remove()
    return (*met, logits)


def with_other_thermal(images):
    other = images.clone()
    other[:, 3] = 1 - other[:, 3]
    return other


@pytest.mark.parametrize(("energy", "expected"), [("element", 1.0), ("total", 2.0)])
@pytest.mark.parametrize("data_symbols", [1, 4])
def test_the_energy_of_a_used_resource_element(smoke, images, paths, energy, expected, data_symbols):
    torch.manual_seed(5)
    link = oma(altered(smoke, joint={"oma_energy": energy})).eval()
    sent, _ = transmit(link, images, paths, OperatingPoint(-10, 8, 64, data_symbols))
    radiated = torch.einsum("bkas,bkqns->bkqna", sent.precoder, sent.streams).abs().square().sum(dim=4)
    for user, own in enumerate(OWN):
        mean = radiated[:, user, :, own].mean(dim=(1, 2))
        torch.testing.assert_close(mean, torch.full((3,), expected), rtol=1e-5, atol=1e-5)


def test_nothing_is_sent_on_the_other_ue_s_subcarriers(smoke, link, images, paths):
    streams = transmit(link, images, paths)[0].streams
    assert streams.shape == (3, 2, 4, smoke.channel.subcarriers, smoke.channel.rf_chains)
    for user in range(2):
        assert torch.all(streams[:, user, :, OWN[1 - user]] == 0)
        assert torch.all(streams[:, user, :, OWN[user]].abs().sum(dim=3) > 0)


def test_another_image_of_ue_2_does_not_reach_ue_1_s_subcarriers(link, images, paths):
    _, before = transmit(link, images, paths)
    _, after = transmit(link, with_other_thermal(images), paths)
    assert torch.equal(before[:, :, OWN[0]], after[:, :, OWN[0]])
    assert not torch.allclose(before[:, :, OWN[1]], after[:, :, OWN[1]])


def test_another_channel_of_ue_2_does_not_reach_ue_1_s_subcarriers(smoke, link, images, paths):
    """At the same beams: the combiner itself follows the feedback of both UEs."""
    sent, _ = transmit(link, images, paths)
    other = paths[[0, 1, 2]]
    other.gain[:, 1] *= 2j

    def receive(drops):
        noise = torch.Generator().manual_seed(3)
        symbols = torch.arange(8, 12)
        return uplink(drops, sent.precoder, sent.combiner, sent.streams, symbols, 0.1, smoke.channel, noise)

    before, after = receive(paths), receive(other)
    assert torch.equal(before[:, :, OWN[0]], after[:, :, OWN[0]])
    assert not torch.allclose(before[:, :, OWN[1]], after[:, :, OWN[1]])


def test_a_ue_has_one_latent_position_for_each_of_its_subcarriers(smoke, link, images):
    height, width = smoke.msf.latent_height, smoke.msf.latent_width
    for net, seen in zip(link.semantic.ue, (slice(0, 3), slice(3, 4)), strict=True):
        assert net.encoder(images[:, seen]).shape == (3, smoke.msf.semantic_features, height // 2, width)
    received = torch.randn(3, 4, height * width, 2, dtype=torch.complex64)
    csi = torch.randn(3, height * width, smoke.csa.csi_features)
    semantics, context, logits = fused(link, received, csi)
    assert semantics.shape == (3, 2 * smoke.msf.semantic_features, height // 2, width)
    assert context.shape == (3, height * width, smoke.msf.semantic_features)
    assert logits.shape == (3, 9, smoke.scenes.height, smoke.scenes.width)


def test_a_latent_position_rides_on_its_ue_s_subcarrier(link, images):
    """A UE's signal moves with the channel semantics at its own subcarriers, and not with those of the others."""
    csi, _ = link.semantic.no_csi(3, images.device)

    def streams(own):
        changed = csi.clone()
        changed[:, 1, OWN[1] if own else OWN[0]] = 5.0
        return link.semantic.encode(images, changed, 4)

    plain = link.semantic.encode(images, csi, 4)
    assert torch.equal(streams(own=False), plain)
    assert not torch.allclose(streams(own=True)[:, 1], plain[:, 1])
    net = link.semantic.ue[1]
    signal = torch.view_as_complex(net(images[:, 3:], csi[:, 1, OWN[1]]).contiguous())
    assert torch.equal(plain[:, 1, :, OWN[1]], signal.transpose(1, 2))


def test_the_bs_keeps_the_ues_apart(link):
    """UE 2's subcarriers fill the second half of the features and nothing else, and a strong UE 2 drowns nobody."""
    reader = link.semantic.bs.from_baseband
    positions = link.semantic.positions
    received = torch.randn(3, positions, 4, 2, 2)
    other = received.clone()
    other[:, OWN[1]] = torch.randn_like(other[:, OWN[1]])
    features = reader(received).shape[2] // 2
    before, after = reader(received), reader(other)
    assert torch.equal(before[..., :features], after[..., :features])
    assert not torch.allclose(before[..., features:], after[..., features:])
    loud = received.clone()
    loud[:, OWN[1]] *= 1000
    torch.testing.assert_close(reader(loud), before, rtol=1e-4, atol=1e-5)


def test_fewer_data_symbols_are_a_prefix(link, images):
    csi, bs_csi = link.semantic.no_csi(3, images.device)
    whole = link.semantic.encode(images, csi, 4)
    first = link.semantic.encode(images, csi, 1)
    assert torch.equal(first, whole[:, :, :1])
    received = first.sum(dim=1)
    filled = torch.cat((received, received.new_zeros(3, 3, *received.shape[2:])), dim=1)
    alone, padded, full = (fused(link, grid, bs_csi)[0] for grid in (received, filled, whole.sum(dim=1)))
    torch.testing.assert_close(alone, padded)
    assert not torch.allclose(alone, full)


@pytest.mark.parametrize(("alignment", "in_phase"), [("genie-all", True), ("none", False)])
def test_aligned_streams_arrive_in_phase(smoke, images, paths, alignment, in_phase):
    """What arrives, against what was meant: coherent over the whole block where a genie foretells the phases."""
    torch.manual_seed(5)
    link = OmaLink(PhysicalLayer(smoke, alignment), OrthogonalLayer(smoke), "element").eval()
    sent, _ = transmit(link, images, paths)
    beams = link.physical(paths, POINT, torch.Generator().manual_seed(1))
    meant = link.semantic.encode(images, beams.ue_csi, 4)
    arrived = sent.streams * arriving(paths, sent.precoder, sent.combiner, torch.arange(8, 12), smoke.channel)
    product = arrived * meant.conj()
    coherence = product.sum(dim=(2, 3, 4)).real / product.abs().sum(dim=(2, 3, 4))
    if in_phase:
        torch.testing.assert_close(coherence, torch.ones(3, 2), rtol=1e-4, atol=1e-4)
    else:
        assert coherence.mean() < 0.5


def test_the_aligned_scheme_turns_by_what_the_ues_foretell(smoke, images, paths):
    torch.manual_seed(5)
    link = JOINT["oma"](smoke, "learned").eval()
    sent, _ = transmit(link, images, paths)
    beams = link.physical(paths, POINT, torch.Generator().manual_seed(1))
    turned = link.semantic.encode(images, beams.ue_csi, 4) * torch.exp(-1j * beams.alignment)
    for user, own in enumerate(OWN):
        scale = sent.streams[:, user, :, own] / turned[:, user, :, own]
        torch.testing.assert_close(scale.imag, torch.zeros_like(scale.imag), rtol=0, atol=1e-3)
        assert scale.real.min() > 0


def test_the_gradient_reaches_every_network(smoke, images, paths, seeded):
    torch.manual_seed(5)
    link = oma(smoke).train()
    link(images, paths, POINT, seeded).logits.square().mean().backward()
    parts = [*link.semantic.ue, *link.semantic.bs.from_baseband.ue, link.physical.csirs, *link.physical.ue]
    for part in parts:
        assert sum(float(p.grad.abs().sum()) for p in part.parameters() if p.grad is not None) > 0


def test_stage_one_trains_it_over_the_error_free_link(smoke, images, seeded):
    torch.manual_seed(5)
    ideal = IdealLink(OrthogonalLayer(smoke)).train()
    sent = ideal(images, None, POINT, seeded)
    sent.logits.square().mean().backward()
    for net in ideal.semantic.ue:
        assert net.to_baseband.weight.grad.abs().sum() > 0
    assert torch.all(sent.streams[:, 0, :, OWN[1]] == 0)
    shown = ideal(with_other_thermal(images), None, POINT, seeded)
    assert not torch.allclose(shown.logits, sent.logits)


def test_another_air_keeps_the_access_the_energy_and_the_original(smoke, images, paths):
    torch.manual_seed(5)
    link = oma(altered(smoke, joint={"oma_energy": "total"})).eval()
    slipping = smoke.channel.model_copy(update={"oscillator_rad": 1.0})
    other = link.under(slipping)
    assert isinstance(other, OmaLink)
    assert (other.energy, other.training) == ("total", False)
    assert other.semantic is link.semantic
    assert other.physical.channel.oscillator_rad == 1.0
    assert link.physical.channel.oscillator_rad == 0.0
    (sent, plain), (again, slipped) = transmit(link, images, paths), transmit(other, images, paths)
    assert torch.equal(sent.streams, again.streams)
    assert not torch.allclose(plain, slipped)


def test_an_odd_latent_is_refused_in_one_line(smoke):
    with pytest.raises(ValidationError) as error:
        altered(
            smoke,
            msf={"latent_height": 3, "latent_width": 4},
            channel={"subcarriers": 12},
            scenes={"height": 36, "width": 64},
        )
    (fault,) = error.value.errors()
    assert "msf.latent_height = 3: must be even" in fault["msg"]
    assert "\n" not in fault["msg"]
