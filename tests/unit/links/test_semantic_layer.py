"""The semantic layer of orthogonal access: positions, separation of the UEs, and prefixes of Q."""

import pytest
import torch
from fixtures.params import altered
from pydantic import ValidationError

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.links.csc_sa_net import JOINT

POINT = OperatingPoint(-10, 8, 64, 4)
SHARES = (slice(0, None, 2), slice(1, None, 2))


@pytest.fixture(scope="module")
def link(request):
    smoke = request.getfixturevalue("smoke")
    torch.manual_seed(5)
    return JOINT["oma"](smoke, "none").eval()


def fused(link, received, bs_csi):
    """Return the inputs of the BS's attention, and the logits, which an untrained decoder makes tiny."""
    attention_inputs = []
    handle = link.semantic.bs.fuse.register_forward_pre_hook(
        lambda _, inputs: attention_inputs.extend(inputs)
    )
    logits = link.semantic.decode(received, bs_csi)
    handle.remove()
    return (*attention_inputs, logits)


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
    """A UE's signal moves with the channel semantics at its subcarriers, and not with those of the others."""
    csi, _ = link.semantic.no_csi(3, images.device)

    def streams(at_its_subcarriers):
        changed = csi.clone()
        changed[:, 1, SHARES[1] if at_its_subcarriers else SHARES[0]] = 5.0
        return link.semantic.encode(images, changed, 4)

    plain = link.semantic.encode(images, csi, 4)
    assert torch.equal(streams(at_its_subcarriers=False), plain)
    assert not torch.allclose(streams(at_its_subcarriers=True)[:, 1], plain[:, 1])
    net = link.semantic.ue[1]
    signal = torch.view_as_complex(net(images[:, 3:], csi[:, 1, SHARES[1]]).contiguous())
    assert torch.equal(plain[:, 1, :, SHARES[1]], signal.transpose(1, 2))


def test_the_bs_keeps_the_ues_apart(link):
    """UE 2's subcarriers fill the second half of the features and nothing else, and a strong UE 2 does not mask UE 1."""
    reader = link.semantic.bs.from_baseband
    positions = link.semantic.positions
    received = torch.randn(3, positions, 4, 2, 2)
    other = received.clone()
    other[:, SHARES[1]] = torch.randn_like(other[:, SHARES[1]])
    features = reader(received).shape[2] // 2
    before, after = reader(received), reader(other)
    assert torch.equal(before[..., :features], after[..., :features])
    assert not torch.allclose(before[..., features:], after[..., features:])
    strong = received.clone()
    strong[:, SHARES[1]] *= 1000
    torch.testing.assert_close(reader(strong), before, rtol=1e-4, atol=1e-5)


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
