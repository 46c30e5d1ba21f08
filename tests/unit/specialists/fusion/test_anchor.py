"""The published point: its cell, pilots, what a user knows, the codes, and that bits alone reach the BS."""

import inspect
import math

import pytest
import torch
import yaml

from cscsanet.channel.multiuser.downlink import sum_spectral_efficiency
from cscsanet.channel.multiuser.slnr import slnr_precoder
from cscsanet.config.fusion import FusionParams
from cscsanet.config.params import profile_text
from cscsanet.specialists.fusion.anchor.beam_code import BeamCode, looked_up, train_beams
from cscsanet.specialists.fusion.anchor.cell import (
    EDGE_DEG,
    AnchorCell,
    centred_steering,
    draw_channels,
    draw_paths,
    of_paths,
    perfect_mrt,
    perfect_zf,
    receive,
)
from cscsanet.specialists.fusion.anchor.cell_code import CellCode, precoders_of, train_cells
from cscsanet.specialists.fusion.anchor.pair_likelihood import matched, pairs_of, seen_by
from cscsanet.specialists.fusion.anchor.path_code import (
    Allocation,
    PathCode,
    allocations,
    nearby,
    pack,
    ratio_levels,
    unpack,
)
from cscsanet.specialists.fusion.anchor.pilots import information, learned_pilots, random_pilots
from cscsanet.specialists.fusion.anchor.published import LEARNED, PERFECT, PURSUIT
from cscsanet.specialists.fusion.anchor.study import CELL, Drops, Measured, candidates, result_rows
from cscsanet.specialists.fusion.anchor.ue_posterior import PairSearch, UeKnowledge, scaled_load

COUNT = 100
FINE = PathCode(Allocation(8, 7, 2, 3), CELL)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def seen(pilots, count=COUNT):
    """Return drops, and what users know with these pilots."""
    channel = draw_channels(count, CELL, generator(1))
    received = receive(channel, pilots, generator(2))
    return Drops(channel, PairSearch(pilots, CELL, 192, 64)(received.flatten(0, 1)))


@pytest.fixture(scope="module")
def drops():
    return seen(random_pilots(CELL, generator()))


@pytest.fixture(scope="module")
def cells():
    return CellCode(6, CELL, *train_cells(6, CELL, 1000, 3, generator()), 5.0)


@pytest.fixture(scope="module")
def beams():
    return BeamCode(2, CELL, *train_beams(2, CELL, 5, 64, generator()))


def test_the_channels_are_those_of_the_source():
    sines, gains = draw_paths(20000, CELL, generator())
    angles = sines.asin().rad2deg()
    assert angles.abs().max() <= EDGE_DEG
    assert float(angles.square().mean()) == pytest.approx(EDGE_DEG**2 / 3, rel=0.02)
    assert float(gains.abs().square().mean()) == pytest.approx(1 / 2, rel=0.02)
    channel = of_paths(sines[:1], gains[:1], 64)[0, 0]
    elements = torch.arange(64) - 31.5
    expected = sum(
        gain * torch.exp(1j * math.pi * sine * elements)
        for sine, gain in zip(sines[0, 0], gains[0, 0], strict=True)
    )
    assert torch.allclose(channel, expected, atol=1e-4)


def test_zero_forcing_gives_every_user_the_rate_of_its_closed_form():
    channel = draw_channels(50, CELL, generator())
    rate = sum_spectral_efficiency(channel, perfect_zf(channel), torch.tensor(CELL.snr))
    trace = torch.linalg.inv(channel @ channel.mH).diagonal(dim1=-2, dim2=-1).real.sum(dim=-1)
    assert torch.allclose(rate, CELL.users * torch.log2(1 + CELL.snr / trace), atol=1e-3)


def test_maximum_ratio_transmission_serves_orthogonal_users_by_their_gains():
    channel = torch.eye(2, 64).unsqueeze(0) * torch.tensor([[1.0], [2.0]]) + 0j
    rate = sum_spectral_efficiency(channel, perfect_mrt(channel), torch.tensor(CELL.snr))
    assert float(rate) == pytest.approx(math.log2(1 + 10 / 5) + math.log2(1 + 10 * 16 / 5), rel=1e-5)


def test_noise_has_unit_power_and_every_pilot_the_power_of_the_data():
    pilots = random_pilots(CELL, generator())
    assert torch.allclose(pilots.norm(dim=0).square(), torch.full((CELL.pilots,), CELL.snr))
    trained = learned_pilots(CELL, 2, 4, generator())
    assert torch.allclose(trained.norm(dim=0).square(), torch.full((CELL.pilots,), CELL.snr), rtol=1e-5)
    assert not torch.allclose(trained, pilots)
    silent = receive(torch.zeros(5000, 2, 64) + 0j, pilots, generator())
    assert float(silent.abs().square().mean()) == pytest.approx(1, rel=0.02)


def test_training_of_pilots_raises_what_they_say():
    trained = learned_pilots(CELL, 40, 16, generator())
    before = information(random_pilots(CELL, generator()), CELL, 200, generator(3))
    assert information(trained, CELL, 200, generator(3)) > before


def test_the_likelihood_is_that_of_a_gaussian_and_gains_are_its_mean():
    pilots = random_pilots(CELL, generator())
    sines = torch.tensor([-0.2, 0.31])
    received = receive(of_paths(sines, torch.tensor([0.5 + 0.2j, -0.3j]), 64), pilots, generator())
    rows = seen_by(pilots, sines)
    pairs = pairs_of(rows[0], rows[1], CELL.gain_power)
    one, two = matched(rows[0], received), matched(rows[1], received)
    covariance = (0.5 * rows.mT @ rows.conj() + torch.eye(8)).to(torch.complex128)
    inverse = torch.linalg.inv(covariance)
    y = received.to(torch.complex128)
    gaussian = -(y.conj() @ inverse @ y).real - torch.linalg.det(covariance).abs().log()
    shift = -y.abs().square().sum() + 2 * math.log(1 / CELL.gain_power)
    assert float(pairs.log_likelihood(one, two) + shift) == pytest.approx(float(gaussian), rel=1e-4)
    gains = 0.5 * rows.conj().to(torch.complex128) @ inverse @ y
    assert torch.allclose(pairs.gains(one, two).to(torch.complex128), gains, atol=1e-4)


def test_without_noise_a_user_knows_its_channel():
    pilots = random_pilots(CELL, generator()) * 30
    sines, gains = torch.tensor([[-0.2, 0.31]]), torch.tensor([[0.9 + 0.2j, -0.3j]])
    channel = of_paths(sines, gains, 64)
    known = PairSearch(pilots, CELL, 192, 64)(channel @ pilots)
    assert torch.allclose(known.sines, sines, atol=1e-3)
    assert torch.allclose(known.gains, gains, atol=0.02)
    energy = known.energy(channel / channel.norm())
    assert energy.shape == (1, 1)
    assert float(energy) == pytest.approx(float(channel.abs().square().sum()), rel=0.05)


def test_fields_survive_packing_and_fit_into_the_bits():
    allocation = Allocation(13, 12, 3, 4)
    fields = tuple(torch.randint(2**bits, (100,), generator=generator()) for bits in allocation)
    message = pack(fields, allocation)
    assert int(message.max()) < 2 ** sum(allocation)
    assert all(torch.equal(a, b) for a, b in zip(unpack(message, allocation), fields, strict=True))


def test_no_candidate_spends_more_than_its_bits():
    assert all(sum(each) == 20 for each in allocations(20))
    assert all(sum(each) <= 60 for each in allocations(60))
    anchor = FusionParams.model_validate(yaml.safe_load(profile_text("smoke", "fusion"))).anchor
    for bits in (1, 5, 12, 60):
        assert all(code.used_bits <= bits for code in candidates(anchor, bits, 1))


def test_ratios_are_quantiles_and_cells_stay_in_the_sector():
    power = ratio_levels(3).square()
    assert torch.allclose(2 * power / (1 + power), (torch.arange(8) + 0.5) / 8)
    assert nearby(torch.tensor([-0.5, 0.0, 0.5]), 3).tolist() == [[0, 0, 1], [3, 4, 5], [6, 7, 7]]


def test_a_channel_returns_from_its_message():
    sines, gains = torch.tensor([[0.1, -0.3]]), torch.tensor([[1.0 + 0j, 0.4j]])
    channel = of_paths(sines, gains, 64)
    known = UeKnowledge(channel.unsqueeze(-1), sines, gains)
    code = PathCode(Allocation(12, 12, 4, 6), CELL)
    belief = code.belief(code.encode(known, 0).unsqueeze(-1))
    moments = belief.steering.mT @ belief.covariance @ belief.steering.conj()
    inside = (channel.conj() @ moments[0, 0] @ channel.mT).real / channel.abs().square().sum()
    assert float(inside) > 0.98 * 64  # all of the energy that the BS believes in
    assert float(moments[0, 0].diagonal().real.sum()) == pytest.approx(64, rel=0.01)


def test_the_precoder_of_known_moments_is_that_of_the_package():
    factors = torch.stack([centred_steering(torch.tensor(sine), 64) for sine in (0.1, -0.3)]).reshape(
        1, 2, 64, 1
    )
    precoder = precoders_of(factors, scaled_load(CELL, 1.0))
    received = (factors[..., 0] @ precoder).abs().square()[0]
    assert float(received[0, 0]) == pytest.approx(32, rel=0.05)
    assert float(received[0, 1]) < 0.05


@pytest.mark.parametrize("name", ["beams", "cells", "paths"])
def test_bits_alone_cross(name, drops, cells, beams):
    """The BS gets integers below 2^B; of other drops they are worth less, and of silent pilots nothing."""
    code = {"beams": beams, "cells": cells, "paths": FINE}[name]
    assert list(inspect.signature(code.precoders).parameters) == ["messages"]
    messages = drops.messages(code)
    assert messages.dtype == torch.int64
    assert messages.shape == (COUNT, 2)
    assert int(messages.min()) >= 0
    assert int(messages.max()) < 2**code.used_bits
    precoders = code.precoders(messages)
    assert torch.allclose(
        precoders.abs().square().sum(dim=(-2, -1)), torch.ones(COUNT, dtype=torch.float32), rtol=1e-4
    )
    if name == "beams":
        return
    rate = float(drops.rates(precoders).mean())
    assert rate > 10
    assert float(drops.rates(code.precoders(messages.roll(1, 0))).mean()) < rate / 2
    silent = seen(torch.zeros(CELL.antennas, CELL.pilots) + 0j)
    assert float(silent.rates(code.precoders(silent.messages(code))).mean()) < rate / 2


def test_messages_of_beams_are_looked_up_and_training_pays(drops, beams):
    table, shares = train_beams(1, CELL, 60, 128, generator())
    assert table.shape == (2, 2, 2, 64)
    assert torch.allclose(shares.sum(dim=-1), torch.ones(2))
    picked = looked_up(table, torch.tensor([[0, 1]]))[0]
    assert torch.equal(picked[:, 0], table[0, 0, 1])
    assert torch.equal(picked[:, 1], table[1, 0, 1])
    untrained = BeamCode(1, CELL, *train_beams(1, CELL, 0, 1, generator()))
    trained = BeamCode(1, CELL, table, shares)
    rates = [float(drops.rates(code.precoders(drops.messages(code))).mean()) for code in (untrained, trained)]
    assert rates[1] > rates[0] + 1


def test_more_bits_are_worth_more(drops, cells):
    coarse, fine = (float(drops.rates(code.precoders(drops.messages(code))).mean()) for code in (cells, FINE))
    assert fine > coarse + 0.5
    factors = drops.knowledge.factor.reshape(COUNT, 2, 64, -1)
    bound = float(drops.rates(precoders_of(factors, scaled_load(CELL, 1.0))).mean())
    assert fine < bound + 0.1


def test_the_belief_of_a_message_has_the_power_of_a_channel():
    messages = torch.tensor([[0, 2**20 - 1]])
    belief = FINE.belief(messages)
    assert torch.allclose(belief.covariance, belief.covariance.mH)
    assert torch.linalg.eigvalsh(belief.covariance).min() > -1e-6
    assert slnr_precoder(belief, scaled_load(CELL, 1.0).expand(1)).shape == (1, 64, 2)


def test_rows_stand_beside_the_published_rates():
    rates = torch.linspace(10, 12, 50)
    by_seed = {
        seed: [Measured("perfect-zf", None, rates), Measured("ours", 10, rates + seed, "cells", 10)]
        for seed in (1, 2)
    }
    rows = result_rows(by_seed, 100, 1)
    assert [(row["method"], row["bits"], row["seed"]) for row in rows] == [
        (method, bits, seed) for method, bits in (("perfect-zf", None), ("ours", 10)) for seed in (None, 1, 2)
    ]
    assert [row["published"] for row in rows] == [PERFECT["perfect-zf"]] * 3 + [LEARNED[10]] * 3
    assert rows[3]["sum_rate"] == pytest.approx(12.5)
    assert all(row["ci_low"] <= row["sum_rate"] <= row["ci_high"] for row in rows)


def test_the_published_rates_rise_with_the_bits_up_to_what_is_known_perfectly():
    published = [LEARNED[bits] for bits in sorted(LEARNED)]
    assert published == sorted(published)
    assert PURSUIT < published[-1] < PERFECT["perfect-zf"]
    assert AnchorCell() == CELL
