"""Rays of TR 38.901 as paths: equal to Sionna's own response, and what must hold of them."""

import math
import sys

import pytest
import torch

from cscsanet.channel import tr38901
from cscsanet.channel.paths import PathDrops, draw_motion
from cscsanet.channel.response import materialise
from cscsanet.channel.sources import open_source
from cscsanet.channel.tr38901 import as_paths, link_model, tr38901_drops
from cscsanet.config.channel_notes import SPEED_OF_LIGHT, sample_duration_ns
from cscsanet.errors import CscsanetError

DROPS, SYMBOLS = 2, 5
# 23 x 20, 24 x 20 and 13 x 20 rays by Tables 7.7.1-1, -3 and -4, the last with a line of sight.
PATHS = {"CDL-A": 460, "CDL-C": 480, "CDL-D": 261, "CDL-E": 281, "UMi": 381, "UMa": 401}


@pytest.fixture
def sionna():
    return pytest.importorskip("sionna.phy.channel", reason="the extra tr38901 is not installed")


def single(paths):
    """Return paths as they are stored."""
    others = (paths.aod, paths.aoa, paths.delay, paths.doppler)
    return PathDrops(paths.gain.to(torch.complex64), *(values.float() for values in others))


@pytest.mark.parametrize("model", PATHS)
def test_the_paths_have_sionna_s_response_over_antennas_subcarriers_and_symbols(sionna, smoke, model):
    params = smoke.channel.model_copy(update={"source": "tr38901", "tr38901_model": model})
    generator = torch.Generator().manual_seed(1)
    velocity = draw_motion(DROPS, params, generator).double()
    bearings = [4 * torch.rand(DROPS, 2, generator=generator) - 2 for _ in range(2)]
    run, tap = link_model(params, velocity, *bearings, symbols=SYMBOLS)
    coefficients, delays = run()
    paths = single(as_paths(tap, params))
    assert paths.gain.shape == (DROPS, 2, PATHS[model])

    spacing = 1e9 / (params.subcarriers * sample_duration_ns(params))
    frequencies = torch.arange(params.subcarriers) * spacing
    delays = delays - delays.amin(dim=-1, keepdim=True)
    theirs = sionna.cir_to_ofdm_channel(frequencies, coefficients, delays)[:, 0]
    theirs = theirs.permute(0, 2, 4, 5, 1, 3)
    # Eq. (6) divides by the root of the number of paths.
    ours = materialise(paths, torch.arange(SYMBOLS), params) * math.sqrt(PATHS[model])
    difference = (ours - theirs.reshape(ours.shape)).abs()
    assert float(difference.square().sum().sqrt() / theirs.abs().square().sum().sqrt()) < 1e-5
    assert float(difference.max() / theirs.abs().square().mean().sqrt()) < 3e-5


def test_entries_have_unit_mean_power_whatever_the_model(sionna, smoke):
    for model in ("CDL-B", "CDL-D", "UMi"):
        params = smoke.channel.model_copy(update={"source": "tr38901", "tr38901_model": model})
        drops = open_source(params).draw(200, torch.Generator().manual_seed(2))
        power = materialise(drops, torch.tensor([0]), params).abs().square().mean(dim=(1, 2, 3, 4, 5))
        assert float(power.mean()) == pytest.approx(1.0, abs=0.05)
        assert drops.gain.dtype == torch.complex64
        paths = drops.gain.shape[-1]
        torch.testing.assert_close(drops.gain.abs().square().sum(dim=-1), torch.full((200, 2), float(paths)))


def test_the_delay_spread_of_a_cdl_is_what_it_is_asked_to_be(sionna, smoke):
    params = smoke.channel.model_copy(
        update={"source": "tr38901", "tr38901_model": "CDL-A", "delay_spread_ns": 200.0}
    )
    drops = open_source(params).draw(2, torch.Generator().manual_seed(2))
    weight = drops.gain.abs().square() / drops.gain.shape[-1]
    delay = drops.delay * sample_duration_ns(params)
    mean = (weight * delay).sum(dim=-1, keepdim=True)
    spread = (weight * (delay - mean).square()).sum(dim=-1).sqrt()
    torch.testing.assert_close(spread, torch.full((2, 2), 200.0), rtol=0.01, atol=0)
    assert float(drops.delay.min()) == 0


def test_doppler_shifts_keep_to_the_speed_and_stand_still_without_it(sionna, smoke):
    params = smoke.channel.model_copy(update={"source": "tr38901", "tr38901_model": "UMi"})
    source = open_source(params)
    still, fast = (source.draw(3, torch.Generator().manual_seed(4), speed_kmh=speed) for speed in (0.0, 90.0))
    assert float(still.doppler.abs().max()) == 0
    largest = 90 / 3.6 * params.carrier_ghz * 1e9 / SPEED_OF_LIGHT
    assert 0.8 * largest < float(fast.doppler.abs().max()) <= largest * (1 + 1e-6)
    # Drops of two speeds differ in Doppler alone.
    assert torch.equal(still.gain, fast.gain)
    assert torch.equal(still.aod, fast.aod)


def test_drops_depend_on_the_generator_alone_and_leave_other_generators_alone(sionna, smoke):
    params = smoke.channel.model_copy(update={"source": "tr38901", "tr38901_model": "UMa"})
    torch.manual_seed(7)
    wanted = torch.rand(3)
    torch.manual_seed(7)
    first = tr38901_drops(2, params, torch.Generator().manual_seed(5))
    assert torch.equal(torch.rand(3), wanted)
    torch.rand(100)
    again, other = (tr38901_drops(2, params, torch.Generator().manual_seed(seed)) for seed in (5, 6))
    for name in ("gain", "aod", "aoa", "delay", "doppler"):
        assert torch.equal(getattr(first, name), getattr(again, name))
    assert not torch.equal(first.aoa, other.aoa)
    # The users of a drop have channels of their own.
    assert not torch.equal(first.aoa[:, 0], first.aoa[:, 1])


def test_a_missing_package_is_one_line_that_names_the_extra(smoke, monkeypatch):
    for name in ("sionna", "sionna.phy", "sionna.phy.channel", "sionna.phy.channel.tr38901"):
        monkeypatch.setitem(sys.modules, name, None)
    params = smoke.channel.model_copy(update={"source": "tr38901"})
    with pytest.raises(
        CscsanetError, match=r"needs the package sionna-no-rt; run .*cscsanet\[tr38901\]"
    ) as caught:
        open_source(params)
    assert "\n" not in str(caught.value)
    with pytest.raises(CscsanetError, match="sionna-no-rt"):
        tr38901_drops(1, params, torch.Generator())


def test_the_table_of_subclusters_is_the_standard_s():
    """Table 7.5-5: rays 1-8, 19, 20; 9-12, 17, 18; 13-16."""
    members = [[ray + 1 for ray, at in enumerate(tr38901._SUBCLUSTER) if at == index] for index in range(3)]
    assert members == [[*range(1, 9), 19, 20], [9, 10, 11, 12, 17, 18], [13, 14, 15, 16]]
