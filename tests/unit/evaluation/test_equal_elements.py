"""Comparisons at equal elements: blocks that take turns, and weighted sums over them."""

from dataclasses import replace

import pytest
import yaml

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params, profile_text
from cscsanet.config.schemes import FLOOR
from cscsanet.evaluation.equal_elements import (
    Blocks,
    NoEqualBlocksError,
    blocks,
    has_dmrs,
    points_for_equal_elements,
)
from cscsanet.evaluation.evidence import Condition

POINT = OperatingPoint(-25.0, 8, 1024, 4)
EVERY = Blocks(64, 2, (1, 2, 3, 4, 5))


@pytest.fixture(scope="module")
def params():
    return Params.model_validate(yaml.safe_load(profile_text("small")))


def elements_of(terms):
    return sum(weight * EVERY.elements(each.scheme, each.point.data_symbols) for weight, each in terms)


def test_a_separated_design_has_a_third_as_many_elements_again():
    assert [EVERY.elements("noma", q) for q in (1, 2, 3, 4, 5)] == [64, 128, 192, 256, 320]
    assert [EVERY.elements("dlcsi-pca", q) for q in (1, 2, 3, 4, 5)] == [86, 172, 256, 342, 428]
    assert has_dmrs("digital-coded")
    assert not has_dmrs("digital-ideal")
    assert not has_dmrs("dlcsi-pca-lean")
    assert not has_dmrs(FLOOR)


@pytest.mark.parametrize("name", ["noma", "oma", "dlcsi-pca", "digital-ideal", "dlcsi-pca-lean"])
@pytest.mark.parametrize("data_symbols", [1, 2, 3, 4, 5])
def test_blocks_take_turns_so_that_all_have_as_many_elements(name, data_symbols):
    common = EVERY.common(("noma", "dlcsi-pca"), data_symbols)
    assert common == max(64 * data_symbols, 86)
    terms = EVERY.shared(name, replace(POINT, data_symbols=data_symbols), common)
    assert sum(weight for weight, _ in terms) == pytest.approx(1)
    assert all(weight > 0 for weight, _ in terms)
    assert elements_of(terms) == pytest.approx(common)
    assert {(each.point.snr_db, each.point.csirs_symbols) for _, each in terms} == {(-25.0, 8)}


def test_three_payload_symbols_of_a_separated_design_are_four_of_csc_sa_net():
    ((weight, condition),) = EVERY.shared("dlcsi-pca", POINT, 256)
    assert (weight, condition.point.data_symbols) == (1.0, 3)


def test_a_lead_is_at_equal_elements_where_one_of_two_schemes_has_dmrs():
    lead = [(1.0, Condition("noma", POINT)), (-1.0, Condition("dlcsi-pca", POINT, "seed-2"))]
    equal = EVERY.equal(lead)
    assert equal == [
        (1.0, Condition("noma", POINT)),
        (-1.0, Condition("dlcsi-pca", replace(POINT, data_symbols=3), "seed-2")),
    ]
    small = [(weight, each._replace(point=replace(POINT, data_symbols=1))) for weight, each in lead]
    assert elements_of([term for term in EVERY.equal(small) if term[0] > 0]) == pytest.approx(86)


@pytest.mark.parametrize("pair", [("noma", "oma"), ("dlcsi-pca", "perfect-pca"), ("noma", "dlcsi-pca-lean")])
def test_schemes_with_the_same_blocks_are_compared_as_they_are(pair):
    lead = [
        (1.0, Condition(pair[0], POINT)),
        (-1.0, Condition(pair[1], POINT)),
        (0.5, Condition(FLOOR, POINT)),
    ]
    assert EVERY.equal(lead) == lead


def test_no_blocks_that_are_measured_may_have_as_many_elements():
    few = Blocks(64, 2, (4,))
    with pytest.raises(NoEqualBlocksError, match="no blocks of noma with 342 elements"):
        few.equal([(1.0, Condition("noma", POINT)), (-1.0, Condition("dlcsi-pca", POINT))])


def test_all_points_that_comparisons_need_are_measured(params):
    panel = replace(POINT, data_symbols=1)
    assert points_for_equal_elements(params, "noma", [panel]) == [panel, replace(POINT, data_symbols=2)]
    assert points_for_equal_elements(params, "perfect-pca", [POINT]) == [
        POINT,
        replace(POINT, data_symbols=3),
    ]
    assert points_for_equal_elements(params, "mfnet", [POINT]) == [POINT]
    alone = params.evaluation.model_copy(update={"schemes": ("noma", "oma")})
    only = params.model_copy(update={"evaluation": alone})
    assert points_for_equal_elements(only, "noma", [panel]) == [panel]
    assert blocks(params) == EVERY
