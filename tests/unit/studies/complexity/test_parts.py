"""The parts of every group can be called, and every scheme finds its groups."""

import pytest
import torch

from cscsanet.baselines.digital.bit_codec import BitCodec
from cscsanet.baselines.digital.bit_prior import BitPrior
from cscsanet.studies.complexity.count import SCHEMES, formula_rows, part_row
from cscsanet.studies.complexity.paper_table import TABLE_II
from cscsanet.studies.complexity.parts import csi_groups, other_groups


def groups(params):
    beamspace = params.model_copy(update={"csa": params.csa.model_copy(update={"front": "beamspace"})})
    return {name: list(parts) for name, parts in (*csi_groups(beamspace), *other_groups(params))}


def test_every_part_can_be_called(smoke):
    for parts in groups(smoke).values():
        for part in parts:
            with torch.no_grad():
                part.module.eval()(*part.inputs)


def test_every_group_of_a_scheme_and_of_the_paper_is_counted(smoke):
    names = set(groups(smoke)) | {row["group"] for row in formula_rows(smoke)}
    assert {group for scheme_groups in SCHEMES.values() for group in scheme_groups} <= names
    assert {group for printed in TABLE_II for group in printed["groups"]} <= names


def test_the_probabilities_of_bits_are_computed_at_both_ends_and_learned_once(smoke):
    rows = [part_row(smoke, "bits", part) for part in groups(smoke)["bits"]]
    costs = {
        end: sum(row["multiply_additions"] for row in rows if row["part"].endswith(end))
        for end in ("UE", "BS")
    }
    assert costs["UE"] == costs["BS"] > 0
    learned = (*BitCodec(smoke).parameters(), *BitPrior(smoke).parameters())
    assert sum(row["parameters"] for row in rows) == sum(weight.numel() for weight in learned)


@pytest.mark.parametrize("group", ["csi", "csi aligned", "acquisition", "codebook"])
def test_the_path_search_is_one_shared_part(group, smoke):
    searches = [part for part in groups(smoke)[group] if part.name == "path search"]
    assert [part.shared for part in searches] == ["path search"]
    assert searches[0].as_graph
