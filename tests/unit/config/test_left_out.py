"""What the paper's front end leaves out: aligned schemes, their trainings, and all units."""

import pytest
from fixtures.params import altered

from cscsanet.config.left_out import (
    kept_evaluation,
    kept_exports,
    note_left_out,
    refuse_left_out,
    refuse_without_units,
    why_left_out,
)
from cscsanet.config.schemes import SCHEMES
from cscsanet.errors import CscsanetError

ALIGNED = {"noma-aligned", "oma-aligned", "noma-tracked", "oma-tracked"}


@pytest.fixture
def paper_front(smoke):
    return altered(
        smoke,
        csa={"front": "subcarrier"},
        physical={"coherence_weight": 0.0},
        evaluation={"swept": ["noma", "noma-aligned"], "pictured": ["noma", "oma-aligned"]},
    )


def test_aligned_schemes_are_left_out_and_no_others(smoke, paper_front):
    left_out = {name for name in SCHEMES if why_left_out(paper_front, name)}
    assert left_out == ALIGNED
    assert not [name for name in SCHEMES if why_left_out(smoke, name)]


def test_the_evaluation_is_kept_without_what_is_left_out(smoke, paper_front):
    evaluation = kept_evaluation(paper_front)
    assert set(paper_front.evaluation.schemes) - set(evaluation.schemes) == ALIGNED
    assert (evaluation.swept, evaluation.pictured) == (("noma",), ("noma",))
    assert kept_exports(paper_front) == ()
    assert kept_evaluation(smoke) == smoke.evaluation
    assert kept_exports(smoke) == smoke.deployment.exported


def test_a_note_names_the_schemes_and_the_reason(smoke, paper_front, capsys):
    note_left_out(paper_front)
    assert capsys.readouterr().err == (
        "note: noma-aligned, oma-aligned, noma-tracked, oma-tracked: left out, since csa.front = subcarrier "
        "searches no paths, "
        "so no streams can be aligned\n"
    )
    note_left_out(smoke)
    assert capsys.readouterr().err == ""


def test_a_scheme_that_is_left_out_is_refused_with_the_reason(smoke, paper_front):
    with pytest.raises(
        CscsanetError, match=r"^scheme 'oma-aligned': csa\.front = subcarrier searches no paths"
    ):
        refuse_left_out(paper_front, ["noma", "oma-aligned"])
    with pytest.raises(CscsanetError, match=r"^csa\.front = subcarrier has no units; set it to beamspace"):
        refuse_without_units(paper_front)
    refuse_left_out(paper_front, ["noma", "mfnet"])
    refuse_left_out(smoke, ["noma-aligned"])
    refuse_without_units(smoke)
    mixing = altered(smoke, joint={"reader": "products"})
    with pytest.raises(CscsanetError, match=r"^joint\.reader = products has no units; set it to linear"):
        refuse_without_units(mixing)
    assert kept_exports(mixing) == ()
    assert kept_exports(smoke) == smoke.deployment.exported
