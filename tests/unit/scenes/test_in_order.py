"""Results in the order of the items, with few of them waiting."""

import time

import pytest

from cscsanet.scenes.in_order import _AHEAD, in_order


def test_results_are_in_the_order_of_the_items():
    def work(item):
        time.sleep(0.002 * (item % 3 == 0))
        return 2 * item

    assert list(in_order(work, range(20), threads=3)) == [2 * item for item in range(20)]


def test_only_a_few_items_are_taken_ahead_of_the_results():
    taken = []

    def items():
        for item in range(10_000):
            taken.append(item)
            yield item

    results = in_order(lambda item: item, items(), threads=2)
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    assert len(taken) <= 2 * _AHEAD + 5
    results.close()


def test_the_first_fault_is_raised_and_ends_the_rest():
    begun = []

    def work(item):
        begun.append(item)
        if item in (3, 7):
            raise ValueError(item)
        return item

    with pytest.raises(ValueError, match="3"):
        list(in_order(work, range(10_000), threads=2))
    assert len(begun) < 1000
