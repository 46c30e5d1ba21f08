"""Formulas compared with the code that they describe, and with hand counts."""

import pytest
from torch.utils.flop_counter import FlopCounterMode

from cscsanet.baselines.path_channel import true_channel
from cscsanet.baselines.pca import channel_beams
from cscsanet.baselines.resource_grid import resource_grid
from cscsanet.channel.paths import draw_paths
from cscsanet.studies.complexity import formulas


def test_principal_components_take_the_products_that_the_formula_has(smoke, seeded):
    channel = smoke.channel
    truth = true_channel(draw_paths(1, channel, seeded), 1, channel)
    first_ue = type(truth)(*(parameter[:1] for parameter in truth))
    with FlopCounterMode(display=False) as counter:
        channel_beams(first_ue, channel)
    # The counter counts a complex multiply-addition as one, and no decompositions.
    assert formulas.pca_products(smoke) == 4 * counter.get_total_flops() // 2
    assert formulas.pca_decompositions(smoke) > 0


def test_the_payload_and_its_dmrs_are_those_of_the_grid(smoke):
    for data_symbols in (1, 2, 3, 5):
        grid = resource_grid(data_symbols, smoke.channel.subcarriers, smoke.channel.users)
        expected = (len(grid.data), len(grid.pilots[0]))
        assert formulas.payload_and_dmrs(smoke, data_symbols) == expected


def test_detection_solves_two_equations_at_each_element(smoke):
    elements, _ = formulas.payload_and_dmrs(smoke, 1)
    # Of two UEs at two chains: covariance 2 x 2 x 2, equations 8 / 3 + 4, and 2 x 2 to apply; four real ones each.
    assert formulas.detection(smoke, 1) == pytest.approx(elements * (32 + 4 * (8 / 3 + 4) + 16), rel=0.02)
