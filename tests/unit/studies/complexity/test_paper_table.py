"""The paper's Table II beside our parts."""

from fixtures.complexity import made_part_row

from cscsanet.studies.complexity.paper_table import TABLE_II, beside_ours


def test_the_papers_rows_are_compared_with_its_own_front_end():
    parts = [
        made_part_row("csi", "ue", "subcarrier", products=10),
        made_part_row("csi", "ue", "beamspace", products=1),
        *(
            made_part_row(group, "some", products=1, parameters=1, memory=1)
            for printed in TABLE_II
            for group in printed["groups"]
            if group != "csi"
        ),
    ]
    beside = beside_ours(parts)
    assert beside[0]["multiply_additions"] == 10
    # Every weight in use costs a multiply-addition or more, so fewer FLOPs than parameters are impossible.
    impossible = [row["title"] for row in beside if row["paper_flops_per_parameter"] < 1]
    assert impossible == ["DL-based CSI acquisition"]
