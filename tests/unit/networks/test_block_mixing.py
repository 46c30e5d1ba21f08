"""What a BS may do with a block before it reads it: nothing before training, and what each kind can do after it."""

import math

import pytest
import torch
from fixtures.params import altered

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.links.csc_sa_net import JOINT
from cscsanet.networks import iq
from cscsanet.networks.block_mixing import ElementProducts, block_mixing

KINDS = ("subcarriers", "products")


@pytest.fixture
def received():
    source = torch.Generator().manual_seed(3)
    return torch.randn(6, 16, 4, 2, 2, generator=source)


@pytest.mark.parametrize("kind", KINDS)
def test_before_training_a_block_is_only_scaled(received, kind):
    torch.manual_seed(0)
    mixed = block_mixing(kind, 16, 8)(received)
    torch.testing.assert_close(mixed, iq.normalize_power(received, symbol_axis=2))


@pytest.mark.parametrize("access", ["noma", "oma"])
@pytest.mark.parametrize("kind", KINDS)
def test_before_training_a_link_is_that_without(smoke, images, paths, access, kind):
    plain, mixing = (
        JOINT[access](altered(smoke, joint={"reader": each}), "none").eval() for each in ("linear", kind)
    )
    missing = mixing.load_state_dict(plain.state_dict(), strict=False)
    assert all(name.startswith("mixing.") for name in missing.missing_keys)
    point = OperatingPoint(-10.0, 8, 64, 4)
    with torch.no_grad():
        first, second = (
            link(images, paths, point, torch.Generator().manual_seed(2)).logits for link in (plain, mixing)
        )
    torch.testing.assert_close(first, second, rtol=1e-3, atol=1e-4)


def test_a_mixed_batch_is_read_as_each_of_its_parts(smoke, images, paths):
    """Parts of several Q, padded to the largest: the mixing sees zeros after the last symbol in both cases."""
    torch.manual_seed(1)
    link = JOINT["noma"](altered(smoke, joint={"reader": "products"}), "none").eval()
    torch.nn.init.normal_(link.mixing.leave.weight)
    point = OperatingPoint(30.0, 8, 64, 1)
    with torch.no_grad():
        alone = link(images, paths, point, torch.Generator().manual_seed(2)).logits
        together = link.mixed(images, paths, [point], torch.Generator().manual_seed(2))
    torch.testing.assert_close(alone, together, rtol=1e-2, atol=1e-2)


def test_products_take_the_phase_of_a_pilot_off_the_data():
    """Element 0 is a pilot, element 1 data, both turned by a phase: a few products give data without the phase."""
    torch.manual_seed(0)
    mixing = ElementProducts(elements=2)
    with torch.no_grad():
        for layer in (mixing.local, mixing.around, mixing.leave):
            layer.weight.zero_()
            layer.bias.zero_()
        # a: the data of this position; b: its pilot.
        mixing.local.weight[0, 2] = mixing.local.weight[1, 3] = 1.0
        mixing.around.weight[0, 0, 4] = mixing.around.weight[1, 1, 4] = 1.0
        mixing.leave.weight[0, 0] = mixing.leave.weight[1, 1] = 1.0
    data = torch.polar(torch.ones(4, 16), torch.rand(4, 16) * 2 * math.pi)
    turned = []
    for phase in (0.0, 2.0):
        block = torch.stack((torch.ones_like(data), data), dim=-1) * torch.polar(
            torch.tensor(1.0), torch.tensor(phase)
        )
        pairs = torch.view_as_real(block).unsqueeze(3)
        turned.append((mixing(pairs) - iq.normalize_power(pairs, symbol_axis=2))[:, :, 0, 0])
    torch.testing.assert_close(turned[0], turned[1], rtol=1e-4, atol=1e-4)
    # It is the data, scaled.
    scaled = torch.view_as_complex(turned[0].contiguous()) / data
    torch.testing.assert_close(scaled, scaled[0, 0].expand_as(scaled), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_unused_data_symbols_stay_empty(received, kind):
    """Else the next AGC would take the correction for further symbols, and scale the block by the root of their number."""
    torch.manual_seed(0)
    mixing = block_mixing(kind, 16, 8)
    torch.nn.init.normal_(mixing.leave.weight, std=1e-4)
    received[:, :, 1:] = 0
    mixed = mixing(received)
    assert mixed[:, :, 0].abs().min() > 0
    assert not mixed[:, :, 1:].any()
    torch.testing.assert_close(
        iq.normalize_power(mixed, symbol_axis=2),
        iq.normalize_power(received, symbol_axis=2),
        rtol=1e-2,
        atol=1e-2,
    )


@pytest.mark.parametrize(("kind", "reached"), [("subcarriers", 16), ("products", 5)])
def test_a_subcarrier_hears_of_others(received, kind, reached):
    """Position 0 of all of them, or of those within the reach of a product. A turned phase leaves the AGC as it is."""
    torch.manual_seed(0)
    mixing = block_mixing(kind, 16, 8)
    torch.nn.init.normal_(mixing.leave.weight)
    with torch.no_grad():
        before = mixing(received)[:, 0]
        heard = []
        for position in range(16):
            turned = received.clone()
            turned[:, position] = torch.stack(
                (-received[:, position, ..., 1], received[:, position, ..., 0]), -1
            )
            heard.append(not torch.allclose(mixing(turned)[:, 0], before, rtol=1e-4, atol=1e-5))
    assert heard == [position < reached for position in range(16)]


@pytest.mark.parametrize("access", ["noma", "oma"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_link_reads_what_the_mixing_has_made_of_a_block(smoke, images, paths, access, kind):
    torch.manual_seed(1)
    link = JOINT[access](altered(smoke, joint={"reader": kind}), "none").eval()
    point = OperatingPoint(-10.0, 8, 64, 4)

    def logits():
        with torch.no_grad():
            return link(images, paths, point, torch.Generator().manual_seed(2)).logits

    before = logits()
    torch.nn.init.normal_(link.mixing.leave.weight)
    assert not torch.allclose(logits(), before, rtol=1e-2, atol=1e-2)
