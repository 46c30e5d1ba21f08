import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cscsanet.channel.paths import draw_paths
from cscsanet.channel.response import materialise
from cscsanet.channel.transmission import normalise_block, superpose, uplink
from cscsanet.params import ChannelParams

Channel = Callable[..., ChannelParams]


def beams(generator: torch.Generator, *shape: int) -> torch.Tensor:
    return torch.exp(2j * math.pi * torch.rand(shape, generator=generator))


def streams(generator: torch.Generator, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.complex64)


@settings(max_examples=30, deadline=None)
@given(
    symbols=st.integers(1, 5),
    subcarriers=st.integers(1, 9),
    chains=st.integers(1, 3),
    scale=st.sampled_from([1e-6, 1.0, 1e6]),
    seed=st.integers(0, 999),
)
def test_a_block_radiates_one_unit_for_each_resource_element(
    symbols: int, subcarriers: int, chains: int, scale: float, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    precoder = beams(generator, 3, 2, 8, chains)
    block = normalise_block(scale * streams(generator, 3, 2, symbols, subcarriers, chains), precoder)
    radiated = torch.einsum("bkas,bktns->bktna", precoder, block).abs().square().sum(dim=(2, 3, 4))
    assert radiated.flatten().tolist() == pytest.approx([subcarriers * symbols] * 6, rel=1e-4)


def test_unused_resource_elements_carry_nothing(generator: torch.Generator) -> None:
    precoder = beams(generator, 4, 2, 8, 2)
    used = torch.stack([torch.arange(6) % 2 == user for user in range(2)])[:, None]
    block = normalise_block(streams(generator, 4, 2, 3, 6, 2), precoder, used)
    power = torch.einsum("bkas,bktns->bktna", precoder, block).abs().square().sum(dim=-1)
    assert float(power[:, 0, :, 1::2].max()) == 0
    assert float(power[:, 1, :, ::2].max()) == 0
    assert power.sum(dim=(2, 3)).flatten().tolist() == pytest.approx([9.0] * 8, rel=1e-5)


def test_a_silent_block_stays_silent(generator: torch.Generator) -> None:
    silent = torch.zeros(1, 2, 3, 2, dtype=torch.complex64, requires_grad=True)
    block = normalise_block(silent, beams(generator, 1, 8, 2))
    assert float(block.detach().abs().max()) == 0
    (gradient,) = torch.autograd.grad(block.abs().sum(), silent)
    assert bool(gradient.isfinite().all())


def test_superposition_sums_users_and_streams(generator: torch.Generator) -> None:
    effective, sent = streams(generator, 3, 2, 4, 5, 3, 2), streams(generator, 3, 2, 4, 5, 2)
    wanted = torch.einsum("bktnrs,bktns->btnr", effective, sent)
    torch.testing.assert_close(superpose(effective, sent), wanted)


def test_uplink_is_eqs_3_and_4(channel: Channel, generator: torch.Generator) -> None:
    params = channel(bs_antennas=12, ue_antennas=4, subcarriers=6)
    drops = draw_paths(3, params, generator)
    precoder, combiner = beams(generator, 3, 2, 4, 2), beams(generator, 3, 2, 12)
    sent = normalise_block(streams(generator, 3, 2, 5, 6, 2), precoder)
    symbols = torch.arange(8, 13)
    received = uplink(drops, precoder, combiner, sent, symbols, 0.0, params, generator)
    at_the_antennas = torch.einsum(
        "bktnma,bkas,bktns->btnm", materialise(drops, symbols, params), precoder, sent
    )
    wanted = torch.einsum("brm,btnm->btnr", combiner, at_the_antennas)
    torch.testing.assert_close(received, wanted, rtol=1e-4, atol=1e-3)


def test_uplink_noise_is_the_antennas_own(channel: Channel, generator: torch.Generator) -> None:
    params = channel(subcarriers=50)
    drops = draw_paths(1, params, generator)
    precoder, combiner = beams(generator, 1, 2, 8, 2), beams(generator, 1, 2, 64)
    silent = torch.zeros(1, 2, 2000, 50, 2, dtype=torch.complex64)
    noise = uplink(drops, precoder, combiner, silent, torch.arange(2000), 3.0, params, generator).flatten(
        0, 2
    )
    covariance = noise.mT @ noise.conj() / len(noise)
    assert float((covariance - 3.0 * combiner[0] @ combiner[0].mH).abs().max()) < 0.02 * 3 * 64


def test_oscillators_that_slip_turn_a_ue_s_whole_block_and_nothing_else(
    channel: Channel, generator: torch.Generator
) -> None:
    params = channel()
    still, slipping = (params.model_copy(update={"oscillator_rad": rad}) for rad in (0.0, 1.0))
    paths = draw_paths(4, params, generator)
    precoder = beams(generator, 4, params.users, params.ue_antennas, 2)
    combiner = beams(generator, 4, 2, params.bs_antennas)
    block = streams(generator, 4, params.users, 3, params.subcarriers, 2)
    block[:, 1] = 0

    def received(air: ChannelParams) -> torch.Tensor:
        source = torch.Generator().manual_seed(1)
        return uplink(paths, precoder, combiner, block, torch.arange(3), 0.0, air, source)

    turned = received(slipping) / received(still)
    torch.testing.assert_close(turned.abs(), torch.ones_like(turned.abs()), rtol=1e-3, atol=1e-3)
    first = turned[:, :1, :1, :1].expand_as(turned)
    torch.testing.assert_close(turned, first, rtol=1e-3, atol=1e-3)
    assert len({round(float(phase), 3) for phase in first[:, 0, 0, 0].angle()}) == 4
