"""The variants of params.yaml: what they may change, and errors that name the variant and the key."""

import math
import re

import pytest
from fixtures.params import altered

from cscsanet.config.assumptions import JUDGED, VariantParams, variant_params
from cscsanet.config.schemes import SCHEMES


def with_variants(params, *variants):
    return altered(params, assumptions={"variants": [{"what": "other", **each} for each in variants]})


def variant(**fields):
    return VariantParams(**{"name": "other", "what": "other", **fields})


def test_a_variant_changes_its_values_alone(smoke):
    changed = variant_params(smoke, variant(params={"channel.max_delay": 0.0, "joint.reader": "products"}))
    assert (changed.channel.max_delay, changed.joint.reader) == (0.0, "products")
    assert changed.channel.paths == smoke.channel.paths
    assert changed.physical == smoke.physical
    assert changed.evaluation.home == smoke.evaluation.home


def test_csi_rs_without_noise_contradict_no_study_of_theirs(smoke):
    changed = variant_params(smoke, variant(params={"channel.bs_power_offset_db": math.inf}))
    assert math.isinf(changed.channel.bs_power_offset_db)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        (
            {"params": {"evaluation.snr_db": [0.0]}},
            "'evaluation.snr_db' must be section.key, with a section of channel",
        ),
        ({"params": {"channel": 3}}, "'channel' must be section.key"),
        ({"params": {"channel.max_dely": 0.0}}, "assumptions.variants, other: channel.max_dely: unknown key"),
        ({"params": {"channel.max_delay": -1.0}}, "assumptions.variants, other: channel.max_delay: "),
        (
            {"params": {"joint.epochs": "many"}},
            "assumptions.variants, other: joint.epochs: must be a whole number",
        ),
        ({"params": {"points.snr_db": [-60.0, 0.0]}}, "assumptions.variants, other: physical.snr_db"),
        (
            {"snr_offset_db": -50.0},
            "assumptions.variants, other: snr_offset_db = -50: takes evaluation.snr_db = -25",
        ),
        (
            {"name": "as-here"},
            "assumptions.variants, as-here: the name is that of the parameters as they are",
        ),
        ({"name": "Over/../there"}, "pattern"),
    ],
)
def test_a_fault_is_one_line_that_names_it(smoke, fields, fault):
    with pytest.raises(ValueError, match=re.escape(fault)):
        with_variants(smoke, {"name": "other", **fields})


def test_two_variants_of_one_name_are_refused(smoke):
    fault = re.escape("assumptions.variants, same: the name is of two variants; rename it")
    with pytest.raises(ValueError, match=fault):
        with_variants(smoke, {"name": "same"}, {"name": "same", "what": "another"})


def test_what_is_judged_are_schemes_that_can_be_swept():
    assert set(JUDGED) <= set(SCHEMES)
    assert all(SCHEMES[name].over_air for name in JUDGED)


def test_a_project_without_any_judged_scheme_needs_no_variants(smoke):
    fields = {"schemes": ("codebook",), "swept": ("codebook",), "pictured": ("codebook",)}
    with pytest.raises(ValueError, match=r"evaluation\.swept = .*must hold some of noma"):
        altered(smoke, evaluation=fields)
    assert altered(smoke, evaluation=fields, assumptions={"variants": ()}).evaluation.swept == ("codebook",)
