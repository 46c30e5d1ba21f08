"""Principal components in the path domain against the singular vectors of materialised channels."""

import pytest
import torch

from cscsanet.channel.bounds import hybrid_sum
from cscsanet.channel.response import materialise
from cscsanet.channel.strategies import chain_per_path, chain_per_user
from cscsanet.metrics.csi import nmse_db, sgcs
from cscsanet.separated.known_channel import likeness, true_channel
from cscsanet.separated.pca import (
    analog,
    arrival_directions,
    channel_beams,
    departure_directions,
    hybrid_beams,
)

LAST = 7  # index of the last of eight CSI-RS symbols


def matrices(drops, channel):
    """H (drops x K, N_c, N_r, N_t) at the last CSI-RS symbol."""
    return materialise(drops, torch.tensor([LAST]), channel).squeeze(2).flatten(0, 1)


def aligned(one, other):
    """|<v, w>| of unit vectors along dim 1."""
    return (one.conj() * other).sum(dim=1).abs()


def test_directions_are_the_singular_vectors(small, drops):
    paths, channel = true_channel(drops, LAST + 1, small.channel), small.channel
    stacked = matrices(drops, channel)
    # The right singular vectors of all subcarriers' matrices one above the other, the left ones of them side by side.
    right = torch.linalg.svd(stacked.flatten(1, 2), full_matrices=False).Vh.mH
    left = torch.linalg.svd(stacked.transpose(1, 2).flatten(2), full_matrices=False).U
    found = departure_directions(paths, 2, channel), arrival_directions(paths, 2, channel)
    for directions, singular in zip(found, (right, left), strict=True):
        assert aligned(directions[..., 0], singular[..., 0]).min() > 0.999
        assert aligned(directions[..., 1], singular[..., 1]).min() > 0.99


def passed(stacked, sent, heard):
    """Energy over the band through both beams; the BS applies its own as its conjugate."""
    return torch.einsum("br,bnrt,bt->bn", heard.conj(), stacked, sent).abs().square().sum(dim=1)


def test_analog_beams_pass_more_than_the_phases_of_the_directions_and_less_than_the_directions(small, drops):
    paths, channel = true_channel(drops, LAST + 1, small.channel), small.channel
    stacked = matrices(drops, channel)
    sent, heard = channel_beams(paths, channel)
    for beam in (sent, heard):
        torch.testing.assert_close(beam.abs(), torch.ones_like(beam.abs()))
    departure = departure_directions(paths, 1, channel).squeeze(-1)
    arrival = arrival_directions(paths, 1, channel).squeeze(-1)
    found, phases = passed(stacked, sent, heard), passed(stacked, analog(departure), analog(arrival))
    # Of no beams of this energy can more pass, whatever their moduli.
    strongest = torch.linalg.matrix_norm(stacked, ord=2).square().sum(dim=1)
    assert (found <= channel.bs_antennas * channel.ue_antennas * strongest * 1.0001).all()
    assert (found >= 0.97 * phases).all()
    assert (found / phases).mean() > 1.01


def test_no_turn_of_one_end_s_phases_passes_more(small, drops):
    """Each beam is the principal component of what the other leaves: small changes of it lose energy."""
    paths, channel = true_channel(drops, LAST + 1, small.channel), small.channel
    stacked = matrices(drops, channel)
    sent, heard = channel_beams(paths, channel)
    best = passed(stacked, sent, heard)
    source = torch.Generator().manual_seed(3)
    for _ in range(5):
        turned = [
            beam * torch.polar(torch.ones_like(beam.real), 0.1 * torch.randn(beam.shape, generator=source))
            for beam in (sent, heard)
        ]
        assert (passed(stacked, turned[0], heard) < best).float().mean() > 0.97
        assert (passed(stacked, sent, turned[1]) < best).float().mean() > 0.97
    assert passed(stacked, sent, heard.conj()).mean() < best.mean() / 3, "the BS applies the conjugate"


@pytest.mark.parametrize(("snr_db", "streams", "share"), [(-25.0, 1, 0.98), (10.0, 2, 0.97)])
def test_hybrid_beams_are_about_as_good_as_the_strategy_for_their_snr(small, drops, snr_db, streams, share):
    channel, symbols = small.channel, torch.tensor([LAST])
    paths = true_channel(drops, LAST + 1, channel)
    ours = hybrid_sum(drops, *hybrid_beams(paths, streams, channel), 10 ** (snr_db / 10), symbols, channel)
    strategy = chain_per_user if streams == 1 else chain_per_path
    theirs = hybrid_sum(drops, *strategy(drops, channel), 10 ** (snr_db / 10), symbols, channel)
    assert ours.mean() > share * theirs.mean()


def test_likeness_is_that_of_the_matrices(small, drops):
    """NMSE and SGCS of paths equal those of the matrices that they stand for."""
    channel, truth = small.channel, true_channel(drops, LAST + 1, small.channel)
    aged = true_channel(drops, LAST + 9, channel)
    found = likeness(aged, truth, channel)
    now = matrices(drops, channel)
    later = materialise(drops, torch.tensor([LAST + 8]), channel).squeeze(2).flatten(0, 1)
    assert float(10 * found.nmse.mean().log10()) == pytest.approx(float(nmse_db(later, now)), abs=1e-2)
    assert float(found.sgcs.mean()) == pytest.approx(float(sgcs(later, now)), abs=1e-4)
    same = likeness(truth, truth, channel)
    assert same.nmse.max() < 1e-4
    assert same.sgcs.min() > 0.9999
