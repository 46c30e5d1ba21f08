"""Impairments: none at zero, each as it is defined, and the same noise with and without them."""

import math
from dataclasses import replace

import pytest
import torch

from cscsanet.channel.impairments import forked, interference, paths_of_links, phase_noise, receive_array
from cscsanet.channel.noise import combined_noise
from cscsanet.channel.paths import PathDrops, draw_paths
from cscsanet.channel.response import effective_channel
from cscsanet.channel.transmission import superpose, uplink

IMPAIRED = {
    "phase_noise_rad": 0.1,
    "carrier_offset_hz": 500.0,
    "bs_phase_error_rad": 0.5,
    "near_far_db": 10.0,
    "interferer_db": 0.0,
}


@pytest.fixture
def block(channel, generator):
    params = channel()
    paths = draw_paths(4, params, generator)
    phases = 6.3 * torch.rand(4, 2, 8, 2, generator=generator)
    precoder = torch.polar(torch.ones_like(phases), phases)
    phases = 6.3 * torch.rand(4, 2, 64, generator=generator)
    combiner = torch.polar(torch.ones_like(phases), phases)
    streams = torch.randn(4, 2, 3, 16, 2, generator=generator, dtype=torch.complex64)
    return params, paths, precoder, combiner, streams


def received(block, seed=1, **changes):
    params, paths, precoder, combiner, streams = block
    params = params.model_copy(update=changes)
    source = torch.Generator().manual_seed(seed)
    _, up = paths_of_links(paths, params, source)
    return uplink(up, precoder, combiner, streams, torch.arange(22, 25), 0.1, params, source)


def test_without_impairments_every_byte_is_that_of_eqs_3_and_4(block):
    params, paths, precoder, combiner, streams = block
    source = torch.Generator().manual_seed(1)
    effective = effective_channel(paths, precoder, combiner, torch.arange(22, 25), params)
    wanted = superpose(effective, streams) + combined_noise(combiner, (3, 16), 0.1, source)
    assert torch.equal(received(block), wanted)
    down, up = paths_of_links(paths, params, source)
    assert down is paths
    assert up is paths


@pytest.mark.parametrize("name", IMPAIRED)
def test_each_impairment_changes_the_signal_and_comes_from_the_seed(block, name):
    impaired = received(block, **{name: IMPAIRED[name]})
    assert not torch.allclose(impaired, received(block))
    assert torch.equal(impaired, received(block, **{name: IMPAIRED[name]}))
    assert not torch.allclose(impaired, received(block, seed=2, **{name: IMPAIRED[name]}))


@pytest.mark.parametrize("name", IMPAIRED)
def test_impairments_leave_the_noise_as_it_is(block, name):
    """Without signals, only an interferer adds anything."""
    silent = (*block[:4], torch.zeros_like(block[4]))
    same = torch.equal(received(silent, **{name: IMPAIRED[name]}), received(silent))
    assert same == (name != "interferer_db")


def test_a_fork_leaves_its_generator_and_differs_by_purpose_and_state(generator):
    state = generator.get_state().clone()
    first = torch.rand(3, generator=forked(generator, "a"))
    assert torch.equal(generator.get_state(), state)
    assert torch.equal(first, torch.rand(3, generator=forked(generator, "a")))
    assert not torch.equal(first, torch.rand(3, generator=forked(generator, "b")))
    torch.rand(1, generator=generator)
    assert not torch.equal(first, torch.rand(3, generator=forked(generator, "a")))


def test_phase_noise_is_a_wiener_process_from_symbol_0_on(channel, generator):
    params = channel(phase_noise_rad=0.2)
    symbols = torch.tensor([25, 26, 35])
    phases = phase_noise((20000, 2), symbols, params, generator)
    assert phases.shape == (20000, 2, 3)
    flat = phases.flatten(0, 1)
    assert flat.var(dim=0).tolist() == pytest.approx([0.04 * 25, 0.04 * 26, 0.04 * 35], rel=0.03)
    assert float((flat[:, 1] - flat[:, 0]).var()) == pytest.approx(0.04, rel=0.03)
    assert float((flat[:, 2] - flat[:, 1]).var()) == pytest.approx(0.04 * 9, rel=0.03)
    # Steps are independent of where the process is.
    steps = flat[:, 1] - flat[:, 0]
    assert abs(float(torch.corrcoef(torch.stack((steps, flat[:, 0])))[0, 1])) < 0.02


def test_a_carrier_offset_shifts_downlink_and_uplink_to_opposite_sides(channel, generator):
    params = channel(carrier_offset_hz=100.0)
    paths = draw_paths(5000, params, generator)
    down, up = paths_of_links(paths, params, generator)
    torch.testing.assert_close((down.doppler + up.doppler) / 2, paths.doppler, rtol=1e-4, atol=1e-2)
    offset = (up.doppler - paths.doppler).double()
    assert float(offset.std()) == pytest.approx(100, rel=0.03)
    # One offset for all paths of a UE.
    assert float((offset[..., 0] - offset[..., 1]).abs().max()) < 0.01
    assert torch.equal(down.gain, paths.gain)


def test_one_ue_of_each_drop_is_weaker(channel, generator):
    params = channel(near_far_db=10.0)
    paths = draw_paths(2000, params, generator)
    down, up = paths_of_links(paths, params, generator)
    assert torch.equal(down.gain, up.gain)
    ratio = (up.gain.abs() / paths.gain.abs())[..., 0]
    weak = ratio < 0.9
    assert bool((weak.sum(dim=1) == 1).all())
    assert ratio[weak].tolist() == pytest.approx([10**-0.5] * int(weak.sum()), rel=1e-4)
    assert float(weak[:, 0].float().mean()) == pytest.approx(0.5, abs=0.05)


def test_phase_errors_of_the_array_keep_the_modulus_and_are_one_for_all_chains(channel, generator):
    combiner = torch.ones(3000, 2, 16) + 0j
    array = receive_array(combiner, channel(bs_phase_error_rad=0.5), generator)
    torch.testing.assert_close(array.abs(), torch.ones_like(array.real))
    assert torch.equal(array[:, 0], array[:, 1])
    assert float(array.angle().std()) == pytest.approx(0.5, rel=0.02)


def test_an_interferer_has_its_power_over_the_noise_at_each_antenna(channel, generator):
    combiner = torch.eye(2, 64) + 0j  # each chain is one antenna
    params = channel(interferer_db=10.0)
    signal = interference(combiner.expand(500, 2, 64), (4, 16), 0.3, params, generator)
    assert signal.shape == (500, 4, 16, 2)
    assert float(signal.abs().square().mean()) == pytest.approx(3.0, rel=0.03)
    # One direction: the two antennas differ by one phase, below half a turn.
    turns = (signal[..., 1] / signal[..., 0]).flatten(1)
    torch.testing.assert_close(turns, turns[:, :1].expand_as(turns), rtol=1e-3, atol=1e-3)


def test_a_spread_keeps_power_delay_and_mean_direction_of_a_path(channel, generator):
    still = {"max_speed_kmh": 0.0}
    plain = draw_paths(3000, channel(**still), torch.Generator().manual_seed(3))
    wide = draw_paths(3000, channel(spread_deg=5.0, **still), torch.Generator().manual_seed(3))
    assert wide.gain.shape == (3000, 2, 40)

    def of_paths(values):
        return values.unflatten(-1, (2, 20))

    # Eq. (6) divides by the root of the number of paths.
    power = of_paths(wide.gain).abs().square().sum(-1) / 40
    torch.testing.assert_close(power, plain.gain.abs().square() / 2, rtol=1e-4, atol=1e-5)
    assert torch.equal(of_paths(wide.delay)[..., 0], plain.delay)
    for angle in ("aoa", "aod"):
        offsets = of_paths(getattr(wide, angle)) - getattr(plain, angle).unsqueeze(-1)
        assert math.degrees(float(offsets.std())) == pytest.approx(5.0, rel=0.02)
        assert math.degrees(float(offsets.mean())) == pytest.approx(0.0, abs=0.05)


def test_more_paths_of_gain_zero_change_nothing(channel, generator):
    from cscsanet.channel.paths import with_paths
    from cscsanet.channel.response import materialise

    params = channel(bs_antennas=4, ue_antennas=2, subcarriers=3)
    paths = draw_paths(3, params, generator)
    symbols = torch.arange(2)
    longer = with_paths(paths, 5)
    assert longer.gain.shape[-1] == 5
    torch.testing.assert_close(materialise(longer, symbols, params), materialise(paths, symbols, params))
    assert isinstance(replace(longer, gain=longer.gain), PathDrops)
