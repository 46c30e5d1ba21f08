"""The table of schemes: complete rows, and one-line errors for names that params.yaml cannot use."""

from pathlib import Path
from typing import get_args

import pytest
import yaml

from cscsanet.config.params import load_params, profile_text
from cscsanet.config.schemes import FLOOR_LOOK, SCHEMES, Form, last_trainings, proposal, scheme, schemes_of
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.schemes import BUILD
from cscsanet.workflow.code import find_script, stage_code


def test_every_scheme_has_a_row_and_a_builder():
    assert BUILD.keys() == SCHEMES.keys()


def test_whatever_a_figure_over_an_axis_can_show_has_a_look_of_the_right_kind():
    for name, row in SCHEMES.items():
        if row.over_air:
            assert row.look, name
            assert row.look.marker, name
            assert not row.look.dashes, name
        elif row.role == "ceiling":
            assert row.look, name
            assert row.look.dashes, name
    assert FLOOR_LOOK.dashes


TRACKED = ("noma_tracked", "oma_tracked", "codec_lean")


def test_no_two_curves_look_alike_even_in_grey():
    looks = [(row.look.marker, row.look.filled) for row in SCHEMES.values() if row.over_air]
    assert len(set(looks)) == len(looks)


def test_the_forms_of_csc_sa_net_are_found_by_access_and_form():
    assert [proposal("noma", form) for form in get_args(Form)] == ["noma", "noma-aligned", "noma-tracked"]
    assert [proposal("oma", form) for form in get_args(Form)] == ["oma", "oma-aligned", "oma-tracked"]
    assert schemes_of("proposal") == ["noma", "noma-aligned", "oma", "oma-aligned"]
    assert schemes_of("estimated", "perfect", among=("perfect-pca", "dlcsi-dl")) == [
        "dlcsi-dl",
        "perfect-pca",
    ]


def test_a_training_that_can_be_repeated_is_one_that_some_scheme_uses():
    assert last_trainings() == [
        "noma",
        "noma_aligned",
        "oma",
        "oma_aligned",
        "codec_link",
        *TRACKED,
        "digital_prior",
    ]
    assert all(row.last_training in (None, *row.weights.values()) for row in SCHEMES.values())


def test_an_old_name_leads_to_the_new_one():
    with pytest.raises(CscsanetError, match="it is called 'noma-stage2' now"):
        scheme("noma-glued")


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("evaluation.schemes", ["noma-glued"], "it is called 'noma-stage2' now"),
        ("evaluation.schemes", ["nomaa"], "did you mean 'noma'? Choose one of ideal, noma, "),
        ("evaluation.swept", ["noma", "mfnet"], "swept = ['noma', 'mfnet']: 'mfnet' has no channel to sweep"),
        ("evaluation.swept", ["ideal"], "'ideal' has no channel to sweep"),
        ("deployment.exported", ["codebook"], "'codebook' must be one of noma, noma-aligned, oma"),
        ("deployment.timed", "noma", "'noma' must be one of noma-aligned, oma-aligned"),
        ("repeats.reseeded", ["mfnet"], "'mfnet' must be one of semantic, physical"),
    ],
)
def test_a_scheme_that_cannot_be_used_is_refused_when_params_yaml_is_read(tmp_path, key, value, says):
    content = yaml.safe_load(profile_text("smoke"))
    section, name = key.split(".")
    content[section][name] = value
    file = tmp_path / "params.yaml"
    file.write_text(yaml.safe_dump(content))
    with pytest.raises(CscsanetError) as error:
        load_params(file)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_networks_without_joint_training_can_be_swept(tmp_path):
    content = yaml.safe_load(profile_text("smoke"))
    content["evaluation"]["swept"] = ["noma", "noma-stage2"]
    file = tmp_path / "params.yaml"
    file.write_text(yaml.safe_dump(content))
    assert load_params(file).evaluation.swept == ("noma", "noma-stage2")


@pytest.mark.parametrize("stage", ["semantic", "physical", "noma", "repeats"])
def test_a_new_scheme_or_another_colour_reruns_no_training(stage):
    root = Path(__file__).parents[3]
    code = stage_code(find_script(root / "stages", stage), stage, root / "src")
    assert "cscsanet.config.schemes:SCHEMES" not in code.definitions
