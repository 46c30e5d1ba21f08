"""The feedback code: prefixes are messages, finer digits are nearer, and a UE's bits are its own."""

import pytest
import torch

from cscsanet.specialists.fusion.link.feedback import (
    AmplitudeLaw,
    amplitude_law,
    decode,
    encode,
    order,
    phases_come_first,
    positions,
)
from cscsanet.specialists.fusion.link.operating_point import Conditions

FIRST = [True, False]
LAW = AmplitudeLaw(9.0)


def received(seeded, ports=4):
    return 3 * torch.randn((50, 3, ports), generator=seeded(), dtype=torch.complex64)


@pytest.mark.parametrize("phases_first", FIRST)
@pytest.mark.parametrize("ports", [1, 2, 6])
def test_every_digit_is_sent_once_and_coarse_ones_before_fine_ones(ports, phases_first):
    sent = order(ports, phases_first=phases_first)
    assert len(set(sent)) == len(sent) == 6 * (2 * ports - 1)
    for name in ("phase", "amplitude"):
        for port in range(ports):
            digits = [digit for kind, of, digit in sent if (kind, of) == (name, port)]
            assert digits == sorted(digits)


@pytest.mark.parametrize("phases_first", FIRST)
def test_fewer_bits_are_a_prefix_of_more(phases_first, seeded):
    place = positions(received(seeded), LAW)
    long = encode(*place, 40, phases_first=phases_first)
    for bits in (0, 2, 6, 18, 40):
        assert torch.equal(encode(*place, bits, phases_first=phases_first), long[..., :bits])
    assert long.unique().tolist() == [0.0, 1.0]


@pytest.mark.parametrize("phases_first", FIRST)
def test_what_is_read_is_within_the_cells_that_it_says(phases_first, seeded):
    phase, amplitude = positions(received(seeded), LAW)
    for bits in (0, 2, 8, 20, 48, 84):
        read = decode(encode(phase, amplitude, bits, phases_first=phases_first), 4, phases_first=phases_first)
        assert ((read.phase - phase).abs() <= read.phase_width / 2 + 1e-5).all()
        assert ((read.amplitude - amplitude).abs() <= read.amplitude_width / 2 + 2e-4).all()
    assert read.phase_width.max() < 1e-3
    assert read.amplitude_width.max() < 1e-3


def test_a_common_phase_changes_no_bit(seeded):
    values = received(seeded)
    turned = values * torch.polar(torch.tensor(1.0), torch.tensor(1.234))
    for one, other in zip(positions(values, LAW), positions(turned, LAW), strict=True):
        torch.testing.assert_close(one[..., 1:], other[..., 1:], rtol=0, atol=2e-5)


def test_amplitudes_of_a_normal_law_are_uniform(seeded):
    values = 3 * torch.randn((400, 50, 2), generator=seeded(), dtype=torch.complex64)
    _, amplitude = positions(values, LAW)
    share = torch.histc(amplitude, 4, 0, 1) / amplitude.numel()
    torch.testing.assert_close(share, torch.full((4,), 0.25), rtol=0, atol=0.01)


@pytest.mark.parametrize("law", [LAW, AmplitudeLaw(9.0, 0.5, 2.25)])
def test_positions_rise_with_the_amplitude_and_lead_back_to_it(law):
    power = torch.logspace(-2, 1.3, 40)
    position = law.position(power)
    assert (position.diff() > 0).all()
    torch.testing.assert_close(law.power(position), power, rtol=1e-2, atol=1e-3)


def test_a_flat_law_tells_weak_amplitudes_apart():
    weak = torch.tensor([0.1, 0.5])
    steep, flat = (law.position(weak).diff() for law in (LAW, AmplitudeLaw(9.0, 0.5, 2.25)))
    assert flat > 2 * steep


@pytest.mark.parametrize(
    ("rho", "srs_snr_db", "first"),
    [(1.0, 0.0, True), (0.9, -5.0, True), (0.5, 0.0, False), (1.0, -10.0, False)],
)
def test_phases_come_first_where_srs_show_the_amplitudes_of_the_downlink(rho, srs_snr_db, first):
    conditions = Conditions(*(torch.full((3,), value) for value in (srs_snr_db, 10.0, 5.0, 120.0, rho)))
    assert phases_come_first(conditions) == first
    # Amplitudes of strong ports alone matter where all ports are on paths.
    assert (amplitude_law(conditions, 9.0) == AmplitudeLaw(9.0)) == (srs_snr_db > -7)
