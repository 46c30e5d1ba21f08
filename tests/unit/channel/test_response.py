"""The path domain against eqs. (6) and (9) in float64 loops."""

import cmath
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cscsanet.channel.paths import PathDrops, draw_paths
from cscsanet.channel.response import (
    MANY_PATHS,
    downlink_csirs,
    effective_channel,
    materialise,
    path_response,
)
from cscsanet.channel.steering import steering
from cscsanet.config.system import ChannelParams

Channel = Callable[..., ChannelParams]
Complex = npt.NDArray[np.complex128]


def response_by_loops(drop: PathDrops, symbols: list[int], params: ChannelParams) -> Complex:
    """Return H (K, T, N_c, N_r, N_t) of a drop by eq. (6), times sqrt(N_t N_r)."""
    n_r, n_t, n_c = params.bs_antennas, params.ue_antennas, params.subcarriers
    paths = drop.gain.shape[-1]
    h = np.zeros((params.users, len(symbols), n_c, n_r, n_t), complex)
    for k in range(params.users):
        for path in range(paths):
            a_r = np.array([cmath.exp(1j * math.pi * m * math.sin(drop.aoa[k, path])) for m in range(n_r)])
            a_t = np.array([cmath.exp(1j * math.pi * m * math.sin(drop.aod[k, path])) for m in range(n_t)])
            outer = np.outer(a_r / math.sqrt(n_r), (a_t / math.sqrt(n_t)).conj())
            for t, q in enumerate(symbols):
                for n in range(n_c):
                    delay = cmath.exp(-2j * math.pi * n * drop.delay[k, path].item() / n_c)
                    shift = cmath.exp(
                        2j * math.pi * drop.doppler[k, path].item() * q * params.symbol_duration_us * 1e-6
                    )
                    h[k, t, n] += drop.gain[k, path].item() * outer * delay * shift
    return h * math.sqrt(n_t * n_r / paths)


def relative_error(ours: torch.Tensor, reference: torch.Tensor | Complex) -> float:
    wanted = torch.as_tensor(reference).to(torch.complex128)
    return float((ours.to(torch.complex128) - wanted).norm() / wanted.norm())


def random_beams(generator: torch.Generator, *shape: int) -> torch.Tensor:
    return torch.exp(2j * math.pi * torch.rand(shape, generator=generator))


def test_materialise_is_eq_6(channel: Channel, generator: torch.Generator) -> None:
    params = channel(bs_antennas=16, ue_antennas=4, paths=3)
    drops = draw_paths(2, params, generator)
    symbols = [0, 5, 11]
    ours = materialise(drops, torch.tensor(symbols), params)
    for index, drop in enumerate(drops):
        assert relative_error(ours[index], response_by_loops(drop, symbols, params)) < 1e-6


def test_phases_keep_their_precision_over_many_cycles(channel: Channel, generator: torch.Generator) -> None:
    params = channel(subcarriers=100, max_delay=100.0, bs_antennas=64, ue_antennas=2)
    drops = draw_paths(1, params, generator)
    ours = materialise(drops, torch.tensor([10_000]), params)
    assert relative_error(ours[0], response_by_loops(drops[0], [10_000], params)) < 1e-6


def test_one_path_has_the_full_beamforming_gain(channel: Channel) -> None:
    params = channel(paths=1)
    angle = torch.tensor([[[0.3], [-1.2]]])
    drop = PathDrops(torch.ones(1, 2, 1, dtype=torch.complex64), angle, -angle, angle * 0 + 3.3, angle * 0)
    precoder = steering(drop.aod, params.ue_antennas).mT
    for user in range(2):
        combiner = steering(drop.aoa[:, user], params.bs_antennas).conj()
        gain = effective_channel(drop, precoder, combiner, torch.tensor([0]), params)[:, user].abs()
        assert gain.flatten().tolist() == pytest.approx([64 * 8] * params.subcarriers, rel=1e-5)


def test_entries_have_unit_mean_power(channel: Channel, generator: torch.Generator) -> None:
    params = channel(bs_antennas=4, ue_antennas=2, subcarriers=2, paths=3)
    power = materialise(draw_paths(20_000, params, generator), torch.tensor([3]), params).abs().square()
    assert power.mean().item() == pytest.approx(1.0, abs=0.02)
    assert power.mean(dim=(0, 2, 3)).flatten().tolist() == pytest.approx([1.0] * 16, abs=0.05)


@settings(max_examples=30, deadline=None)
@given(
    batch=st.sampled_from([(3,), (2, 2), ()]),
    chains=st.integers(1, 3),
    streams=st.integers(1, 3),
    paths=st.integers(1, 4),
    subcarriers=st.integers(1, 7),
    symbols=st.lists(st.integers(0, 40), min_size=1, max_size=4),
    seed=st.integers(0, 1000),
)
def test_effective_channel_is_w_h_f(
    channel: Channel,
    batch: tuple[int, ...],
    chains: int,
    streams: int,
    paths: int,
    subcarriers: int,
    symbols: list[int],
    seed: int,
) -> None:
    params = channel(bs_antennas=12, ue_antennas=5, paths=paths, subcarriers=subcarriers)
    generator = torch.Generator().manual_seed(seed)
    drops = draw_paths(math.prod(batch), params, generator)
    drops = PathDrops(*(field.reshape(*batch, *field.shape[1:]) for field in vars(drops).values()))
    precoder = random_beams(generator, *batch, 2, 5, streams)
    combiner = random_beams(generator, *batch, chains, 12)
    ours = effective_channel(drops, precoder, combiner, torch.tensor(symbols), params)
    h = materialise(drops, torch.tensor(symbols), params)
    reference = combiner[..., None, None, None, :, :] @ h @ precoder[..., None, None, :, :]
    assert ours.shape == (*batch, 2, len(symbols), subcarriers, chains, streams)
    # Relative to what the antennas receive: random beams may all but cancel a path.
    assert float((ours - reference).norm()) <= 1e-5 * float(reference.norm()) + 1e-6 * float(h.norm())


def test_effective_channel_passes_gradients(channel: Channel, generator: torch.Generator) -> None:
    params = channel(bs_antennas=6, ue_antennas=3, subcarriers=3)
    drops = draw_paths(2, params, generator)
    phases = [
        torch.rand(2, 2, 3, 2, generator=generator, requires_grad=True),
        torch.rand(2, 2, 6, generator=generator, requires_grad=True),
    ]
    symbols = torch.tensor([1, 4])
    precoder, combiner = (torch.exp(1j * phase) for phase in phases)
    small = effective_channel(drops, precoder, combiner, symbols, params)
    h = materialise(drops, symbols, params)
    large = combiner[:, None, None, None] @ h @ precoder[:, :, None, None]
    weights = torch.randn(small.shape, generator=generator)
    ours = torch.autograd.grad((small.abs() * weights).sum(), phases, retain_graph=True)
    wanted = torch.autograd.grad((large.abs() * weights).sum(), phases)
    for got, reference in zip(ours, wanted, strict=True):
        torch.testing.assert_close(got, reference, rtol=1e-4, atol=1e-4)


def test_doppler_advances_the_phase_by_two_pi_f_t_per_symbol(channel: Channel) -> None:
    params = channel(paths=1)
    zero = torch.zeros(1, 2, 1)
    shift = torch.tensor([[[1500.0], [-700.0]]])
    drop = PathDrops(torch.ones(1, 2, 1, dtype=torch.complex64), zero, zero, zero, shift)
    g = path_response(drop, torch.arange(9), params)
    step = (g[:, :, 1:] / g[:, :, :-1]).angle()
    for user, hertz in enumerate((1500.0, -700.0)):
        advance = 2 * math.pi * hertz * params.symbol_duration_us * 1e-6
        assert step[0, user].flatten().tolist() == pytest.approx([advance] * (8 * 16), abs=1e-5)


def test_a_delay_keeps_its_phase_range_with_fewer_subcarriers(channel: Channel) -> None:
    zero = torch.zeros(1, 2, 1)
    drop = PathDrops(torch.ones(1, 2, 1, dtype=torch.complex64), zero, zero, zero + 2.0, zero)
    fine, coarse = (path_response(drop, torch.tensor([0]), channel(subcarriers=n)) for n in (100, 25))
    torch.testing.assert_close(fine[..., ::4, :], coarse)
    assert coarse[0, 0, 0, 1, 0].angle().item() == pytest.approx(-2 * math.pi * 2 / 25, abs=1e-6)


@pytest.mark.parametrize("paths", [3, MANY_PATHS + 4])
def test_csirs_are_eq_9_with_the_transposed_channel(
    channel: Channel, generator: torch.Generator, paths: int
) -> None:
    params = channel(bs_antennas=8, ue_antennas=4, subcarriers=5, paths=paths)
    drops = draw_paths(2, params, generator)
    analog = random_beams(generator, 3, 8, 2)
    digital = torch.randn(3, 5, 2, generator=generator, dtype=torch.complex64)
    combiner = random_beams(generator, 3, 2, 4)
    ours = downlink_csirs(drops, analog, digital, combiner, params)
    assert ours.shape == (2, 2, 5, 2, 3)
    x_rf, x_bb, v_rf = (signal.numpy().astype(complex) for signal in (analog, digital, combiner))
    for index, drop in enumerate(drops):
        h = response_by_loops(drop, [0, 1, 2], params)
        wanted = np.zeros((2, 5, 2, 3), complex)
        for k in range(2):
            for n in range(5):
                for symbol in range(3):
                    sent = x_rf[symbol] @ x_bb[symbol, n]
                    wanted[k, n, :, symbol] = v_rf[symbol] @ h[k, symbol, n].T @ sent
        assert relative_error(ours[index], wanted) < 1e-6


def test_downlink_and_uplink_are_reciprocal(channel: Channel, generator: torch.Generator) -> None:
    # One chain at each end, used in both directions at symbol 0: w^T H f = f^T H^T w.
    params = channel()
    drops = draw_paths(4, params, generator)
    ue, bs = random_beams(generator, 8), random_beams(generator, 64)
    up = effective_channel(
        drops, ue.expand(4, 2, 8)[..., None], bs.expand(4, 1, 64), torch.tensor([0]), params
    )
    sent = torch.ones(1, params.subcarriers, 1, dtype=torch.complex64)
    down = downlink_csirs(drops, bs[None, :, None], sent, ue[None, None], params)
    torch.testing.assert_close(up[:, :, 0, :, 0, 0], down[..., 0, 0], rtol=1e-4, atol=1e-3)
