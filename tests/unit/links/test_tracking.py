"""Pilots, gains and separation: counted, exact without noise, and bounded with it."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cscsanet.channel.noise import complex_normal
from cscsanet.links.tracking import (
    PilotShares,
    StreamMean,
    estimate_gains,
    insert_pilots,
    orthogonal_pilot_mask,
    pilot_mask,
    separate,
)

SHARES = st.sampled_from([1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4])


@settings(max_examples=60)
@given(data_symbols=st.integers(1, 6), subcarriers=st.sampled_from([16, 36, 64, 100]), share=SHARES)
def test_pilots_take_their_share_one_ue_at_a_time_from_the_end(data_symbols, subcarriers, share):
    mask = pilot_mask(data_symbols, subcarriers, 2, share)
    assert mask.shape == (2, data_symbols, subcarriers)
    assert not bool((mask[0] & mask[1]).any())
    each = max(1, round(share * data_symbols * subcarriers / 2))
    assert mask.sum(dim=(1, 2)).tolist() == [each, each]
    # Only as many of the last symbols as are needed.
    rows = mask.any(dim=0).any(dim=1)
    needed = math.ceil(2 * each / subcarriers)
    assert rows.tolist() == [symbol >= data_symbols - needed for symbol in range(data_symbols)]


@settings(max_examples=60)
@given(data_symbols=st.integers(1, 6), subcarriers=st.sampled_from([16, 36, 64, 100]), share=SHARES)
def test_orthogonal_pilots_lie_on_the_subcarriers_of_their_ue(data_symbols, subcarriers, share):
    mask = orthogonal_pilot_mask(data_symbols, subcarriers, 2, share)
    each = max(1, round(share * data_symbols * subcarriers / 2))
    assert mask.sum(dim=(1, 2)).tolist() == [each, each]
    assert not bool(mask[0, :, 1::2].any())
    assert not bool(mask[1, :, ::2].any())


def _block(batch=5, seed=0, share=1 / 16):
    generator = torch.Generator().manual_seed(seed)
    pilots = pilot_mask(4, 64, 2, share)
    phases = 6.3 * torch.rand(batch, 2, 8, 1, generator=generator)
    precoder = torch.polar(torch.ones_like(phases), phases)
    phases = 6.3 * torch.rand(batch, 2, 4, 64, 1, generator=generator)
    rotation = torch.polar(torch.ones_like(phases), phases)
    payload = complex_normal((batch, 2, 4, 64, 1), generator) * ~pilots.any(dim=0).unsqueeze(-1)
    return generator, pilots, precoder, rotation, payload


def test_inserted_pilots_have_their_energy_and_the_rotation_and_leave_the_payload():
    _, pilots, precoder, rotation, payload = _block()
    sent = insert_pilots(payload * rotation, precoder, rotation, pilots, 2.0)
    energy = torch.einsum("bkts,bkqns->bkqnt", precoder, sent).abs().square().sum(dim=-1)
    for user in range(2):
        torch.testing.assert_close(energy[:, user][:, pilots[user]], torch.full((5, 8), 2.0))
        assert float(energy[:, user][:, pilots[1 - user]].max()) == 0
        here = pilots[user]
        torch.testing.assert_close(
            sent[:, user][:, here].angle(), rotation[:, user][:, here].angle(), rtol=1e-4, atol=1e-4
        )
    elsewhere = ~pilots.any(dim=0)
    assert torch.equal(sent[:, :, elsewhere], (payload * rotation)[:, :, elsewhere])


def test_tracking_is_exact_without_noise_for_one_common_phase_of_each_ue():
    """Chain k hears UE k alone: the estimated symbols are the sent ones, whatever the phases are."""
    generator, pilots, _, _, payload = _block()
    sent = torch.where(pilots[None, ..., None], 2**0.5 + 0j, payload).squeeze(-1)
    gains = complex_normal((5, 2), generator)
    received = (gains[:, :, None, None] * sent).movedim(1, -1)
    noise = 1e-9 * torch.eye(2).expand(5, 2, 2) + 0j
    estimate = estimate_gains(received, pilots, noise, 2.0)
    own = estimate.gain.diagonal(dim1=1, dim2=2)
    torch.testing.assert_close(own.angle(), gains.angle(), rtol=1e-4, atol=1e-4)
    estimated = separate(received, estimate, noise)
    used = ~pilots.any(dim=0)
    phases = (estimated[:, used] * sent.movedim(1, -1)[:, used].conj()).angle()
    assert float(phases.abs().max()) < 1e-3


def test_the_error_of_the_phase_is_at_its_cramer_rao_bound():
    """n pilots of energy E at an SNR: variance 1 / (2 n E SNR), by simulation."""
    drops, snr = 4000, 4.0
    pilots = pilot_mask(4, 64, 2, 1 / 16)
    generator = torch.Generator().manual_seed(1)
    payload = complex_normal((drops, 4, 64, 2), generator)
    for user in range(2):
        payload[..., user][:, pilots[user]] = 2**0.5
        payload[..., user][:, pilots[1 - user]] = 0
    received = payload + complex_normal((drops, 4, 64, 2), generator) / snr**0.5
    noise = torch.eye(2).expand(drops, 2, 2) / snr + 0j
    errors = estimate_gains(received, pilots, noise, 2.0).gain.diagonal(dim1=1, dim2=2).angle()
    bound = 1 / (2 * 8 * 2 * snr)
    assert float(errors.square().mean()) == pytest.approx(bound, rel=0.05)


def test_noise_alone_gives_small_estimates():
    """Where nothing is received, MMSE estimates tell the decoder not to trust them."""
    generator, pilots, _, _, _ = _block(batch=200)
    noise = torch.eye(2).expand(200, 2, 2) + 0j
    received = complex_normal((200, 4, 64, 2), generator)
    estimated = separate(received, estimate_gains(received, pilots, noise, 2.0), noise)
    assert float(estimated.abs().square().mean()) < 0.1


def test_another_ue_at_a_chain_is_separated_when_its_pilots_stand_out():
    generator, pilots, _, _, payload = _block(batch=50)
    sent = torch.where(pilots[None, ..., None], 2**0.5 + 0j, payload).squeeze(-1).movedim(1, -1)
    sent[:, pilots[0], 1] = 0
    sent[:, pilots[1], 0] = 0
    mixing = torch.tensor([[1.0, 0.5j], [-0.4, 1.0]]) + 0j
    received = sent @ mixing.mT + 0.01 * complex_normal(tuple(sent.shape), generator)
    noise = 1e-4 * torch.eye(2).expand(50, 2, 2) + 0j
    estimated = separate(received, estimate_gains(received, pilots, noise, 2.0), noise)
    used = ~pilots.any(dim=0)
    error = (estimated - sent)[:, used].abs().square().mean() / sent[:, used].abs().square().mean()
    without = (received - sent)[:, used].abs().square().mean() / sent[:, used].abs().square().mean()
    assert float(error) < 0.1 * float(without)


def test_shares_are_drawn_in_a_training_alone_and_leave_the_generator(smoke, generator_state):
    shares = PilotShares(smoke.pilots)
    generator, state = generator_state
    assert shares.eval().draw(generator) == smoke.pilots.share
    drawn = set()
    for seed in range(40):
        drawn.add(shares.train().draw(torch.Generator().manual_seed(seed)))
    assert drawn == set(smoke.pilots.trained_shares)
    shares.draw(generator)
    assert torch.equal(generator.get_state(), state)


@pytest.fixture
def generator_state():
    generator = torch.Generator().manual_seed(4)
    return generator, generator.get_state().clone()


def _mean_block(batch, snr, seed=3):
    """Symbols with a fifth of their energy in a mean, two UEs on a chain each, phases at random, noise."""
    generator = torch.Generator().manual_seed(seed)
    mean = 0.2**0.5 * complex_normal((2, 4, 64), generator)
    symbols = mean + 0.8**0.5 * complex_normal((batch, 2, 4, 64), generator)
    gains = complex_normal((batch, 2), generator)
    gains = gains / gains.abs()
    noise = torch.eye(2).expand(batch, 2, 2) / snr + 0j
    received = (gains[:, :, None, None] * symbols).movedim(1, -1)
    received = received + complex_normal((batch, 4, 64, 2), generator) / snr**0.5
    return mean, symbols, gains, received, noise


def test_the_running_mean_is_that_of_the_batches_and_stays_in_an_evaluation():
    mean = StreamMean(2, 4, 16).train()
    batches = [complex_normal((8, 2, 4, 16), torch.Generator().manual_seed(seed)) + 1 for seed in range(3)]
    for batch in batches:
        mean.update(3 * batch)
    together = torch.cat(batches)
    expected = together.mean(dim=0) / together.abs().square().mean(dim=(0, 2, 3)).sqrt()[:, None, None]
    torch.testing.assert_close(mean.reference(4), expected, rtol=1e-4, atol=1e-4)
    assert mean.reference(2).shape == (2, 2, 16)
    before = mean.reference(4)
    mean.eval().update(batches[0] + 5)
    assert torch.equal(mean.reference(4), before)


def test_without_pilots_the_mean_gives_the_phase_with_the_data_as_noise():
    """The variance of the phase is that of a known sequence of its energy in noise and data."""
    snr, batch = 2.0, 3000
    mean, _, gains, received, noise = _mean_block(batch, snr)
    silent = torch.zeros(2, 4, 64, dtype=torch.bool)
    estimate = estimate_gains(received, silent, noise, 2.0, mean)
    errors = (estimate.gain.diagonal(dim1=1, dim2=2) * gains.conj()).angle()
    for user in range(2):
        bound = (1 / snr + 0.8) / (2 * float(mean[user].abs().square().sum()))
        assert float(errors[:, user].square().mean()) == pytest.approx(bound, rel=0.15)
        # The estimator knows how uncertain it is: the variance of a gain is twice that of its phase.
        assert float(estimate.error[:, user, user].mean()) == pytest.approx(2 * bound, rel=0.1)
    # The case that must fail: another sequence than the one that was sent.
    wrong = estimate_gains(received, silent, noise, 2.0, mean.roll(1, dims=-1))
    assert float((wrong.gain.diagonal(dim1=1, dim2=2) * gains.conj()).angle().square().mean()) > 1


def test_pilots_and_mean_together_are_better_than_each():
    mean, symbols, gains, received, noise = _mean_block(3000, 1.0)
    pilots = pilot_mask(4, 64, 2, 1 / 32)
    for user in range(2):
        received[:, pilots[user]] += (gains[:, user] * 2**0.5)[:, None, None] * torch.eye(2)[user]
        received[:, pilots[user]] -= gains[:, None, :] * symbols.movedim(1, -1)[:, pilots[user]]
    both = estimate_gains(received, pilots, noise, 2.0, mean)
    alone = estimate_gains(received, pilots, noise, 2.0)

    def error(estimate):
        return float((estimate.gain.diagonal(dim1=1, dim2=2) * gains.conj()).angle().square().mean())

    silent = torch.zeros_like(pilots)
    blind = estimate_gains(_mean_block(3000, 1.0)[3], silent, noise, 2.0, mean)
    assert error(both) < 0.8 * min(error(alone), error(blind))


def test_a_mean_of_zero_leaves_pilots_as_they_are():
    _, _, _, received, noise = _mean_block(5, 1.0)
    pilots = pilot_mask(4, 64, 2, 1 / 16)
    with_zero = estimate_gains(received, pilots, noise, 2.0, torch.zeros(2, 4, 64) + 0j)
    torch.testing.assert_close(
        with_zero.gain, estimate_gains(received, pilots, noise, 2.0).gain, rtol=1e-3, atol=1e-4
    )
