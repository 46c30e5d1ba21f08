"""Counts of parts compared with hand counts, and their sums."""

import pytest
import torch
from fixtures.complexity import made_part_row
from fixtures.params import altered

from cscsanet.export.units import Part
from cscsanet.studies.complexity.count import part_row, scheme_rows
from cscsanet.studies.complexity.parts import csi_parts, other_groups


def test_the_transformers_of_the_papers_front_end(smoke):
    """Count every product by hand; PyTorch's counter misses the two of attention."""
    params = smoke.model_copy(update={"csa": smoke.csa.model_copy(update={"front": "subcarrier"})})
    channel, csa, capacity = params.channel, params.csa, params.points.capacity
    _, ue, _ = csi_parts(params)
    row = part_row(params, "csi", ue)
    tokens, width = channel.subcarriers, csa.model_features
    layers = csa.trunk_layers + 2 * csa.branch_layers
    attention = layers * 2 * tokens * tokens * width
    embeddings = tokens * width * (2 * channel.rf_chains * capacity.csirs_symbols + 3 * csa.csi_features)
    heads = tokens * width * (channel.ue_antennas * channel.rf_chains + capacity.feedback_bits // 2)
    linear = layers * tokens * (4 * width * width + 2 * width * csa.mlp_features) + embeddings + heads
    assert row["multiply_additions"] == channel.users * (linear + attention)
    assert row["counted_by_torch"] == channel.users * linear
    assert row["method"] == "graph"
    assert row["parameters"] == channel.users * sum(weight.numel() for weight in ue.module.parameters())
    assert row["elementwise"] > 0


def test_a_shared_part_is_counted_once_for_all_groups(smoke):
    layer = torch.nn.Linear(4, 3)
    part = Part("layer", "UE", layer, (torch.rand(1, 4),), calls=2, shared="layer")
    shared = {}
    row = part_row(smoke, "csi", part, shared)
    assert row["multiply_additions"] == row["counted_by_torch"] == 2 * 12
    # The second group takes the numbers of the first, without calling the module.
    unused = Part("layer", "UE", None, (), calls=2, shared="layer")
    assert part_row(smoke, "acquisition", unused, shared) == {**row, "group": "acquisition", "front": ""}


def test_a_scheme_is_the_sum_of_its_parts_and_the_largest_of_their_peaks():
    parts = [
        made_part_row("csi", "ue", "subcarrier", products=10, parameters=3, memory=100),
        made_part_row("csi", "ue", "beamspace", products=1, parameters=2, memory=700),
        made_part_row("fusion", "bs", products=1000, parameters=30, memory=400),
        made_part_row("mfnet", "mfnet", products=5, parameters=7, memory=11),
    ]
    rows = {(row["scheme"], row["front"]): row for row in scheme_rows(parts)}
    assert set(rows) == {("noma", "subcarrier"), ("noma", "beamspace"), ("mfnet", "")}
    assert rows["noma", "subcarrier"]["flops"] == 2020
    assert rows["noma", "subcarrier"]["parameters"] == 33
    assert rows["noma", "subcarrier"]["activation_bytes"] == 400
    assert rows["noma", "beamspace"]["activation_bytes"] == 700


@pytest.mark.parametrize("reader", ["subcarriers", "products"])
def test_what_a_bs_does_before_it_reads_a_block_is_counted(smoke, reader):
    def mixing(kind):
        params = altered(smoke, joint={"reader": kind})
        groups = dict(other_groups(params))
        return [
            part_row(params, group, part)
            for group in ("fusion", "fusion oma")
            for part in groups[group]
            if part.name == "block mixing"
        ]

    assert mixing("linear") == []
    for row in mixing(reader):
        assert row["multiply_additions"] > 0
        assert row["parameters"] > 0
    assert len(mixing(reader)) == 2
