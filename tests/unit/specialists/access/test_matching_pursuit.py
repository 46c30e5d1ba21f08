"""Simultaneous OMP, against scikit-learn's on a real case with one antenna."""

import torch
from sklearn.linear_model import orthogonal_mp

from cscsanet.specialists.access.baselines.matching_pursuit import most_likely, pursue


def test_it_chooses_as_scikit_learn_does():
    generator = torch.Generator().manual_seed(0)
    book = torch.randn((30, 12), generator=generator, dtype=torch.float64).sign()
    sent = torch.randn((6, 3), generator=generator, dtype=torch.float64)
    for drop in range(6):
        received = sent[drop] @ book[[4, 11, 25]] + 0.1 * torch.randn(
            12, generator=generator, dtype=torch.float64
        )
        scores = pursue(received.reshape(1, 12, 1).to(torch.complex128), book.to(torch.complex128))
        theirs = orthogonal_mp(book.T.numpy() / 12**0.5, received.numpy(), n_nonzero_coefs=4)
        assert set(most_likely(scores, torch.tensor([4]))[0].nonzero().flatten().tolist()) == set(
            theirs.nonzero()[0]
        )


def test_scores_fall_in_the_order_of_choice_and_no_more_than_l_devices_have_one():
    generator = torch.Generator().manual_seed(0)
    book = torch.polar(torch.ones(20, 6), 6 * torch.rand((20, 6), generator=generator))
    received = torch.randn((4, 6, 8), generator=generator, dtype=torch.complex64)
    scores = pursue(received, book)
    assert (scores > 0).sum(dim=1).tolist() == [6] * 4
    # The first choice alone has the largest correlation.
    first = (book.conj() @ received).abs().square().sum(dim=2).argmax(dim=1)
    assert scores.argmax(dim=1).tolist() == first.tolist()


def test_without_noise_the_chosen_explain_everything():
    generator = torch.Generator().manual_seed(1)
    book = torch.polar(torch.ones(20, 10), 6 * torch.rand((20, 10), generator=generator))
    rows = torch.randn((1, 3, 4), generator=generator, dtype=torch.complex64)
    scores = pursue(book[[2, 7, 9]].mT @ rows, book)
    assert most_likely(scores, torch.tensor([3]))[0].nonzero().flatten().tolist() == [2, 7, 9]
    assert scores.sort(dim=1, descending=True).values[0, 3] < 1e-9
