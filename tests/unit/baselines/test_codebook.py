"""The codebook baseline: its indices, its beams, and a BS that uses the bits alone."""

import pytest
import torch
from fixtures.bits import through_bytes
from hypothesis import given
from hypothesis import strategies as st

from cscsanet.baselines.codebook import INDEX_BITS, CodebookLayer, from_index, to_index
from cscsanet.channel.bounds import chain_per_path, chain_per_user, hybrid_sum
from cscsanet.channel.paths import draw_paths
from cscsanet.config.operating_point import OperatingPoint


@pytest.fixture
def codebook(smoke):
    torch.manual_seed(4)
    return CodebookLayer(smoke.channel, smoke.csa, 8).eval()


@given(st.floats(-1, 1, exclude_max=True, width=32), st.integers(1, INDEX_BITS))
def test_an_index_names_the_cell_that_its_direction_lies_in(direction, width):
    bits = to_index(torch.tensor([direction]), width)
    assert bits.shape == (1, width)
    assert set(bits.unique().tolist()) <= {0.0, 1.0}
    assert abs(float(from_index(bits)) - direction) <= 2.0**-width + 1e-6


@pytest.mark.parametrize("strategy", ["user", "path"])
@pytest.mark.parametrize("feedback_bits", [2, 4, 16, 64])
def test_beams_are_unit_modulus_and_bits_are_bits(codebook, paths, seeded, strategy, feedback_bits):
    codebook.strategy = strategy
    beams = codebook(paths, OperatingPoint(-10, 8, feedback_bits, 1), seeded)
    assert beams.bits.shape == (3, 2, feedback_bits)
    assert set(beams.bits.unique().tolist()) <= {0.0, 1.0}
    for beam in (beams.precoder, beams.combiner):
        torch.testing.assert_close(beam.abs(), torch.ones_like(beam.abs()))


@pytest.mark.parametrize(("strategy", "reported"), [("user", 1), ("path", 2)])
def test_the_bs_needs_nothing_but_the_packed_bits(codebook, paths, seeded, strategy, reported):
    codebook.strategy = strategy
    beams = codebook(paths, OperatingPoint(-10, 8, 16, 1), seeded)
    received = through_bytes(beams.bits)
    again = codebook.combiner(received, reported, min(16 // reported, INDEX_BITS))
    assert torch.equal(again, beams.combiner)


def test_the_bits_that_no_index_needs_do_not_matter(codebook, paths, seeded):
    beams = codebook(paths, OperatingPoint(-10, 8, 64, 1), seeded)
    other = beams.bits.clone()
    other[..., INDEX_BITS:] = 1 - other[..., INDEX_BITS:]
    assert torch.equal(codebook.combiner(other, 1, INDEX_BITS), beams.combiner)


@pytest.mark.parametrize(("snr_db", "best_strategy"), [(-25, chain_per_user), (10, chain_per_path)])
def test_the_rate_is_nearly_that_of_the_strategy_for_the_snr_with_perfect_angles(
    smoke, codebook, snr_db, best_strategy
):
    paths = draw_paths(128, smoke.channel, torch.Generator().manual_seed(7))
    snr, symbols = 10 ** (snr_db / 10), torch.arange(8, 12)
    beams = codebook(paths, OperatingPoint(snr_db, 8, 64, 4), torch.Generator().manual_seed(1))
    reached = hybrid_sum(paths, beams.precoder, beams.combiner, snr, symbols, smoke.channel).mean()
    best = hybrid_sum(paths, *best_strategy(paths, smoke.channel), snr, symbols, smoke.channel).mean()
    assert 0.85 * best < reached < 1.02 * best


def test_one_path_without_noise_reaches_the_closed_form_within_a_hundredth(smoke, seeded):
    channel = smoke.channel.model_copy(update={"paths": 1, "bs_power_offset_db": float("inf")})
    torch.manual_seed(4)
    codebook = CodebookLayer(channel, smoke.csa, 8)
    paths, snr = draw_paths(64, channel, seeded), 10**-2.5
    beams = codebook(paths, OperatingPoint(-25, 8, 64, 4), seeded)
    reached = hybrid_sum(paths, beams.precoder, beams.combiner, snr, torch.arange(8, 12), channel)
    closed = torch.log2(1 + snr * paths.gain.abs().square() * 64 * 8).sum(dim=(1, 2))
    assert reached.mean() > 0.99 * closed.mean()
    assert (reached < closed * 1.001).all()


def test_several_budgets_share_one_reception_and_agree_with_each_alone(codebook, paths):
    point = OperatingPoint(10, 8, 64, 1)
    together = codebook.at_budgets(paths, point, (4, 64), torch.Generator().manual_seed(1))
    for feedback_bits, beams in zip((4, 64), together, strict=True):
        alone = codebook(paths, OperatingPoint(10, 8, feedback_bits, 1), torch.Generator().manual_seed(1))
        assert torch.equal(alone.combiner, beams.combiner)
        assert torch.equal(alone.precoder, beams.precoder)


def test_it_has_no_trainable_parameters(codebook):
    assert not [name for name, value in codebook.named_parameters() if value.requires_grad]
