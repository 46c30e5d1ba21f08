"""Formulas against the code that they are of, parts against hand counts, and sums."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from cscsanet.channel.paths import draw_paths
from cscsanet.deployment import complexity, formulas
from cscsanet.deployment.complexity import SCHEMES, scheme_rows
from cscsanet.deployment.paper_table import TABLE_II, beside_ours
from cscsanet.deployment.parts import acquisition_parts, codec_parts, csi_parts, fusion_parts
from cscsanet.separated.known_channel import true_channel
from cscsanet.separated.pca import channel_beams
from cscsanet.separated.resource_grid import resource_grid


def with_front(params, front):
    return params.model_copy(update={"csa": params.csa.model_copy(update={"front": front})})


def row(group, part, front="", sizes="smoke", **figures):
    made = dict.fromkeys(complexity.PartRow.__annotations__)
    return {**made, "sizes": sizes, "front": front, "group": group, "part": part, **figures}


def counted(products, parameters=0, memory=None):
    return {
        "multiply_additions": products,
        "flops": 2 * products,
        "parameters": parameters,
        "activation_bytes": memory,
    }


def test_principal_components_take_the_products_that_the_formula_has(smoke, seeded):
    channel = smoke.channel
    truth = true_channel(draw_paths(1, channel, seeded), 1, channel)
    one = type(truth)(*(part[:1] for part in truth))
    with FlopCounterMode(display=False) as counter:
        channel_beams(one, channel)
    # The counter takes a complex multiply-addition for one, and knows nothing of decompositions.
    assert formulas.pca_products(smoke) == 4 * counter.get_total_flops() // 2
    assert formulas.pca_decompositions(smoke) > 0


def test_the_payload_and_its_dmrs_are_those_of_the_grid(smoke):
    for data_symbols in (1, 2, 3, 5):
        grid = resource_grid(data_symbols, smoke.channel.subcarriers, smoke.channel.users)
        found = formulas.payload_and_dmrs(smoke, data_symbols)
        assert found == (len(grid.data), len(grid.pilots[0]))


def test_detection_solves_two_equations_at_each_element(smoke):
    elements, _ = formulas.payload_and_dmrs(smoke, 1)
    # Of two UEs at two chains: covariance 2 x 2 x 2, equations 8 / 3 + 4, and 2 x 2 to apply; four real ones each.
    assert formulas.detection(smoke, 1) == pytest.approx(elements * (32 + 4 * (8 / 3 + 4) + 16), rel=0.02)


def test_the_transformers_of_the_papers_front(smoke):
    """Every product by hand; PyTorch's counter misses the two of attention."""
    params = with_front(smoke, "subcarrier")
    channel, csa, capacity = params.channel, params.csa, params.points.capacity
    _, ue, _ = csi_parts(params)
    found = complexity._measured(params, "csi", ue)
    tokens, width = channel.subcarriers, csa.model_features
    layers = csa.trunk_layers + 2 * csa.branch_layers
    attention = layers * 2 * tokens * tokens * width
    embeddings = tokens * width * (2 * channel.rf_chains * capacity.csirs_symbols + 3 * csa.csi_features)
    heads = tokens * width * (channel.ue_antennas * channel.rf_chains + capacity.feedback_bits // 2)
    own = layers * tokens * (4 * width * width + 2 * width * csa.mlp_features) + embeddings + heads
    assert found["multiply_additions"] == channel.users * (own + attention)
    assert found["counted_by_torch"] == channel.users * own
    assert found["method"] == "graph"
    assert found["parameters"] == channel.users * sum(weight.numel() for weight in ue.module.parameters())
    assert found["elementwise"] > 0


def test_every_part_can_be_called(smoke):
    for parts in (
        csi_parts(with_front(smoke, "beamspace"), "learned"),
        fusion_parts(smoke, "oma"),
        acquisition_parts(smoke),
        codec_parts(smoke),
    ):
        for part in parts:
            with torch.no_grad():
                part.module.eval()(*part.inputs)


def test_every_group_of_a_scheme_is_counted(smoke):
    beamspace = with_front(smoke, "beamspace")
    groups = {name for name, _ in (*complexity._csi_groups(beamspace), *complexity._groups(smoke))}
    groups |= {found["group"] for found in complexity._by_formula(smoke)}
    assert {group for needed in SCHEMES.values() for group in needed} <= groups
    assert {group for printed in TABLE_II for group in printed["groups"]} <= groups


def test_a_scheme_is_the_sum_of_its_parts_and_the_largest_of_their_peaks():
    parts = [
        row("csi", "ue", "subcarrier", **counted(10, 3, 100)),
        row("csi", "ue", "beamspace", **counted(1, 2, 700)),
        row("fusion", "bs", **counted(1000, 30, 400)),
        row("mfnet", "mfnet", **counted(5, 7, 11)),
    ]
    found = {(made["scheme"], made["front"]): made for made in scheme_rows(parts)}
    assert set(found) == {("noma", "subcarrier"), ("noma", "beamspace"), ("mfnet", "")}
    assert found["noma", "subcarrier"]["flops"] == 2020
    assert found["noma", "subcarrier"]["parameters"] == 33
    assert found["noma", "subcarrier"]["activation_bytes"] == 400
    assert found["noma", "beamspace"]["activation_bytes"] == 700


def test_the_papers_rows_stand_beside_ours_of_its_own_front():
    parts = [
        row("csi", "ue", "subcarrier", **counted(10, 3, 100)),
        row("csi", "ue", "beamspace", **counted(1, 2, 700)),
        *(
            row(group, "some", **counted(1, 1, 1))
            for printed in TABLE_II
            for group in printed["groups"]
            if group != "csi"
        ),
    ]
    beside = beside_ours(parts)
    assert beside[0]["multiply_additions"] == 10
    # Weights that are used cost a multiply-addition each, or more: fewer FLOPs than parameters cannot be.
    impossible = [made["title"] for made in beside if made["paper_flops_per_parameter"] < 1]
    assert impossible == ["DL-based CSI acquisition"]
