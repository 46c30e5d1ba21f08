"""Claims as data: their texts and comparisons are those of the committed ledger of the small profile."""

import json
from pathlib import Path

import pytest

from cscsanet.studies.claims import ours, paper
from cscsanet.studies.claims.claim import Subject

REPORTS = Path(__file__).parents[4] / "reports"
LEDGER = json.loads((REPORTS / "claims.json").read_text())
TEXT = ("id", "figure", "statement", "rule")


def compared(comparisons):
    return [(comparison.what, comparison.threshold) for comparison in comparisons]


@pytest.mark.parametrize("form", paper.FORMS)
def test_the_claims_of_the_paper_give_the_comparisons_of_the_ledger(small, form):
    subject = Subject(small, form)
    assert [subject.text(claim) for claim in paper.CLAIMS] == [
        {key: entry[key] for key in TEXT} for entry in LEDGER["claims"]
    ]
    for claim, entry in zip(paper.CLAIMS, LEDGER["claims"], strict=True):
        written = [(each["what"], each["threshold"]) for each in entry["judged"][form]["comparisons"]]
        assert compared(subject.comparisons(claim)) == written, claim.id


def test_our_claims_give_the_comparisons_of_the_ledger(small):
    subject = Subject(small, "aligned")
    entries = {entry["id"]: entry for entry in LEDGER["own"]}
    claims = {claim.id: claim for claim in ours.CLAIMS}
    # The points of dedicated models are those of params.yaml, which A.6 takes from `repeats`.
    assert set(entries) == set(claims)
    for name in set(entries) - {"A.6"}:
        entry = entries[name]
        written = [(each["what"], each["threshold"]) for each in entry["judged"]["aligned"]["comparisons"]]
        assert subject.text(claims[name]) == {key: entry[key] for key in TEXT}
        assert compared(subject.comparisons(claims[name])) == written


def test_a_claim_is_about_the_schemes_of_its_form(small):
    (lead,) = (claim for claim in paper.CLAIMS if claim.id == "8.5")
    for form, pair in (
        ("paper", "noma - oma"),
        ("aligned", "noma-aligned - oma-aligned"),
        ("tracked", "noma-tracked - oma-tracked"),
    ):
        (comparison,) = Subject(small, form).comparisons(lead)
        assert comparison.what == f"{pair}, mean, L 1 to 8, Q 1"
