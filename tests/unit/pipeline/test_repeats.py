"""The repeats of trainings: which there are, which schemes use them, and their parameters."""

import pytest
from fixtures.params import altered

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.studies import PointParams
from cscsanet.pipeline import repeats as module
from cscsanet.pipeline.repeats import (
    dedicated,
    further_seeds,
    repeated_weights,
    repeats,
    seeded_by,
    train_repeats,
)


@pytest.fixture
def params(smoke):
    point = PointParams(snr_db=-25.0, csirs_symbols=8, feedback_bits=64, data_symbols=4)
    section = smoke.repeats.model_copy(
        update={
            "seeds": (2, 3),
            "reseeded": ("noma", "codec_link"),
            "dedicated": (point,),
            "specialised": ("noma",),
        }
    )
    evaluation = smoke.evaluation.model_copy(update={"swept": ("noma", "oma", "dlcsi-pca")})
    return smoke.model_copy(update={"repeats": section, "evaluation": evaluation})


def test_there_is_a_repeat_for_each_seed_and_each_point(params):
    assert [repeat.weights for repeat in repeats(params)] == [
        "repeats/noma-seed-2",
        "repeats/codec_link-seed-2",
        "repeats/noma-seed-3",
        "repeats/codec_link-seed-3",
        "repeats/noma-snr-25-L8-B64-Q4",
    ]


def test_a_further_seed_that_is_the_pipeline_s_own_makes_room(params, stage, monkeypatch, capsys):
    moved = params.model_copy(update={"seed": 2})
    names = {repeat.weights for repeat in repeats(moved) if repeat.seed is not None}
    assert names == {f"repeats/{name}-seed-{seed}" for name in ("noma", "codec_link") for seed in (1, 3)}
    assert further_seeds(moved, "noma") == ["seed-1", "seed-3"]
    stage.params = moved
    monkeypatch.setattr(module, "fan_out", lambda *_: None)
    train_repeats(stage)
    assert "repeats.seeds holds seed = 2; the further seeds are 1, 3" in capsys.readouterr().err
    stage.params = params
    train_repeats(stage)
    assert capsys.readouterr().err == ""


def test_a_repeat_replaces_the_weights_of_every_scheme_that_uses_them(params):
    assert repeated_weights(params, "noma") == {
        "seed-2": {"noma": "repeats/noma-seed-2"},
        "seed-3": {"noma": "repeats/noma-seed-3"},
        "snr-25-L8-B64-Q4": {"noma": "repeats/noma-snr-25-L8-B64-Q4"},
    }
    assert repeated_weights(params, "dlcsi-pca")["seed-3"] == {"codec_link": "repeats/codec_link-seed-3"}
    assert repeated_weights(params, "oma") == {}


def test_every_measured_scheme_with_repeated_weights_has_further_seeds(params):
    assert further_seeds(params, "noma") == ["seed-2", "seed-3"]
    assert further_seeds(params, "dlcsi-pca") == ["seed-2", "seed-3"]
    assert further_seeds(params, "mfnet") == []
    unmeasured = params.evaluation.model_copy(update={"schemes": ("noma",)})
    assert further_seeds(params.model_copy(update={"evaluation": unmeasured}), "dlcsi-pca") == []
    assert dedicated(params) == {("noma", "snr-25-L8-B64-Q4"): OperatingPoint(-25.0, 8, 64, 4)}


def test_with_the_paper_s_front_no_aligned_training_is_repeated(smoke):
    params = altered(
        smoke,
        csa={"front": "subcarrier"},
        physical={"coherence_weight": 0.0},
        evaluation={"swept": ["noma", "noma-aligned"]},
        repeats={"reseeded": ["noma", "noma_aligned"], "specialised": ["noma_aligned"]},
    )
    assert [repeat.weights for repeat in repeats(params)] == ["repeats/noma-seed-2"]
    assert further_seeds(params, "noma-aligned") == []
    assert dedicated(params) == {}


def test_each_repeat_is_trained_with_its_seed_or_point(params, stage, monkeypatch):
    stage.params = params
    trainings = {}

    def fan_out(work, jobs, num_workers):
        for job in jobs:
            work(job)

    monkeypatch.setattr(module, "fan_out", fan_out)
    monkeypatch.setattr(
        module, "describe", lambda training, stage, params, name, replaced: (name, params, training)
    )
    monkeypatch.setattr(
        module, "train", lambda stage, training: trainings.update({training[0]: training[1:]})
    )
    outdated = stage.workspace.weights("repeats/noma-seed-9")
    outdated.parent.mkdir(parents=True)
    outdated.touch()
    train_repeats(stage)
    assert list(trainings) == [repeat.weights for repeat in repeats(params)]
    seeded, training = trainings["repeats/noma-seed-3"]
    assert (seeded.seed, seeded.points) == (3, params.points)
    assert training == "noma"
    single, _ = trainings["repeats/noma-snr-25-L8-B64-Q4"]
    assert single.seed == params.seed
    assert single.points.model_dump() == {
        "snr_db": (-25.0, -25.0),
        "csirs_symbols": (8,),
        "feedback_bits": (64,),
        "data_symbols": (4,),
    }
    assert trainings["repeats/codec_link-seed-2"][1] == "codec_link"
    assert not outdated.exists()


@pytest.fixture
def whole(params):
    """Repeats of all that `ideal`, `noma` and `dlcsi-pca` are trained by, and of the acquisition."""
    reseeded = ("noma", "semantic", "physical", "codec_link", "codec", "acquisition", "feedback")
    section = params.repeats.model_copy(update={"reseeded": reseeded, "seeds": (2,), "dedicated": ()})
    return params.model_copy(update={"repeats": section})


def test_a_repeat_starts_from_the_repeats_of_earlier_trainings_under_its_seed(whole, stage, monkeypatch):
    stage.params = whole
    batches, replaced = [], {}

    def fan_out(work, jobs, num_workers):
        batches.append({job.training for job in jobs})
        for job in jobs:
            work(job)

    monkeypatch.setattr(module, "fan_out", fan_out)
    monkeypatch.setattr(
        module,
        "describe",
        lambda training, stage, params, weights, others: replaced.update({weights: others}),
    )
    monkeypatch.setattr(module, "train", lambda stage, training: None)
    train_repeats(stage)
    assert batches == [
        {"semantic", "physical", "acquisition"},
        {"noma", "codec", "feedback"},
        {"codec_link"},
    ]
    assert replaced["repeats/noma-seed-2"]["semantic"] == "repeats/semantic-seed-2"
    assert replaced["repeats/codec_link-seed-2"]["codec"] == "repeats/codec-seed-2"
    assert "codec_link" not in replaced["repeats/codec_link-seed-2"]


def test_a_scheme_is_not_measured_with_weights_that_were_trained_on_those_of_another_seed(whole):
    assert repeated_weights(whole, "dlcsi-pca")["seed-2"] == {
        "acquisition": "repeats/acquisition-seed-2",
        "feedback": "repeats/feedback-seed-2",
        "codec_link": "repeats/codec_link-seed-2",
    }
    # Its precoding was trained behind the pipeline's acquisition and feedback.
    assert repeated_weights(whole, "dlcsi-dl") == {}
    assert repeated_weights(whole, "ideal") == {"seed-2": {"semantic": "repeats/semantic-seed-2"}}


def test_schemes_that_start_from_one_stage_1_share_its_seeds(whole, params):
    assert {seeded_by(whole, name) for name in ("ideal", "noma", "dlcsi-pca", "perfect-pca")} == {"semantic"}
    assert seeded_by(params, "perfect-pca") == "codec_link"
    assert seeded_by(params, "mfnet") == "mfnet"
