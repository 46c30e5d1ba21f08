"""Classical fusion and codebooks: what more bits bring, the counts of bits, and quantisers by hand."""

import math

import pytest
import torch

from cscsanet.channel.multiuser.downlink import rzf
from cscsanet.specialists.fusion.baselines.classical_fusion import (
    ERRORS,
    STEPS,
    port_scales,
    quantised_fusion,
    relative_fusion,
    uniform,
)
from cscsanet.specialists.fusion.baselines.codebooks import (
    Etype2,
    etype2_precoders,
    port_selection_precoders,
    reported,
    selection_bits,
)


def reach(seen, precoders):
    return float(seen.spectral_efficiency(precoders).mean())


def quantised(seen, ports, bits):
    return reach(seen, quantised_fusion(seen, ports, bits, 0.0, port_scales(seen, ports, 0.0)))


def zero_forced(seen):
    snr = seen.conditions.dl_snr.unsqueeze(1).expand(-1, 16)
    return reach(seen, rzf(seen.drops.channel, snr))


# Mean squared errors of the optimal uniform quantisers (Max, 1960, table II).
@pytest.mark.parametrize(("bits", "error"), [(1, 0.3634), (2, 0.1188), (3, 0.03744), (4, 0.01154)])
def test_a_uniform_quantiser_has_the_error_of_the_table(bits, error, seeded):
    values = 2.5 * torch.randn(200_000, generator=seeded())
    sent = uniform(values, torch.tensor(2.5), bits)
    assert len(sent.unique()) == 2**bits
    assert float((sent - values).square().mean()) / 6.25 == pytest.approx(error, rel=0.02)
    assert ERRORS[bits] == pytest.approx(error, rel=1e-6)
    assert set(STEPS) == set(range(1, 9))


def test_more_bits_bring_more_and_end_at_zero_forcing(see):
    seen = see(100)
    reached = [quantised(seen, 4, bits) for bits in (0, 1, 2, 4, 8)]
    assert reached == sorted(reached)
    assert 0.95 * zero_forced(seen) < reached[-1] < zero_forced(seen)


def test_relative_phases_need_fewer_bits_where_srs_show_amplitudes(see):
    seen = see(100, bits=8)
    relative = reach(seen, relative_fusion(seen, 4, 0.0, phases_first=True))
    assert relative > quantised(seen, 2, 2) + 0.5


def test_without_bits_classical_fusion_is_srs_alone(see):
    seen = see(20, bits=0)
    alone = seen.belief.precoders(seen.load)
    torch.testing.assert_close(quantised_fusion(seen, 4, 0, 0.0), alone)
    torch.testing.assert_close(relative_fusion(seen, 4, 0.0, phases_first=True), alone)


def test_bits_of_reports_by_hand():
    # Two beams of 64 of one rotation of four; two taps of 16; a bitmap of 4; which of 3 is strongest; 2 x 7.
    expected = 2 + math.ceil(math.log2(64 * 63 / 2)) + math.ceil(math.log2(15)) + 4 + 2 + 14
    assert Etype2(2, 2, 3).bits(64, 16) == expected
    assert Etype2(1, 1, 1).bits(64, 16) == 2 + 6
    assert selection_bits(4, 3) == 4 + 2 + 14
    assert selection_bits(1, 1) == 0


def test_a_report_keeps_the_strongest_coefficients_within_its_steps(seeded):
    table = torch.randn((50, 8), generator=seeded(), dtype=torch.complex64)
    sent = reported(table, 3)
    assert (sent != 0).sum(dim=1).tolist() == [3] * 50
    strongest = table.abs().argmax(dim=1, keepdim=True)
    torch.testing.assert_close(sent.gather(1, strongest), torch.ones(50, 1) + 0j)
    kept = sent != 0
    ratio = (sent / (table / table.gather(1, strongest)))[kept]
    assert ratio.angle().abs().max() <= math.pi / 16 + 1e-4


def test_codebooks_are_nearer_to_zero_forcing_with_more_bits(see):
    seen = see(60, dl_snr_db=20.0)
    few, many = (reach(seen, etype2_precoders(seen, kind)) for kind in (Etype2(1, 1, 1), Etype2(8, 6, 24)))
    assert few + 2 < many < zero_forced(seen)
    few, many = (reach(seen, port_selection_precoders(seen, 4, chosen)) for chosen in (1, 4))
    assert few + 2 < many < zero_forced(seen)


def test_one_beam_is_that_of_a_channel_with_one_path_on_the_grid(see):
    seen = see(4, dl_snr_db=50.0)
    sine = torch.tensor([0.25, -0.5, 0.125])
    array = torch.polar(torch.ones(3, 32), math.pi * sine.unsqueeze(1) * torch.arange(32.0))
    seen.drops.channel[:] = array
    precoders = etype2_precoders(seen, Etype2(1, 1, 1))
    gains = (array.unsqueeze(0).unsqueeze(0) @ precoders).diagonal(dim1=-2, dim2=-1).abs()
    torch.testing.assert_close(gains, torch.full_like(gains, (32 / 3) ** 0.5), rtol=0.02, atol=0)


def test_errors_of_the_finest_quantisers_are_those_of_the_table(seeded):
    values = torch.randn(400_000, generator=seeded(), dtype=torch.float64)
    for bits in (5, 6, 7, 8):
        error = float((uniform(values, torch.tensor(1.0), bits) - values).square().mean())
        assert error == pytest.approx(ERRORS[bits], rel=0.03)
