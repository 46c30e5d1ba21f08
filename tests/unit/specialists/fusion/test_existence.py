"""The probability of paths after reports: calibrated under its own model, and unmoved by what is not reported."""

import pytest
import torch

from cscsanet.specialists.fusion.link.feedback import AmplitudeLaw, decode, encode, positions
from cscsanet.specialists.fusion.link.fused import existence_after

LAW = AmplitudeLaw(10.0, 0.5, 2.25)
NOISE = torch.tensor(0.05).reshape(1, 1, 1)


def reports_of(received, bits):
    return decode(encode(*positions(received, LAW), bits, phases_first=False), 2, phases_first=False)


@pytest.mark.parametrize("bits", [6, 12])
def test_it_is_the_share_of_paths_that_are_ones(bits, seeded):
    generator = seeded()
    before = torch.rand((20000, 2, 3), generator=generator)
    is_path = torch.rand(before.shape, generator=generator) < before
    power = torch.tensor([8.0, 3.0]).expand(20000, 2, 2)
    on_path = torch.tensor([2, 0]).expand(20000, 2, 2)
    # What is left on a port without a path: the noise, and a hundredth of the mean power of a path.
    mean = is_path.gather(-1, on_path) * power + 0.05 + 0.1
    received = mean.sqrt() * torch.randn(power.shape, generator=generator, dtype=torch.complex64)
    after = existence_after(before, on_path, power, reports_of(received, bits), LAW, NOISE)
    for low in torch.arange(0, 1, 0.1):
        chosen = (after >= low) & (after < low + 0.1)
        assert is_path[chosen].float().mean() == pytest.approx(float(after[chosen].mean()), abs=0.03)
    # It knows more than before, of the paths that ports are on, and the same of the other one.
    brier = [(each - is_path.float()).square().mean(dim=(0, 1)) for each in (before, after)]
    assert (brier[1][[0, 2]] < 0.6 * brier[0][[0, 2]]).all()
    torch.testing.assert_close(after[..., 1], before[..., 1].clamp(1e-4, 1 - 1e-4), rtol=0, atol=1e-5)


def test_without_amplitudes_nothing_changes(seeded):
    before = torch.rand((50, 2, 3), generator=seeded()).clamp(0.01, 0.99)
    on_path, power = torch.tensor([0, 1]).expand(50, 2, 2), torch.ones(50, 2, 2)
    after = existence_after(
        before, on_path, power, decode(torch.zeros(50, 2, 0), 2, phases_first=False), LAW, NOISE
    )
    torch.testing.assert_close(after, before)


@pytest.mark.parametrize("received", [0.0, 1e-6, 30.0, 1e4])
def test_extreme_amplitudes_are_finite_and_have_no_gradient(received):
    values = torch.full((1, 2, 2), received) + 0j
    before = torch.full((1, 2, 3), 0.5, requires_grad=True)
    after = existence_after(
        before,
        torch.tensor([[[0, 1], [2, 1]]]),
        torch.full((1, 2, 2), 5.0),
        reports_of(values, 60),
        LAW,
        NOISE,
    )
    assert after.isfinite().all()
    assert not after.requires_grad
    assert (after[0, 0, 0] > 0.9) == (received > 1)


@pytest.mark.parametrize("srs_snr_db", [-20.0, -10.0])
def test_the_probability_after_srs_is_the_share_of_peaks_that_are_paths(air, seeded, srs_snr_db):
    generator, snr = seeded(), torch.tensor(10 ** (srs_snr_db / 10))
    # As many cells of noise for each path as a search over a finer grid compares.
    cells = round(3 * air.sector.antennas * (air.sector.max_delay + 1) / air.sector.paths)
    is_path = torch.rand(2_000_000, generator=generator) * cells < 1
    ratio = snr * air.sector.antennas * air.sector.subcarriers / (air.comb * air.sector.paths)
    energy = -torch.rand(is_path.shape, generator=generator).log() * (1 + ratio * is_path)
    # Estimates are shrunk, as the gains have a mean power.
    after = air.probability(energy / (1 + 1 / ratio), torch.tensor(1.0), snr)
    for low in (0.003, 0.01, 0.05, 0.2, 0.5) if srs_snr_db > -15 else (0.003, 0.006, 0.012):
        chosen = (after >= low) & (after < 2 * low)
        assert chosen.sum() > 2000
        assert is_path[chosen].float().mean() == pytest.approx(float(after[chosen].mean()), rel=0.15)
