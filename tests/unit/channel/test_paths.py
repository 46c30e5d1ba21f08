import math
from collections.abc import Callable

import pytest
import torch

from cscsanet.channel.paths import PathDrops, draw_paths, joined, trimmed
from cscsanet.channel.response import materialise
from cscsanet.config.system import ChannelParams

Channel = Callable[..., ChannelParams]


def test_draws_follow_their_distributions(channel: Channel, generator: torch.Generator) -> None:
    params = channel(paths=3, max_delay=7.0)
    drops = draw_paths(20_000, params, generator)
    assert len(drops) == 20_000
    assert drops.gain.shape == (20_000, 2, 3)
    assert drops.gain.dtype == torch.complex64
    assert drops.gain.abs().square().mean().item() == pytest.approx(1.0, abs=0.02)
    assert drops.gain.real.square().mean().item() == pytest.approx(0.5, abs=0.02)
    for angle in (drops.aod, drops.aoa):
        assert angle.abs().max().item() <= math.pi
        assert angle.mean().item() == pytest.approx(0.0, abs=0.03)
        assert angle.var().item() == pytest.approx(math.pi**2 / 3, rel=0.02)
    assert 0 <= drops.delay.min().item() < 0.01
    assert 6.99 < drops.delay.max().item() <= 7
    assert drops.delay.mean().item() == pytest.approx(3.5, abs=0.03)


def test_doppler_is_bounded_by_the_speed_and_has_its_variance(
    channel: Channel, generator: torch.Generator
) -> None:
    drops = draw_paths(20_000, channel(), generator, speed_kmh=120.0)
    largest = 120 / 3.6 * 28e9 / 299_792_458
    assert largest == pytest.approx(3113.3, abs=0.1)
    assert largest * 0.9999 < drops.doppler.abs().max().item() <= largest * 1.000001
    # A cosine of a uniform angle has variance 1/2.
    assert drops.doppler.var().item() == pytest.approx(largest**2 / 2, rel=0.02)


def test_paths_of_a_user_share_one_heading_and_speed(channel: Channel, generator: torch.Generator) -> None:
    # v cos(aod - heading) = v cos(heading) cos(aod) + v sin(heading) sin(aod): three paths lie on
    # one plane.
    drops = draw_paths(50, channel(paths=3), generator)
    rows = torch.stack([drops.doppler, drops.aod.cos(), drops.aod.sin()], dim=-1).double()
    rows = rows / rows.norm(dim=(-3, -2), keepdim=True)
    assert torch.linalg.det(rows).abs().max().item() < 1e-6


def test_doppler_may_be_uniform_and_unrelated_to_the_angle(channel: Channel) -> None:
    params = channel(doppler="uniform")
    drops = draw_paths(20_000, params, torch.Generator().manual_seed(1))
    largest = params.max_speed_kmh / 3.6 * 28e9 / 299_792_458
    assert drops.doppler.min() >= 0
    assert largest * 0.999 < drops.doppler.max().item() <= largest
    assert drops.doppler.mean().item() == pytest.approx(largest / 2, rel=0.02)
    assert drops.doppler.var().item() == pytest.approx(largest**2 / 12, rel=0.02)
    rows = torch.stack([drops.doppler, drops.aod.cos(), drops.aod.sin()], dim=-1).double()
    first, second = rows[:, :, 0], rows[:, :, 1]
    # Neither the angle of a path says anything about its shift, nor the shift of another.
    assert torch.corrcoef(torch.stack([first[..., 0], second[..., 0]]).flatten(1))[0, 1].abs() < 0.02
    assert torch.corrcoef(rows.flatten(0, 2).T)[0, 1:].abs().max() < 0.02
    # All else is drawn as before.
    before = draw_paths(20_000, channel(), torch.Generator().manual_seed(1))
    assert all(
        torch.equal(getattr(drops, name), getattr(before, name)) for name in ("gain", "aod", "aoa", "delay")
    )


def test_fixing_the_speed_changes_the_doppler_only(channel: Channel) -> None:
    random_speed, standing = (
        draw_paths(10, channel(), torch.Generator().manual_seed(4), speed_kmh=speed) for speed in (None, 0.0)
    )
    assert torch.equal(random_speed.gain, standing.gain)
    assert torch.equal(random_speed.aod, standing.aod)
    assert torch.equal(random_speed.delay, standing.delay)
    assert standing.doppler.abs().max().item() == 0
    assert random_speed.doppler.abs().min().item() > 0


@pytest.mark.parametrize("index", [slice(2, 5), [2, 3, 4], torch.tensor([2, 3, 4])])
def test_drops_are_selected_along_the_first_axis(
    channel: Channel, generator: torch.Generator, index: slice | list[int] | torch.Tensor
) -> None:
    drops = draw_paths(8, channel(), generator)
    selected = drops[index]
    assert len(selected) == 3
    for name in ("gain", "aod", "aoa", "delay", "doppler"):
        assert torch.equal(getattr(selected, name), getattr(drops, name)[2:5])


def test_paths_without_power_are_trimmed_and_the_response_stays(
    channel: Channel, generator: torch.Generator
) -> None:
    params, wide = channel(), channel(paths=3, spread_deg=5.0)
    drops, spread = draw_paths(4, params, generator), draw_paths(4, wide, generator)
    both = joined([drops, spread])
    back = trimmed(both[:4], params)
    assert back.gain.shape == drops.gain.shape
    symbols = torch.tensor([0, 5])
    torch.testing.assert_close(materialise(back, symbols, params), materialise(drops, symbols, params))
    # Those with the most paths have none to lose, and drops of other sources are left as they are.
    assert trimmed(both[4:], wide).gain.shape == spread.gain.shape
    assert trimmed(both, channel(source="tr38901")) is both
    with pytest.raises(AssertionError, match="paths with power"):
        trimmed(both, params)


def test_fields_of_different_shape_are_refused() -> None:
    with pytest.raises(AssertionError):
        PathDrops(torch.zeros(2, 1, dtype=torch.complex64), *[torch.zeros(2, 2)] * 4)
