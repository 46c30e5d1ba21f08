"""The preambles of tests and of trainings, and what weights belong to."""

import pytest
import torch

from cscsanet.channel.activity import check_book
from cscsanet.config.access import SHAPES
from cscsanet.errors import CscsanetError
from cscsanet.specialists.access.system import AccessSystem, book_of_tests
from cscsanet.training.weights import load_weights, save_weights


def test_a_smaller_cell_has_the_first_preambles_of_the_largest(params, change):
    book = book_of_tests(params)
    assert book.shape == (24, 12)
    larger = change(params, evaluation={"devices": [500]})
    torch.testing.assert_close(book_of_tests(larger)[:24], book)
    check_book(book, 4)


def test_a_book_has_a_preamble_for_every_device_of_the_trainings(params, change):
    assert len(book_of_tests(change(params, training_cell={"devices": [16, 40]}))) == 40


def test_every_number_is_another_book(params):
    books = [book_of_tests(params, number) for number in (0, 1, 2)]
    assert not any(torch.allclose(books[0], other) for other in books[1:])
    assert not torch.allclose(books[1], books[2])


def test_another_seed_has_another_book(params, change):
    assert not torch.allclose(book_of_tests(params), book_of_tests(change(params, seed=5)))


def test_a_learned_book_has_unit_modulus_and_a_gradient(params, change):
    learned = AccessSystem(change(params, detector={"book": "learned"}))
    book = learned.learned_book()
    torch.testing.assert_close(book.abs(), torch.ones(16, 12))
    book[:, 0].real.sum().backward()
    assert learned.phases.grad[:, 0].abs().sum() > 0
    assert AccessSystem(params).learned_book() is None


def test_weights_of_another_detector_are_refused(params, change, tmp_path):
    path = tmp_path / "ours.safetensors"
    save_weights(AccessSystem(params), path, params, SHAPES, {"stage": "access/ours"})
    load_weights(AccessSystem(params), path, params)
    unfolded = {**params.detector.unfolded.model_dump(), "features": 4}
    other = change(params, detector={"unfolded": unfolded})
    with pytest.raises(CscsanetError, match="trained with detector"):
        load_weights(AccessSystem(other), path, other)
