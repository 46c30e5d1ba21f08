"""Contradictions between sections are found at load, before anything is made or trained."""

import re

import pytest
from fixtures.params import altered
from pydantic import ValidationError

from cscsanet.config.codeword import most_feedback_bits
from cscsanet.errors import CscsanetError
from cscsanet.networks.beamspace.direction_code import codeword_order
from cscsanet.networks.quantiser import BITS_PER_FEATURE
from cscsanet.scene_sources.split import temporal_split


@pytest.mark.parametrize("beams", [32, 48, 256])
@pytest.mark.parametrize("paths", [1, 2, 4])
def test_the_largest_b_is_what_the_codeword_of_the_beamspace_front_holds(paths, beams):
    assert most_feedback_bits(paths, beams) == BITS_PER_FEATURE * codeword_order(paths, beams).length


HOME = {"snr_db": -25.0, "csirs_symbols": 8, "feedback_bits": 64, "data_symbols": 1}
SUBCARRIER = {"csa": {"front": "subcarrier"}}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (SUBCARRIER, "physical.coherence_weight = 0.3: must be 0, since csa.front = subcarrier searches no"),
        (
            {"points": {"feedback_bits": [16, 64, 256]}, "csa": {"aoa_beams": 32}},
            "points.feedback_bits = [16, 64, 256]: must be at most 156 with csa.front = beamspace, "
            "csa.aoa_beams = 32 and channel.rf_chains = 2",
        ),
        ({"csa": {"aod_beams": 9}}, "multiple of 2"),
        (
            {"channel": {"doppler": "uniform", "source": "tr38901"}},
            "channel.doppler = uniform: must be angle with channel.source = tr38901, whose paths have Doppler shifts",
        ),
        (
            {"scenes": {"height": 24, "width": 32}},
            "scenes.height x scenes.width = 24 x 32: must be multiples of 16, since MFNet halves both",
        ),
        (
            {"split": {"train": 0.8, "val": 0.15}, "scenes": {"sequences": 8}},
            "split.train = 0.8, split.val = 0.15: leave no sequence for the validation part, of "
            "scenes.sequences / 2 = 4",
        ),
        (
            {"split": {"train": 0.5, "val": 0.05}},
            "leave no sequence for the validation part, of scenes.sequences / 2 = 8",
        ),
        ({"split": {"train": 0.05}}, "leave no sequence for the training part"),
        (
            SUBCARRIER | {"physical": {"coherence_weight": 0}, "evaluation": {"pictured": ["noma-aligned"]}},
            "evaluation.pictured = ['noma-aligned']: holds no other, and csa.front = subcarrier searches no",
        ),
        ({"acquisition": {"snr_db": [10.0, -30.0]}}, "must be [lowest, highest]"),
        ({"codec": {"snr_db": [25.0, 0.0]}}, "must be [lowest, highest]"),
        ({"evaluation": {"data_symbols": [4, 1]}}, "must rise; write [1, 4]"),
        ({"alignment": {"speeds_kmh": [250.0, 0.0]}}, "must rise; write [0.0, 250.0]"),
        ({"study": {"snr_db": [10.0, -25.0]}}, "must rise"),
        (
            {"semantic": {"noise_snr_db": [0.0, 20.0], "points_per_batch": 1}},
            "semantic.points_per_batch = 1: must be even with semantic.noise_snr_db = [0.0, 20.0]",
        ),
        (
            {"repeats": {"reseeded": ["acquisition", "precoding"]}},
            "must also hold feedback, which is trained between acquisition and precoding; else precoding would mix",
        ),
        ({"recipe": {"clip_norm": True}}, "must be a number; true and false are none"),
        ({"semantic": {"noise_snr_db": ["0", 20.0]}}, "must be a number, and is text"),
    ],
)
def test_a_contradiction_names_the_key_the_value_and_what_to_write(smoke, changes, says):
    with pytest.raises(ValidationError, match=re.escape(says)):
        altered(smoke, **changes)


@pytest.mark.parametrize("frames", [1, 2, 5])
@pytest.mark.parametrize("sequences", [8, 16, 24])
@pytest.mark.parametrize(("train", "val"), [(0.5, 0.25), (0.8, 0.1), (0.6, 0.39), (0.1, 0.8), (0.7, 0.2)])
def test_a_rendered_split_is_refused_just_where_it_would_fail(smoke, frames, sequences, train, val):
    names = [f"{index:05d}{half}" for half in "DN" for index in range(sequences // 2 * frames)]
    groups = {name: f"{name[-1]}{int(name[:-1]) // frames}" for name in names}
    changes = {
        "split": {"train": train, "val": val},
        "scenes": {"sequences": sequences, "frames_per_sequence": frames},
    }
    try:
        temporal_split(names, train, val, groups)
    except CscsanetError:
        with pytest.raises(ValidationError, match="leave no sequence"):
            altered(smoke, **changes)
    else:
        altered(smoke, **changes)


def test_weights_from_elsewhere_are_not_measured_by_the_pipeline(smoke):
    schemes = [*smoke.evaluation.schemes, "mfnet-imported"]
    with pytest.raises(ValueError, match="'mfnet-imported' has weights that 'dvc repro' does not make"):
        altered(smoke, evaluation={"schemes": schemes})


@pytest.mark.parametrize(
    "changes",
    [
        SUBCARRIER | {"physical": {"coherence_weight": 0}},
        {"csa": {"aoa_beams": 32}},
        {"split": {"train": 0.74, "val": 0.12}},
        {"split": {"train": 0.8, "val": 0.1}, "scenes": {"source": "mfnet", "sequences": 8}},
        {"evaluation": {"swept": ["noma", "oma", "dlcsi-pca", "perfect-pca", "noma-stage2"]}},
        {"evaluation": {"panels": [4]}},
        # One Q: a dedicated model.
        {
            "points": {"data_symbols": [1]},
            "evaluation": {"data_symbols": [1], "panels": [1], "home": HOME},
            "alignment": {"data_symbols": [1]},
            "repeats": {"dedicated": [HOME]},
        },
    ],
)
def test_what_fits_together_loads(smoke, changes):
    altered(smoke, **changes)
