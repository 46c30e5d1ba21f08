"""Principal components in the path domain against the singular vectors of materialised channels."""

import pytest
import torch

from cscsanet.baselines.path_channel import true_channel
from cscsanet.baselines.pca import (
    analog,
    arrival_directions,
    channel_beams,
    departure_directions,
    hybrid_beams,
)
from cscsanet.channel.bounds import chain_per_path, chain_per_user, hybrid_sum
from cscsanet.channel.paths import with_paths
from cscsanet.channel.response import materialise

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
    result = departure_directions(paths, 2, channel), arrival_directions(paths, 2, channel)
    for directions, singular in zip(result, (right, left), strict=True):
        assert aligned(directions[..., 0], singular[..., 0]).min() > 0.999
        assert aligned(directions[..., 1], singular[..., 1]).min() > 0.99


def test_more_paths_than_antennas_give_the_same_beams(small, drops):
    """The same channels with silent paths: one by way of paths, one by way of antennas."""
    channel = small.channel
    few = true_channel(drops, LAST + 1, channel)
    many = true_channel(with_paths(drops, channel.bs_antennas + 6), LAST + 1, channel)
    stacked = matrices(drops, channel)
    energies = [passed(stacked, *channel_beams(paths, channel)) for paths in (few, many)]
    torch.testing.assert_close(energies[0], energies[1], rtol=1e-3, atol=1e-3 * float(energies[0].mean()))


def passed(stacked, sent, received):
    """Energy over the band through both beams; the BS applies its own as its conjugate."""
    return torch.einsum("br,bnrt,bt->bn", received.conj(), stacked, sent).abs().square().sum(dim=1)


def test_analog_beams_pass_more_than_the_phases_of_the_directions_and_less_than_the_directions(small, drops):
    paths, channel = true_channel(drops, LAST + 1, small.channel), small.channel
    stacked = matrices(drops, channel)
    sent, received = channel_beams(paths, channel)
    for beam in (sent, received):
        torch.testing.assert_close(beam.abs(), torch.ones_like(beam.abs()))
    departure = departure_directions(paths, 1, channel).squeeze(-1)
    arrival = arrival_directions(paths, 1, channel).squeeze(-1)
    result, phases = passed(stacked, sent, received), passed(stacked, analog(departure), analog(arrival))
    # Of no beams of this energy can more pass, whatever their moduli.
    strongest = torch.linalg.matrix_norm(stacked, ord=2).square().sum(dim=1)
    assert (result <= channel.bs_antennas * channel.ue_antennas * strongest * 1.0001).all()
    assert (result >= 0.97 * phases).all()
    assert (result / phases).mean() > 1.01


def test_no_small_change_of_one_end_s_phases_passes_more(small, drops):
    """Each beam is the principal component through the other beam: small changes lose energy."""
    paths, channel = true_channel(drops, LAST + 1, small.channel), small.channel
    stacked = matrices(drops, channel)
    sent, received = channel_beams(paths, channel)
    best = passed(stacked, sent, received)
    source = torch.Generator().manual_seed(3)
    for _ in range(5):
        rotated = [
            beam * torch.polar(torch.ones_like(beam.real), 0.1 * torch.randn(beam.shape, generator=source))
            for beam in (sent, received)
        ]
        assert (passed(stacked, rotated[0], received) < best).float().mean() > 0.97
        assert (passed(stacked, sent, rotated[1]) < best).float().mean() > 0.97
    assert passed(stacked, sent, received.conj()).mean() < best.mean() / 3, "the BS applies the conjugate"


@pytest.mark.parametrize(("snr_db", "streams", "share"), [(-25.0, 1, 0.98), (10.0, 2, 0.97)])
def test_hybrid_beams_are_about_as_good_as_the_strategy_for_their_snr(small, drops, snr_db, streams, share):
    channel, symbols = small.channel, torch.tensor([LAST])
    paths = true_channel(drops, LAST + 1, channel)
    ours = hybrid_sum(drops, *hybrid_beams(paths, streams, channel), 10 ** (snr_db / 10), symbols, channel)
    strategy = chain_per_user if streams == 1 else chain_per_path
    theirs = hybrid_sum(drops, *strategy(drops, channel), 10 ** (snr_db / 10), symbols, channel)
    assert ours.mean() > share * theirs.mean()
