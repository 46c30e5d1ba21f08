"""Both forms of the link: power, what crosses the link, whose bits are whose, and where ours starts."""

import pytest
import torch
import yaml

from cscsanet.channel.multiuser.carriers import Sector
from cscsanet.config.fusion import FusionParams
from cscsanet.config.params import profile_text
from cscsanet.specialists.fusion.baselines.classical_fusion import confident, relative_fusion
from cscsanet.specialists.fusion.link.belief import ports_on
from cscsanet.specialists.fusion.link.csirs import mixing, observe
from cscsanet.specialists.fusion.link.feedback import amplitude_law, decode, encode, positions
from cscsanet.specialists.fusion.link.fused import expected_power, fused, observations
from cscsanet.specialists.fusion.link.operating_point import draw_fusion
from cscsanet.specialists.fusion.link.seen import Air, Seen
from cscsanet.specialists.fusion.task import air_of, conditions_of, initial_system

FORMS = ["beliefs", "precoders"]


@pytest.fixture(scope="module")
def params():
    return FusionParams.model_validate(yaml.safe_load(profile_text("smoke", "fusion")))


def system_of(params, form="beliefs", moved=None, **network):
    """Return a link whose weights were moved from where it starts."""
    moved = {"beliefs": 0.3, "precoders": 1.0}[form] if moved is None else moved
    changed = params.model_copy(
        update={"network": params.network.model_copy(update={"form": form, **network})}
    )
    system = initial_system(changed, 1)
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in system.parameters():
            parameter.add_(moved * torch.randn(parameter.shape, generator=generator))
    return system.eval()


def assert_same(one, other):
    """Check that precoders (..., M, K) are equal up to the phase of each user, which no receiver sees.

    Where two eigenvalues of a user nearly coincide, rounding decides between their eigenvectors: there they may differ.
    """
    inner = (one.conj() * other).sum(dim=-2).abs()
    energies = one.abs().square().sum(dim=-2), other.abs().square().sum(dim=-2)
    torch.testing.assert_close(*energies, rtol=1e-3, atol=1e-4)
    assert ((inner - energies[0]).abs() < 1e-3).float().mean() > 0.85


def drops_of(params, count=6, users=3, seed=0, **values):
    air = air_of(params.air, users)
    conditions = conditions_of(params.link.model_copy(update=values), count)
    generator = torch.Generator().manual_seed(seed)
    return air, draw_fusion(air.sector, air.comb, params.air.ports, conditions, generator), conditions


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("users", "ports", "bits"), [(1, 1, 0), (2, 3, 8), (5, 2, 40)])
@torch.no_grad()
def test_every_subcarrier_has_unit_power_whatever_the_sizes(form, users, ports, bits, params):
    air, drops, conditions = drops_of(params, users=users)
    made = system_of(params, form)(air, drops, conditions, ports, bits)
    for precoders in made[:3]:
        assert precoders.shape == (6, 16, 16, users)
        power = precoders.abs().square().sum(dim=(2, 3))
        torch.testing.assert_close(power, torch.ones(6, 16), rtol=1e-4, atol=0)
    assert made.bits.shape == (6, users, bits)


@pytest.mark.parametrize("form", FORMS)
@torch.no_grad()
def test_some_subcarriers_are_those_of_all(form, params):
    air, drops, conditions = drops_of(params)
    system = system_of(params, form)
    whole, some = (system(air, drops, conditions, 2, 8, chosen) for chosen in (None, [1, 7]))
    for one, other in zip(whole[:3], some[:3], strict=True):
        assert_same(one[:, [1, 7]], other)


@pytest.mark.parametrize("form", FORMS)
@torch.no_grad()
def test_the_order_of_users_does_not_matter(form, params):
    air, drops, conditions = drops_of(params)
    # Users of one offset of the comb are alike.
    turned = [2, 1, 0]
    other = drops._replace(
        srs=drops.srs[:, turned], channel=drops.channel[:, :, turned], noise=drops.noise[:, turned]
    )
    system = system_of(params, form)
    first, second = (system(air, each, conditions, 2, 8) for each in (drops, other))
    for one, two in zip(first[:3], second[:3], strict=True):
        assert_same(one[..., turned], two)
    assert torch.equal(first.bits[:, turned], second.bits)


@pytest.mark.parametrize("form", FORMS)
@torch.no_grad()
def test_nothing_of_the_channel_but_srs_and_bits_reaches_the_precoders(form, params):
    air, drops, conditions = drops_of(params)
    system = system_of(params, form)
    made = system(air, drops, conditions, 2, 8)
    for seed in range(1, 40):
        other = drops._replace(channel=drops_of(params, seed=seed)[1].channel)
        changed = system(air, other, conditions, 2, 8)
        same = (changed.bits == made.bits).flatten(1).all(dim=1)
        torch.testing.assert_close(changed.fusion[same], made.fusion[same])
        torch.testing.assert_close(changed.srs, made.srs)
        differs = (changed.bits != made.bits).flatten(1).any(dim=1)
        assert not torch.allclose(changed.fusion[differs], made.fusion[differs])


@pytest.mark.parametrize("form", FORMS)
@torch.no_grad()
def test_the_bits_of_a_ue_do_not_depend_on_other_ues(form, params):
    air, drops, conditions = drops_of(params)
    system = system_of(params, form)
    before = system(air, drops, conditions, 2, 16).bits
    channel, noise = drops.channel.clone(), drops.noise.clone()
    channel[:, :, 1:], noise[:, 1:] = 3 * channel[:, :, 1:].flip(0), noise[:, 1:].flip(0)
    after = system(air, drops._replace(channel=channel, noise=noise), conditions, 2, 16).bits
    assert torch.equal(before[:, 0], after[:, 0])
    assert not torch.equal(before[:, 1:], after[:, 1:])


@pytest.mark.parametrize("form", FORMS)
@torch.no_grad()
def test_ports_that_are_not_used_carry_nothing(form, params):
    air, drops, conditions = drops_of(params)
    noise = drops.noise.clone()
    noise[..., 2:] = 100.0
    system = system_of(params, form)
    one, other = (system(air, each, conditions, 2, 8) for each in (drops, drops._replace(noise=noise)))
    assert torch.equal(one.bits, other.bits)
    torch.testing.assert_close(one.fusion, other.fusion)


@pytest.mark.parametrize("form", FORMS)
@torch.no_grad()
def test_without_bits_the_fused_precoder_is_that_of_the_srs(form, params):
    air, drops, conditions = drops_of(params)
    made = system_of(params, form)(air, drops, conditions, 2, 0)
    assert torch.equal(made.fusion, made.srs)


@torch.no_grad()
def test_before_training_ours_is_classical_fusion(params):
    air, drops, conditions = drops_of(params, count=40)
    made = system_of(params, moved=0.0)(air, drops, conditions, 2, 12)
    seen = Seen(air, drops, conditions, 2, 12)
    classical = relative_fusion(seen, 2, None, phases_first=True)
    ours, expected = (seen.spectral_efficiency(each).mean() for each in (made.fusion, classical))
    assert ours == pytest.approx(float(expected), rel=0.03)
    alone = seen.spectral_efficiency(confident(seen, None).precoders(seen.load)).mean()
    assert seen.spectral_efficiency(made.srs).mean() == pytest.approx(float(alone), rel=0.03)
    assert ours > 1.05 * alone


@torch.no_grad()
def test_before_training_reports_say_which_paths_are_ones(params):
    air, drops, conditions = drops_of(params, count=100, srs_snr_db=-15.0)
    made = system_of(params, moved=0.0)(air, drops, conditions, 3, 24)
    seen = Seen(air, drops, conditions, 3, 24)
    classical = relative_fusion(seen, 3, None, phases_first=False)
    ours, expected = (seen.spectral_efficiency(each) for each in (made.fusion, classical))
    assert (ours - expected).abs().mean() < 0.01 * expected.mean()
    # Without Bayes' rule for the probabilities of paths many drops have others.
    prior = confident(seen, None)
    ports = ports_on(prior, 3)
    received = observe(ports, drops.channel, conditions.dl_snr, drops.noise[..., :3])
    law = amplitude_law(conditions, air.mean_power)
    through = mixing(ports, prior.steering, prior.ramp)
    reports = decode(encode(*positions(received, law), 24, phases_first=False), 3, phases_first=False)
    before = fused(prior, through, observations(reports, expected_power(prior, through), law, seen.noise))
    without = seen.spectral_efficiency(before.precoders(seen.load))
    assert (ours - without).abs().mean() > 0.02 * without.mean()


@torch.no_grad()
def test_a_link_that_withholds_srs_from_the_last_precoder_gives_that_of_the_feedback(params):
    air, drops, conditions = drops_of(params)
    made = system_of(params, fuses_srs=False)(air, drops, conditions, 2, 8)
    assert torch.equal(made.fusion, made.feedback)


@pytest.mark.parametrize(
    ("network", "changes"),
    [
        ({"frequency": False}, "ramp"),
        ({"beam": False}, "beam"),
        ({"ports": "random"}, "both"),
        ({"port": False}, "beam"),
    ],
)
@torch.no_grad()
def test_domains_that_are_off_change_the_ports(network, changes, params):
    air, drops, conditions = drops_of(params, count=20)
    whole, part = system_of(params, moved=0.0), system_of(params, moved=0.0, **network)
    known = whole.after_srs(air, drops.srs, conditions)
    one, other = (each.ports(air, known, 2) for each in (whole, part))
    assert torch.allclose(one.beam, other.beam) == (changes == "ramp")
    if changes != "beam":
        torch.testing.assert_close(other.ramp, torch.ones_like(other.ramp))
    received = observe(other, drops.channel, conditions.dl_snr, drops.noise[..., :2])
    assert received.isfinite().all()


def test_an_air_has_the_mean_power_of_a_port_on_a_path():
    assert Air(Sector(2, 64, 16, 4, 3.0, 6.7), 2).mean_power == 16.0
