"""The order of the data and every draw depend on the seed and the place alone."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from cscsanet.training.seeds import EpochSampler, generator, host_generator


@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 5), st.integers(0, 1000))
def test_epochs_are_slices_of_one_endless_shuffle(items, per_epoch, epoch, seed):
    sampler = EpochSampler(items, per_epoch, seed)

    def at(number):
        sampler.set_epoch(number)
        return list(sampler)

    jumped = at(epoch)
    stream = [index for number in range(epoch + 1) for index in at(number)]
    assert stream[epoch * per_epoch :] == jumped
    assert len(jumped) == len(sampler) == per_epoch
    for start in range(0, len(stream) - items + 1, items):
        assert sorted(stream[start : start + items]) == list(range(items))


def test_generators_differ_by_purpose_and_place_and_repeat_otherwise():
    def first(*key):
        return torch.rand(4, generator=generator(*key)).tolist()

    assert first(1, "step", 0, 1) == first(1, "step", 0, 1)
    draws = [
        first(1, "step", 0, 1),
        first(1, "step", 1, 0),
        first(1, "step", 0),
        first(2, "step", 0, 1),
        first(1, "validate", 0, 1),
    ]
    assert len({tuple(draw) for draw in draws}) == len(draws)


def test_numbers_on_the_host_are_keyed_by_the_other_generator_and_by_their_use():
    """One use would otherwise follow from another, as the SNR of a batch from the kind of its CSI."""

    def first(seed, use):
        return float(torch.rand((), generator=host_generator(torch.Generator().manual_seed(seed), use)))

    assert first(1, 0) == first(1, 0)
    assert len({first(1, 0), first(1, 1), first(2, 0), first(2, 1)}) == 4
