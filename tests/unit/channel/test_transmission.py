import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cscsanet.channel.paths import draw_paths
from cscsanet.channel.power import normalise_block
from cscsanet.channel.response import downlink_csirs, materialise
from cscsanet.channel.transmission import (
    propagate_downlink,
    propagate_uplink,
    superpose,
    uplink,
)
from cscsanet.config.system import ChannelParams

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


def test_a_block_of_zeros_stays_zero(generator: torch.Generator) -> None:
    zeros = torch.zeros(1, 2, 3, 2, dtype=torch.complex64, requires_grad=True)
    block = normalise_block(zeros, beams(generator, 1, 8, 2))
    assert float(block.detach().abs().max()) == 0
    (gradient,) = torch.autograd.grad(block.abs().sum(), zeros)
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


def test_uplink_noise_is_that_of_the_antennas_after_the_combiner(
    channel: Channel, generator: torch.Generator
) -> None:
    params = channel(subcarriers=50)
    drops = draw_paths(1, params, generator)
    precoder, combiner = beams(generator, 1, 2, 8, 2), beams(generator, 1, 2, 64)
    zeros = torch.zeros(1, 2, 2000, 50, 2, dtype=torch.complex64)
    noise = uplink(drops, precoder, combiner, zeros, torch.arange(2000), 3.0, params, generator).flatten(0, 2)
    covariance = noise.mT @ noise.conj() / len(noise)
    assert float((covariance - 3.0 * combiner[0] @ combiner[0].mH).abs().max()) < 0.02 * 3 * 64


def test_a_phase_offset_rotates_the_whole_block_of_a_ue_and_nothing_else(
    channel: Channel, generator: torch.Generator
) -> None:
    params = channel()
    without_offset, with_offset = (params.model_copy(update={"oscillator_rad": rad}) for rad in (0.0, 1.0))
    paths = draw_paths(4, params, generator)
    precoder = beams(generator, 4, params.users, params.ue_antennas, 2)
    combiner = beams(generator, 4, 2, params.bs_antennas)
    block = streams(generator, 4, params.users, 3, params.subcarriers, 2)
    block[:, 1] = 0

    def received(params: ChannelParams) -> torch.Tensor:
        noise = torch.Generator().manual_seed(1)
        return uplink(paths, precoder, combiner, block, torch.arange(3), 0.0, params, noise)

    rotation = received(with_offset) / received(without_offset)
    torch.testing.assert_close(rotation.abs(), torch.ones_like(rotation.abs()), rtol=1e-3, atol=1e-3)
    first = rotation[:, :1, :1, :1].expand_as(rotation)
    torch.testing.assert_close(rotation, first, rtol=1e-3, atol=1e-3)
    assert len({round(float(phase), 3) for phase in first[:, 0, 0, 0].angle()}) == 4


def test_samples_propagate_through_the_channel_matrix(channel: Channel, generator: torch.Generator) -> None:
    params = channel(subcarriers=5)
    paths, symbols = draw_paths(3, params, generator), torch.tensor([3, 4])
    radiated = streams(generator, 3, 2, 2, 5, params.ue_antennas)
    expected = torch.einsum("bktnra,bktna->btnr", materialise(paths, symbols, params), radiated)
    torch.testing.assert_close(
        propagate_uplink(paths, radiated, symbols, params), expected, rtol=1e-3, atol=1e-3
    )
    csirs = streams(generator, 4, 5, params.bs_antennas)
    response = materialise(paths, torch.arange(4), params)
    expected = torch.einsum("bktnra,tnr->bknta", response, csirs)
    torch.testing.assert_close(propagate_downlink(paths, csirs, params), expected, rtol=1e-3, atol=1e-3)


def test_propagated_samples_behind_beams_are_those_of_the_link(
    channel: Channel, generator: torch.Generator
) -> None:
    params = channel(subcarriers=5)
    paths, symbols = draw_paths(3, params, generator), torch.tensor([3, 4])
    precoder = beams(generator, 3, 2, params.ue_antennas, 2)
    combiner = beams(generator, 3, 2, params.bs_antennas)
    signal = streams(generator, 3, 2, 2, 5, 2)
    expected = uplink(paths, precoder, combiner, signal, symbols, 0.0, params, generator)
    radiated = torch.einsum("bkas,bktns->bktna", precoder, signal)
    antennas = propagate_uplink(paths, radiated, symbols, params)
    received = torch.einsum("brm,btnm->btnr", combiner, antennas)
    torch.testing.assert_close(received, expected, rtol=1e-3, atol=1e-2)

    analog, digital = beams(generator, 4, params.bs_antennas, 2), streams(generator, 4, 5, 2)
    ue_combiner = beams(generator, 4, 2, params.ue_antennas)
    expected = downlink_csirs(paths, analog, digital, ue_combiner, params)
    antennas = propagate_downlink(paths, torch.einsum("lmr,lnr->lnm", analog, digital), params)
    received = torch.einsum("lrt,bknlt->bknrl", ue_combiner, antennas)
    torch.testing.assert_close(received, expected, rtol=1e-3, atol=1e-2)
