"""The semantic networks: shapes, the SFA equations, gain control."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cscsanet.networks.bs_msf_net import BsMsfNet
from cscsanet.networks.complex_pairs import level, to_complex, to_pairs, unit_modulus
from cscsanet.networks.sfa import Sfa
from cscsanet.networks.ue_msf_net import SourceEncoder
from cscsanet.params import MsfParams


@pytest.mark.parametrize(
    ("size", "latent", "halvings"), [((48, 64), (4, 4), 2), ((96, 128), (4, 4), 3), ((144, 96), (6, 3), 3)]
)
def test_the_encoder_leads_from_the_image_to_the_latent_positions(size, latent, halvings):
    params = MsfParams(
        latent_height=latent[0],
        latent_width=latent[1],
        width_multiplier=0.25,
        semantic_features=12,
        context_features=4,
    )
    encoder = SourceEncoder(3, halvings, params)
    assert encoder(torch.rand(2, 3, *size)).shape == (2, 12, *latent)


def test_sfa_is_equations_23_to_27():
    torch.manual_seed(1)
    sfa = Sfa(semantic_features=5, context_features=3, csi_size=8)
    features, csi = torch.randn(2, 5, 3, 4), torch.randn(2, 4, 2)
    source = features.flatten(2).mean(dim=2)
    context = csi.reshape(2, 8) @ sfa.context.weight.T + sfa.context.bias
    fused = torch.cat([source, context], dim=1)
    first, _, second, _ = sfa.gates
    hidden = torch.clamp(fused @ first.weight.T + first.bias, min=0)
    gates = 1 / (1 + torch.exp(-(hidden @ second.weight.T + second.bias)))
    expected = torch.stack([features[:, i] * gates[:, i, None, None] for i in range(5)], dim=1)
    torch.testing.assert_close(sfa(features, csi), expected)


@given(st.floats(-3, 3), st.integers(1, 4), st.integers(0, 10_000))
def test_levelling_gives_unit_power_over_the_used_symbols_whatever_the_gain(exponent, used, seed):
    generator = torch.Generator().manual_seed(seed)
    block = torch.randn(2, 6, 4, 2, 2, generator=generator) * 10.0**exponent
    block[:, :, used:] = 0
    levelled = level(block, symbol_axis=2)
    power = to_complex(levelled[:, :, :used]).abs().square().mean(dim=(1, 2, 3))
    torch.testing.assert_close(power, torch.ones(2), rtol=1e-4, atol=1e-4)
    assert levelled[:, :, used:].abs().max() == 0 if used < 4 else True


def test_an_empty_block_stays_zero():
    assert level(torch.zeros(1, 2, 3, 2), symbol_axis=2).abs().max() == 0


def test_pairs_and_complex_are_inverse_and_phases_have_unit_modulus():
    signal = torch.randn(3, 4, dtype=torch.complex64)
    assert torch.equal(to_complex(to_pairs(signal)), signal)
    assert (unit_modulus(torch.randn(100) * 10).abs() - 1).abs().max() < 1e-6


def test_one_decoder_meets_semantics_of_one_size_whatever_q(smoke):
    """Four times the same symbol is the symbol itself, four times as large: nothing of that reaches the decoder."""
    torch.manual_seed(2)
    sizes = (smoke.csa.csi_features, smoke.channel.rf_chains, 4)
    net = BsMsfNet(smoke.halvings, smoke.msf, *sizes).eval()
    positions = smoke.channel.subcarriers
    with torch.no_grad():
        net.from_baseband.bias.zero_()
        weight = net.from_baseband.weight.unflatten(1, (4, -1))
        weight[:, 1:] = weight[:, :1]
    once = torch.randn(3, positions, 4, 2, 2)
    once[:, :, 1:] = 0
    csi = torch.randn(3, positions, smoke.csa.csi_features)
    met = []
    # An untrained decoder shrinks what it gets to nothing, so its input is looked at.
    net.fuse.register_forward_pre_hook(lambda _, inputs: met.append(inputs[0]))
    net(once, csi)
    net(once[:, :, :1].expand_as(once), csi)
    torch.testing.assert_close(met[0], met[1], rtol=1e-4, atol=1e-5)
    assert float(met[0].detach().square().mean()) == pytest.approx(1, rel=1e-3)
