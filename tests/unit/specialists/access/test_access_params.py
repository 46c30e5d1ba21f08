"""The parameters of activity detection: one line for every fault, and variants that change what they name."""

import pytest
import yaml

from cscsanet.config.access import AccessParams, VariantParams, load_access_params, variant_params
from cscsanet.config.params import profile_text
from cscsanet.errors import CscsanetError


@pytest.mark.parametrize("name", ["smoke", "small"])
def test_every_profile_can_be_loaded_and_has_its_variants(name, tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(profile_text(name, "access"), encoding="utf-8")
    params = load_access_params(path)
    assert params.profile == f"access-{name}"
    for variant in params.variants:
        changed = variant_params(params, variant)
        assert changed.repeats.seeds == ()
        assert changed.model_dump(exclude={"variants", "repeats"}) != params.model_dump(
            exclude={"variants", "repeats"}
        )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  devices: 16", "  devices: 0", "cell.devices = 0: input should be greater than or equal to 1"),
        ("  devices: 16", "  devises: 3\n  devices: 16", "cell.devises: unknown key"),
        (
            "preamble_length: 8 ",
            "preamble_length: 13 ",
            "preamble_length = 13: must not be above longest_preamble = 12",
        ),
        ("preamble_length: [4, 12]", "preamble_length: [4, 13]", "training_cell.preamble_length = [4, 13]"),
        ("snr_db: [-10.0, 20.0]", "snr_db: [20.0, -10.0]", "must be [lowest, highest]"),
        ("group_share: 0.8", "group_share: 0.05", "group_share = 0.05: must not be below activity = 0.1"),
        ("heads: 2", "heads: 3", "features = 8: must be a multiple of heads = 3"),
        (
            "detector.network: transformer",
            "detector.netwerk: transformer",
            "'detector.netwerk' must name a parameter",
        ),
        ("detector.network: transformer", "detector.network: lstm", "variants: paper: detector.network"),
        ("  devices: [16]", "  devices: [12]", "variants: book-learned: training_cell.devices = 12 at most"),
        ("name: paper", "name: ours", "none is ours"),
        ("reseeded: [ours, paper]", "reseeded: [theirs]", "'theirs' is no training"),
        ("name: paper", "name: book-fixed", "each must have a name of its own"),
        (
            "params: {fit.epochs: 1, detector.book: fixed}",
            "params: {cell.devices: 3}",
            "'cell.devices' must name a parameter",
        ),
    ],
)
def test_a_fault_is_one_line_that_names_it(old, new, said, tmp_path):
    text = profile_text("smoke", "access")
    assert old in text
    path = tmp_path / "params.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CscsanetError) as error:
        load_access_params(path)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_says_what_writes_it(tmp_path):
    with pytest.raises(CscsanetError, match="run 'cscsanet profile small --specialist access'"):
        load_access_params(tmp_path / "params.yaml")


def test_a_variant_changes_what_it_names_alone():
    params = AccessParams.model_validate(yaml.safe_load(profile_text("smoke", "access")))
    variant = VariantParams(name="one", what="one iteration", params={"detector.unfolded.iterations": 1})
    changed = variant_params(params, variant)
    assert changed.detector.unfolded.iterations == 1
    same = changed.model_dump()
    same["detector"]["unfolded"]["iterations"] = 2
    assert same == {**params.model_dump(), "variants": (), "repeats": {"seeds": (), "reseeded": ()}}
