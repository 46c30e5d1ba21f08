"""A variant of the parameters: what it trains anew, what it shares, and where its files are."""

import json

import pytest

from cscsanet.config.assumptions import VariantParams
from cscsanet.studies.assumptions.variant import REFERENCE, study_variants, trainings, variant_stage
from cscsanet.workflow.stage import Stage
from cscsanet.workflow.workspace import Workspace


@pytest.fixture
def stage(smoke, tmp_path):
    """A stage in a workspace with all inputs of the trainings, as far as their digests."""
    workspace = Workspace(tmp_path)
    for path in (workspace.scenes / "manifest.json", workspace.split / "split.json"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"digest": path.name}))
    for part in ("train", "val", "test"):
        workspace.drops(part).mkdir(parents=True)
        (workspace.drops(part) / "manifest.json").write_text("{}")
    for name in trainings():
        workspace.weights(name).parent.mkdir(exist_ok=True)
        workspace.weights(name).write_text(name)
    return Stage("assumptions", workspace, smoke, "digest of the code")


def variant(name="other", **params):
    return VariantParams(
        name=name, what="other", params={key.replace("__", "."): params[key] for key in params}
    )


OVER_THE_AIR = {"physical", "acquisition", "feedback", "codec_link", "noma", "oma"}


@pytest.mark.parametrize(
    ("changed", "anew"),
    [
        ({}, set()),
        ({"channel__max_delay": 0.0}, OVER_THE_AIR),
        ({"points__snr_db": [-20.0, -20.0]}, OVER_THE_AIR),
        ({"joint__reader": "products"}, {"noma", "oma"}),
        ({"codec_link__epochs": 7}, {"codec_link"}),
        ({"acquisition__epochs": 7}, {"acquisition", "feedback"}),
        ({"physical__epochs": 7}, {"physical", "noma", "oma"}),
        ({"semantic__epochs": 7}, {"semantic", "semantic_oma", "codec", "codec_link", "noma", "oma"}),
        # The same value is no difference.
        ({"channel__max_delay": 10}, set()),
    ],
)
def test_a_variant_trains_what_reads_another_value_and_what_follows_it(stage, changed, anew):
    assert variant_stage(stage, variant(**changed)).workspace.trained_anew == anew


def test_a_variant_has_its_own_drops_and_weights_and_the_frames_of_the_project(stage):
    workspace = variant_stage(stage, variant("delay-0", channel__max_delay=0.0)).workspace
    project = stage.workspace
    assert workspace.scenes == project.scenes
    assert workspace.weights("semantic") == project.weights("semantic")
    own = project.root / "scratch" / "assumptions" / "delay-0"
    assert workspace.weights("noma") == own / "models" / "noma.safetensors"
    # By the name of its training, too.
    assert workspace.weights(workspace.name("noma")) == workspace.weights("noma")
    for path in (workspace.drops("test"), workspace.reports):
        assert own in path.parents
    # Measurements outlive the models.
    assert workspace.measurements == project.root / "data" / "assumptions" / "delay-0"
    assert workspace.name("noma") == "assumptions/delay-0/noma"


def test_a_variant_measures_the_claimed_schemes_of_one_training(stage):
    params = variant_stage(stage, REFERENCE).params
    assert params.evaluation.schemes == params.evaluation.swept == ("noma", "oma", "dlcsi-pca", "perfect-pca")
    assert params.repeats.seeds == ()
    assert params.assumptions.variants == ()
    assert params.evaluation.snr_db == stage.params.evaluation.snr_db


def test_runs_of_a_variant_belong_to_the_configuration_of_the_project(stage):
    changed = variant_stage(stage, variant(channel__max_delay=0.0))
    assert changed.project == stage.params
    assert changed.params.channel.max_delay == 0.0


def test_the_parameters_as_they_are_come_first_and_alone_are_no_study(smoke):
    assert study_variants(smoke)[0] == REFERENCE
    assert len(study_variants(smoke)) == 1 + len(smoke.assumptions.variants) > 1
    none = smoke.model_copy(update={"assumptions": smoke.assumptions.model_copy(update={"variants": ()})})
    assert study_variants(none) == []
