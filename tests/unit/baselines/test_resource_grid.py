"""The uplink grid of the separated designs: the payload is whole, a quarter is DMRS, the last symbol is partly loaded."""

import math

import pytest
import torch

from cscsanet.baselines.resource_grid import resource_grid


@pytest.mark.parametrize("subcarriers", [16, 64, 100])
@pytest.mark.parametrize("data_symbols", range(1, 9))
def test_the_payload_is_as_large_as_a_stream_of_noma_s(data_symbols, subcarriers):
    grid = resource_grid(data_symbols, subcarriers, 2)
    assert len(grid.data) == data_symbols * subcarriers
    assert len(grid.pilots[0]) == len(grid.pilots[1])
    # A quarter of all elements, to the pair of elements that makes it whole.
    dmrs = 2 * len(grid.pilots[0])
    assert 0 <= dmrs - data_symbols * subcarriers / 3 < 2
    assert grid.elements == dmrs + len(grid.data)


@pytest.mark.parametrize("subcarriers", [16, 64, 100])
@pytest.mark.parametrize("data_symbols", range(1, 9))
def test_every_element_has_one_use_and_only_the_last_symbol_is_partly_loaded(data_symbols, subcarriers):
    grid = resource_grid(data_symbols, subcarriers, 2)
    everything = torch.cat((grid.data, *grid.pilots))
    assert len(torch.unique(everything, dim=0)) == grid.elements
    assert grid.symbols == math.ceil(grid.elements / subcarriers)
    loads = torch.bincount(everything[:, 0], minlength=grid.symbols)
    assert (loads[:-1] == subcarriers).all()
    last = torch.sort(everything[everything[:, 0] == grid.symbols - 1][:, 1]).values
    # Spread over the band: no gap is more than one subcarrier wider than another.
    gaps = last.diff()
    assert int(gaps.max() - gaps.min()) <= 1
    assert int(last[0]) <= subcarriers / len(last)


def test_the_base_has_four_thirds_of_the_symbols():
    assert [resource_grid(q, 64, 2).symbols for q in (1, 2, 3, 4, 5, 6)] == [2, 3, 4, 6, 7, 8]


@pytest.mark.parametrize("data_symbols", range(1, 9))
def test_every_dmrs_symbol_has_a_comb_that_resolves_the_band(data_symbols):
    """Delays of ten samples rotate the phase by a whole cycle in 6.4 of 64 subcarriers."""
    grid = resource_grid(data_symbols, 64, 2)
    for pilots in grid.pilots:
        for symbol in pilots[:, 0].unique():
            comb = pilots[pilots[:, 0] == symbol][:, 1]
            assert int(comb.diff().max()) <= 6
            assert int(comb[0]) + 64 - int(comb[-1]) <= 6.4 + 1


def test_dmrs_symbols_are_spread_in_time_and_their_combs_staggered():
    grid = resource_grid(4, 64, 2)
    for pilots in grid.pilots:
        symbols = pilots[:, 0].unique().tolist()
        assert symbols == [0, 2, 4]
        combs = [set(pilots[pilots[:, 0] == symbol][:, 1].tolist()) for symbol in symbols]
        assert len(set.union(*combs)) > 2 * len(combs[0])


def test_the_payload_is_in_time_order_and_the_mask_is_the_pilots():
    grid = resource_grid(2, 16, 2)
    assert (grid.flat_index(grid.data).diff() > 0).all()
    mask = grid.pilot_mask
    assert mask.shape == (2, grid.symbols, 16)
    assert not (mask[0] & mask[1]).any()
    for user, pilots in enumerate(grid.pilots):
        assert set(map(tuple, pilots.tolist())) == set(map(tuple, mask[user].nonzero().tolist()))
