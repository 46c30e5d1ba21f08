"""params.yaml: profiles, and one-line errors that name the key, the value and the remedy."""

import json
from pathlib import Path

import pytest
import yaml
from fixtures.params import altered
from pydantic import ValidationError

from cscsanet.config.params import PROFILES, Params, digest, load_params, profile_text, select
from cscsanet.config.run_params import seed_notes, seeds_of_repeats
from cscsanet.errors import CscsanetError

ROOT = Path(__file__).parents[3]
POINT = {"snr_db": -25.0, "csirs_symbols": 8, "feedback_bits": 64, "data_symbols": 4}


def changed(tmp_path: Path, path: str, value: object) -> Path:
    content = yaml.safe_load(profile_text("smoke"))
    *sections, key = path.split(".")
    section = content
    for name in sections:
        section = section[name]
    section[key] = value
    file = tmp_path / "params.yaml"
    file.write_text(yaml.safe_dump(content))
    return file


def test_the_committed_file_is_what_the_study_profile_writes():
    assert (ROOT / "params.yaml").read_text() == profile_text("study")


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_loads_and_names_itself(name, tmp_path):
    (tmp_path / "params.yaml").write_text(profile_text(name))
    params = load_params(tmp_path / "params.yaml")
    assert params.profile == name
    assert params.scenes.height == 3 * params.msf.latent_height * 2**params.halvings
    assert params.scenes.width == 4 * params.msf.latent_width * 2**params.halvings


@pytest.mark.parametrize("name", PROFILES)
def test_checks_of_parameters_change_no_value(name):
    """The code digest of a stage leaves the checks out, so they must return what they are given."""
    content = yaml.safe_load(profile_text(name))
    parsed = Params.model_validate(content).model_dump()
    for variant in content["assumptions"]["variants"]:
        variant.setdefault("snr_offset_db", 0.0)
    assert json.loads(json.dumps(parsed)) == json.loads(json.dumps(content))


def test_the_paper_profile_has_the_paper_s_sizes(tmp_path):
    (tmp_path / "params.yaml").write_text(profile_text("paper"))
    params = load_params(tmp_path / "params.yaml")
    assert (params.scenes.height, params.scenes.width) == (480, 640)
    assert (params.channel.bs_antennas, params.channel.ue_antennas, params.channel.rf_chains) == (64, 8, 2)
    assert (params.channel.subcarriers, params.msf.latent_height, params.msf.latent_width) == (100, 10, 10)
    assert (params.msf.semantic_features, params.msf.context_features) == (64, 16)
    assert (params.semantic.batch_size, params.physical.batch_size, params.joint.batch_size) == (16, 128, 16)
    assert params.semantic.learning_rate == params.joint.learning_rate == 1e-4
    # The paper's own physical layer is trained beside ours, at its rate and for its 100 000 steps.
    assert params.study.subcarrier_learning_rate == 1e-4
    assert params.study.subcarrier_epochs * params.physical.steps_per_epoch == 100_000


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("channel.bs_antenas", 64, "channel.bs_antenas: unknown key; did you mean 'bs_antennas'?"),
        ("channel.colour", 64, "channel.colour: unknown key; remove it or correct its spelling"),
        ("channel.bs_antennas", 1, "channel.bs_antennas = 1: input should be greater than or equal to 2"),
        ("channel.bs_antennas", "many", "channel.bs_antennas = 'many'"),
        ("channel.rf_chains", 9, "rf_chains = 9: must be at most 8"),
        ("channel.subcarriers", 15, "must be channel.subcarriers = 15"),
        ("points.feedback_bits", [7], "points.feedback_bits.0 = 7: must be a multiple of 2"),
        ("points.snr_db", [0.0, -5.0], "must be [lowest, highest]"),
        ("study.dedicated", [[3, 64]], "study.dedicated = [3, 64]: 3 must be among points.csirs_symbols"),
        ("alignment.data_symbols", [2], "must be among points.data_symbols = [1, 4]"),
        ("study.bs_power_offset_db", [0.0], "must hold channel.bs_power_offset_db = 20"),
        ("study.drops", 10**6, "study.drops = 1000000: must be at most channel.test_drops"),
        (
            "points.snr_db",
            [-25.0, 20.0],
            "physical.snr_db = [-30.0, 10.0]: must cover points.snr_db = [-25.0, 20.0]",
        ),
        ("points.csirs_symbols", [], "points.csirs_symbols = []"),
        ("repeats.seeds", [2, 2], "repeats.seeds = [2, 2]: 2 is there twice; name each entry once"),
        ("evaluation.swept", ["mfnet-imported"], "'mfnet-imported' must be among evaluation.schemes"),
        ("evaluation.panels", [4, 1], "evaluation.panels = [4, 1]: must rise; write [1, 4]"),
        ("evaluation.csirs_symbols", [2], "csirs_symbols = [2]: must hold home.csirs_symbols = 8"),
        ("evaluation.data_symbols", [1, 4, 9], "evaluation.data_symbols = [1, 4, 9]: must be at most 4"),
        ("split.val", 0.6, "must be below 1, to leave a test part"),
        ("scenes.height", 50, "scenes.height x scenes.width = 50 x 64"),
        ("scenes.source", "kitti", "scenes.source = 'kitti'"),
        ("semantic.learning_rate", -1, "semantic.learning_rate = -1"),
        ("csa.heads", 5, "must be a multiple of 2 x heads = 10"),
        ("seed", -1, "seed = -1"),
        ("channel.max_delay", float("inf"), "channel.max_delay = inf"),
        ("evaluation.schemes", ["nomaa"], "evaluation.schemes = ['nomaa']: scheme 'nomaa': there is none"),
        ("scenes.folder", "", "scenes.folder = ''"),
        ("split.by", "lists", "split.by = lists: must be time with scenes.source = rendered"),
        ("channel.near_far_db", 3.0, "near_far_db = [0.0, 0.0]: must hold channel.near_far_db = 3"),
        (
            "training_channel.interferer_db",
            [0.0, 9.0],
            "interferer_db = [0.0, 9.0]: must hold channel.interferer_db = null",
        ),
        ("channel.source", "ray", "channel.source = 'ray'"),
        ("channel.tr38901_model", "CDL-F", "channel.tr38901_model = 'CDL-F'"),
        ("channel.delay_spread_ns", 0, "channel.delay_spread_ns = 0"),
        ("channel.file", "", "channel.file = ''"),
        ("channel.strongest_paths", 8, "strongest_paths = 8: must be null with source = drawn"),
        ("scenes.thermal_range", [0, 9], "thermal_range = [0.0, 9.0]: must be null with source = rendered"),
        ("scenes.thermal_range", [0], "scenes.thermal_range"),
        ("scenes.thermal_range", [0, float("nan")], "scenes.thermal_range.1 = nan"),
        ("scenes.absent_classes", ["bump"], "absent_classes = ['bump']: must be [] with source = rendered"),
        (
            "scenes.absent_classes",
            ["tree"],
            "absent_classes = ['tree']: 'tree' is no class of scenes.classes; name some of unlabelled, car",
        ),
        ("points.snr_db", -25.0, "points.snr_db = -25.0: must be a list of 2 values; write [-25.0, -25.0]"),
        ("points.csirs_symbols", [True, 8], "points.csirs_symbols = [True, 8]: true must be a whole number"),
        ("semantic.batch_size", "8", "semantic.batch_size = '8': must be a whole number, and is text"),
        ("channel.paths", 2.0, "channel.paths = 2.0: must be a whole number; write 2"),
        ("channel.bs_power_offset_db", float("nan"), "channel.bs_power_offset_db = nan"),
        ("channel", 5, "channel = 5: must be a section; write its keys below it"),
        ("evaluation.schemes", ["noma", "noma"], "noma is there twice"),
        ("alignment.compared", ["classical", "classical"], "classical is there twice"),
        ("repeats.dedicated", [POINT, POINT], "is there twice"),
        ("evaluation.panels", [], "evaluation.panels = []: must hold at least 1 value"),
        ("evaluation.panels", [1, 2, 4], "evaluation.panels = [1, 2, 4]: must hold at most 2 values"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_it(tmp_path, key, value, says):
    with pytest.raises(CscsanetError) as error:
        load_params(changed(tmp_path, key, value))
    assert says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("right", "misspelt", "says"),
    [
        (
            "\n  bs_antennas: ",
            "\n  bs_antenas: ",
            "channel.bs_antenas: unknown key; did you mean 'bs_antennas'?",
        ),
        (
            "\ntraining_channel:",
            "\ntraining_chanel:",
            "training_chanel: unknown key; did you mean 'training_channel'?",
        ),
        ("\n  seeds: ", "\n  further: ", "repeats.further: unknown key; remove it or correct its spelling"),
    ],
)
def test_of_a_misspelt_key_the_line_names_the_key_as_it_stands_and_the_right_one(
    tmp_path, right, misspelt, says
):
    text = profile_text("smoke")
    assert text.count(right) == 1
    path = tmp_path / "params.yaml"
    path.write_text(text.replace(right, misspelt))
    with pytest.raises(CscsanetError) as error:
        load_params(path)
    assert str(error.value) == f"{path}: {says}"


@pytest.mark.parametrize(
    ("source", "key", "value", "says"),
    [
        (
            "mfnet",
            "thermal_range",
            (0, 9),
            "must be null with source = mfnet, whose thermal values have 8 bits",
        ),
        ("msrs", "thermal_range", (9, 9), "thermal_range = [9.0, 9.0]: must be [low, high], low below high"),
        (
            "msrs",
            "absent_classes",
            ("bump", "bump"),
            "bump is there twice",
        ),
    ],
)
def test_parameters_of_recorded_datasets_that_contradict_each_other(smoke, source, key, value, says):
    with pytest.raises(ValidationError) as error:
        altered(smoke, scenes={"source": source, key: value})
    assert says in str(error.value)


def test_recorded_datasets_may_have_a_range_absent_classes_and_lists(smoke):
    scenes = {"source": "msrs", "thermal_range": (-20, 40.5), "absent_classes": ("bump", "car")}
    params = altered(smoke, scenes=scenes, split={"by": "lists"})
    assert params.scenes.thermal_range == (-20.0, 40.5)
    assert params.scenes.absent_classes == ("bump", "car")
    assert altered(smoke, scenes={"source": "mfnet"}, split={"by": "lists"}).split.by == "lists"


def test_tr_38901_has_a_range_of_carriers_and_keeps_any_number_of_paths(smoke):
    for carrier in (0.4, 101.0):
        with pytest.raises(
            ValidationError, match=r"carrier_ghz = .*: must be 0.5 to 100 with source = tr38901"
        ):
            altered(smoke, channel={"source": "tr38901", "carrier_ghz": carrier})
    kept = altered(
        smoke, channel={"source": "tr38901", "tr38901_model": "UMi", "strongest_paths": 32}
    ).channel
    assert (kept.tr38901_model, kept.strongest_paths) == ("UMi", 32)


def test_a_channel_of_an_earlier_version_is_drawn(smoke):
    keys = ("source", "tr38901_model", "delay_spread_ns", "file", "strongest_paths")
    content = smoke.model_dump()
    content["channel"] = {name: value for name, value in content["channel"].items() if name not in keys}
    assert Params.model_validate(content) == smoke


def test_a_missing_key_a_missing_file_and_no_yaml_are_told_apart(tmp_path):
    content = yaml.safe_load(profile_text("smoke"))
    del content["channel"]["paths"]
    file = tmp_path / "params.yaml"
    file.write_text(yaml.safe_dump(content))
    with pytest.raises(CscsanetError, match=r"channel\.paths: missing"):
        load_params(file)
    with pytest.raises(CscsanetError, match="cannot be read; run 'cscsanet profile small'"):
        load_params(tmp_path / "nowhere.yaml")
    file.write_text("a: [1")
    with pytest.raises(CscsanetError, match="not valid YAML"):
        load_params(file)
    file.write_text("")
    with pytest.raises(CscsanetError, match="holds no parameters"):
        load_params(file)


def test_parameters_are_frozen_and_their_digest_follows_the_content(tmp_path):
    params = load_params(changed(tmp_path, "seed", 1))
    with pytest.raises(ValueError, match="frozen"):
        params.seed = 2
    again = load_params(changed(tmp_path, "seed", 1))
    other = load_params(changed(tmp_path, "seed", 3))
    assert digest(params) == digest(again) != digest(other)


def test_parameters_are_selected_by_key_by_section_and_at_the_top(tmp_path):
    params = load_params(changed(tmp_path, "seed", 3))
    chosen = select(params, ("seed", "split", "channel.paths"))
    assert chosen == {
        "seed": 3,
        "split.by": "time",
        "split.train": 0.5,
        "split.val": 0.25,
        "channel.paths": 2,
    }


def test_noise_free_csirs_can_be_asked_for(tmp_path):
    params = load_params(changed(tmp_path, "channel.bs_power_offset_db", float("inf")))
    assert params.channel.bs_power_offset_db == float("inf")


def test_schemes_of_the_small_profile_have_equal_budgets_after_stage_1():
    """Counted in images: of Stage III, and of what orthogonal access and the separated codec have instead."""
    params = Params.model_validate(yaml.safe_load(profile_text("small")))

    def images(section, epochs=None):
        return (epochs or section.epochs) * section.steps_per_epoch * section.batch_size

    whole = images(params.joint)
    assert images(params.semantic_oma) + images(params.joint, params.joint.oma_epochs) == whole
    assert images(params.codec) + images(params.codec_link) == whole
    assert params.semantic_oma.start == params.codec.start == "semantic"


@pytest.mark.parametrize(
    ("seed", "seeds", "used"),
    [(1, (2, 3), (2, 3)), (2, (2, 3), (1, 3)), (1, (1, 2), (3, 2)), (0, (), ()), (4, (4,), (1,))],
)
def test_a_seed_that_is_in_use_makes_room_for_the_lowest_that_is_free(seed, seeds, used):
    assert seeds_of_repeats(seed, seeds) == used
    assert bool(seed_notes(seed, seeds)) == (seeds != used)
