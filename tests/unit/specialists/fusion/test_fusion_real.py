"""Beliefs, feedback and what networks see in real numbers, each against the complex original."""

import pytest
import torch

from cscsanet.specialists.fusion.link.belief import PathBelief, ports_on
from cscsanet.specialists.fusion.link.csirs import Ports, mixing, observe
from cscsanet.specialists.fusion.link.feedback import AmplitudeLaw, decode, encode, positions
from cscsanet.specialists.fusion.link.fused import (
    Corrections,
    corrected,
    expected_power,
    fused,
    observations,
)
from cscsanet.specialists.fusion.link.numbers import numbers_of_both, numbers_of_paths
from cscsanet.specialists.fusion.networks.projection import Projection
from cscsanet.specialists.fusion.real.belief import (
    RealBelief,
    RealConditions,
    RealPorts,
    real_aged,
    real_expected_power,
    real_fused,
    real_mixing,
    real_observations,
    real_positions,
)
from cscsanet.specialists.fusion.real.projection import (
    RealProjection,
    real_existence,
    real_numbers_of_both,
    real_numbers_of_paths,
)

STEEP, FLAT = AmplitudeLaw(8.0), AmplitudeLaw(8.0, 0.5, 2.25)


def real(values):
    return torch.view_as_real(values.resolve_conj().contiguous())


def belief_of(belief):
    return RealBelief(*(real(each) for each in belief))


def ports_of(ports):
    return RealPorts(*(real(each) for each in ports))


def assert_same(given, expected, tolerance=1e-4):
    """Check pairs or real numbers, relative to the largest."""
    exact = real(expected) if expected.is_complex() else expected
    torch.testing.assert_close(given, exact, rtol=tolerance, atol=tolerance * float(exact.abs().max()))


def assert_same_belief(given, expected):
    """Check a belief, whose moments can be small differences of powers."""
    power = float(expected.power.max())
    for one, other in zip(given[:2], expected[:2], strict=True):
        assert_same(one, other)
    torch.testing.assert_close(given.mean, real(expected.mean), rtol=1e-4, atol=1e-5 * power**0.5)
    torch.testing.assert_close(given.covariance, real(expected.covariance), rtol=1e-4, atol=1e-6 * power)


@pytest.fixture
def reported(see):
    """Drops with a belief, ports, what they mix, and bits of what is received."""
    seen = see(10, age_ms=0.3, rho=0.9)
    ports = Ports(*ports_on(seen.belief, 4))
    received = observe(ports, seen.drops.channel, seen.conditions.dl_snr, seen.drops.noise)
    return seen, ports, mixing(ports, seen.belief.steering, seen.belief.ramp), received


@pytest.mark.parametrize(
    "values", [{}, {"age_ms": 0.2, "rho": 0.8}, {"age_ms": 0.0}, {"rho": 0.0, "srs_snr_db": -20.0}]
)
def test_beliefs_age_in_the_same_way(values, see, air):
    seen = see(10, **values)
    paths = {name: value.reshape(10, 3, *value.shape[1:]) for name, value in seen.srs_paths._asdict().items()}
    given = real_aged(
        paths["sine"],
        paths["delay"],
        real(paths["gain"]),
        real(paths["covariance"]),
        RealConditions(*seen.conditions),
        6.7,
        (32, 16),
    )
    assert_same_belief(given, seen.belief)
    assert_same(given.power, seen.belief.power)
    exists = real_existence(air, real(paths["gain"]), real(paths["covariance"]), seen.conditions)
    assert_same(exists.flatten(0, 1), air.existence(seen.srs_paths, seen.conditions))


def test_the_coherence_needs_no_bessel_function(see):
    conditions = see(60).conditions._replace(age_ms=torch.linspace(0, 20, 60))
    assert_same(RealConditions(*conditions).coherence(6.7), conditions.coherence(6.7), 1e-5)


def test_beliefs_are_scaled_in_the_same_way(see, seeded):
    belief = see(5).belief
    amplitude, spread = torch.rand((2, 5, 3, 4), generator=seeded(1))
    assert_same_belief(belief_of(belief).scaled(amplitude, spread), belief.scaled(amplitude, spread))
    assert_same_belief(belief_of(belief).scaled(amplitude), belief.scaled(amplitude))


def test_precoders_of_beliefs_are_the_same(see):
    seen = see(5, age_ms=0.2)
    assert_same(belief_of(seen.belief).precoders(seen.load), seen.belief.precoders(seen.load))


def test_ports_mix_paths_in_the_same_way(reported):
    seen, ports, through, _ = reported
    assert_same(real_mixing(ports_of(ports), belief_of(seen.belief)), through)
    given = real_expected_power(belief_of(seen.belief), real(through))
    assert_same(given, expected_power(seen.belief, through))


def test_beliefs_are_updated_in_the_same_way(reported):
    seen, _, through, received = reported
    variance = seen.noise.expand_as(received.real)
    assert_same_belief(
        belief_of(seen.belief).updated(real(through), real(received), variance),
        seen.belief.updated(through, received, variance),
    )


@pytest.mark.parametrize("law", [STEEP, FLAT])
@pytest.mark.parametrize("bits", [0, 2, 16, 84])
def test_feedback_says_the_same(bits, law, reported, seeded):
    seen, _, through, received = reported
    for one, other in zip(real_positions(real(received), law), positions(received, law), strict=True):
        assert_same(one, other)
    reports = decode(
        encode(*positions(received, law), bits, phases_first=bits < 84), 4, phases_first=bits < 84
    )
    expected = expected_power(seen.belief, through)
    learned = Corrections(*(0.3 * torch.randn((2, *expected.shape), generator=seeded(2))))
    observed = corrected(observations(reports, expected, law, seen.noise), learned)
    given = real_observations(reports, expected, law, seen.noise).corrected(*learned)
    assert_same(given.value, observed.value)
    assert_same(given.variance, observed.variance)
    before, after = belief_of(seen.belief), fused(seen.belief, through, observed)
    real_after = real_fused(before, real(through), given)
    assert_same_belief(real_after, after)
    assert_same(real_numbers_of_both(before, real_after), numbers_of_both(seen.belief, after), 1e-3)


def test_where_nothing_is_predicted_observations_are_not_turned(reported):
    seen, _, through, received = reported
    blank = PathBelief.blank(seen.belief.steering, seen.belief.ramp, 0.25)
    reports = decode(encode(*positions(received, STEEP), 16, phases_first=True), 4, phases_first=True)
    expected = expected_power(blank, through)
    observed = observations(reports, expected, STEEP, seen.noise)
    given = real_observations(reports, expected, STEEP, seen.noise)
    assert_same_belief(real_fused(belief_of(blank), real(through), given), fused(blank, through, observed))


def test_networks_see_the_same_of_paths(see, seeded):
    belief = see(10).belief
    exists = torch.rand((10, 3, 4), generator=seeded(1)).clamp(0.01, 0.99)
    assert_same(real_numbers_of_paths(belief_of(belief), exists), numbers_of_paths(belief, exists))


@pytest.mark.parametrize(("kind", "sounded"), [("maxim", 8), ("cnn", 4), ("none", 8)])
def test_features_of_the_image_of_srs_are_the_same(kind, sounded, seeded):
    projection = Projection(kind, 4, 1, 32, sounded, 16)
    srs = torch.randn((6, sounded, 32), generator=seeded(), dtype=torch.complex64)
    sine = 2 * torch.rand((6, 3), generator=seeded(1)) - 1
    delay = 4 * torch.rand((6, 3), generator=seeded(2))
    given = RealProjection(projection)
    with torch.no_grad():
        assert_same(given.image(real(srs)), projection.image(srs))
        torch.testing.assert_close(
            given(real(srs), sine, delay), projection(srs, sine, delay), rtol=1e-3, atol=1e-4
        )
