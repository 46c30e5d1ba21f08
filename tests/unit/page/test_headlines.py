"""The summary's numbers: the proposals of the table of schemes, their ceiling and their best rivals."""

import pytest
from fixtures import report_results

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.evaluation.rows import ResultRow
from cscsanet.page.headlines import PROPOSALS, best_separated, headlines
from cscsanet.page.rows import RowIndex

POINT = OperatingPoint(**report_results.HOME)


def index(*left_out):
    rows = [ResultRow(**row) for row in report_results.sweeps()]
    return RowIndex([row for row in rows if row.scheme not in left_out])


def test_each_proposal_has_its_share_of_the_ceiling_and_its_lead_over_the_best_rivals():
    lines = headlines(index(), POINT)
    assert PROPOSALS == ["noma", "noma-aligned", "noma-tracked"]
    # The last was not measured here.
    assert [line.row.scheme for line in lines] == PROPOSALS[:2]
    for line in lines:
        assert line.ceiling.scheme == "ideal"
        over = [row.miou - line.floor.miou for row in (line.row, line.ceiling)]
        assert line.share == pytest.approx(over[0] / over[1])
        assert line.floor.scheme == "constant"
        assert [(rival.title, rival.row.scheme) for rival in line.rivals] == [
            ("best separated scheme", "dlcsi-dl"),
            ("best with perfect initial CSI", "perfect-dl"),
        ]
        assert all(rival.lead == line.row.miou - rival.row.miou for rival in line.rivals)


def test_a_scheme_that_was_not_measured_is_left_out():
    lines = headlines(index("noma", "ideal", "perfect-dl", "perfect-pca"), POINT)
    assert [line.row.scheme for line in lines] == ["noma-aligned"]
    assert lines[0].share is None
    assert [rival.title for rival in lines[0].rivals] == ["best separated scheme"]


@pytest.mark.parametrize("missing", ["ideal", "constant"])
def test_there_is_no_share_without_a_ceiling_or_a_floor(missing):
    assert all(line.share is None for line in headlines(index(missing), POINT))


def test_the_best_separated_scheme_may_have_perfect_csi():
    assert best_separated(index(), POINT).scheme == "perfect-dl"
    assert best_separated(index("perfect-dl", "perfect-pca", "dlcsi-dl"), POINT).scheme == "dlcsi-pca"
