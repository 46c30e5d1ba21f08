"""The further Stage III trainings of the alignment study."""

import torch
from fixtures.params import altered

from cscsanet.studies.alignment.variants import AlignmentVariant, phase_offset_params, study_variants
from cscsanet.training.channel_ranges import draw_channels


def test_the_study_has_the_pipeline_s_links_and_those_of_the_parameters(smoke):
    assert study_variants(smoke) == [
        AlignmentVariant("noma", "none", "noma"),
        AlignmentVariant("noma", "learned", "noma_aligned"),
        AlignmentVariant("noma", "classical", "alignment/noma-classical"),
        AlignmentVariant("noma", "genie-first", "alignment/noma-genie-first"),
        AlignmentVariant("noma", "learned", "alignment/noma-phase-offset", phase_offset=True),
    ]
    assert [variant.label for variant in study_variants(smoke)][-2:] == ["genie-first", "phase-offset"]


def test_no_link_is_trained_with_a_phase_offset_of_zero(smoke):
    study = smoke.alignment.model_copy(update={"trained_oscillator_rad": 0.0})
    variants = study_variants(smoke.model_copy(update={"alignment": study}))
    assert not any(variant.phase_offset for variant in variants)


def test_the_phase_offset_changes_nothing_but_the_oscillators(smoke):
    changed = phase_offset_params(smoke)
    assert changed.channel.oscillator_rad == smoke.alignment.trained_oscillator_rad
    assert (
        changed.model_copy(update={name: getattr(smoke, name) for name in ("channel", "training_channel")})
        == smoke
    )
    restored = changed.channel.model_copy(update={"oscillator_rad": smoke.channel.oscillator_rad})
    assert restored == smoke.channel


def test_with_the_paper_s_front_the_study_has_the_paper_s_form_alone(smoke):
    params = altered(smoke, csa={"front": "subcarrier"}, physical={"coherence_weight": 0.0})
    assert study_variants(params) == [AlignmentVariant("noma", "none", "noma")]


def test_a_training_with_phase_offsets_draws_channels_with_them(smoke):
    changed = phase_offset_params(smoke)
    drawn = draw_channels(changed.channel, changed.training_channel, 8, torch.Generator().manual_seed(1))
    assert {each.oscillator_rad for each in drawn} == {smoke.alignment.trained_oscillator_rad}
