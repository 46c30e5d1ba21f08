"""The ledger on the page: verdicts counted by form and grouped, unknown verdicts last."""

from fixtures import report_results

from cscsanet.page.claims import all_verdicts, by_figure, grouped, mark, verdict_counts


def test_verdicts_are_counted_in_each_form_that_was_judged():
    ledger = report_results.claims()
    counts = verdict_counts(ledger)
    assert list(counts) == ["paper", "aligned", "tracked"]
    assert sum(counts["paper"].values()) == len(ledger["claims"])
    assert sum(counts["aligned"].values()) == sum(bool(c["judged"]["aligned"]) for c in ledger["claims"])
    # Claims of ours have lists of their own.
    assert sum(counts["tracked"].values()) == sum(bool(c["judged"]["tracked"]) for c in ledger["claims"])
    ledger["claims"][1]["judged"]["paper"]["verdict"] = "doubtful"
    assert all_verdicts(verdict_counts(ledger)) == [
        "reproduced",
        "not reproduced",
        "inconclusive",
        "does not apply",
        "doubtful",
    ]
    assert mark("doubtful") == "open"


def test_claims_are_grouped_by_verdict_and_by_figure():
    claims = report_results.claims()["claims"]
    groups = grouped(claims, "paper")
    assert list(groups) == ["reproduced", "not reproduced", "inconclusive"]
    assert sum(len(group) for group in groups.values()) == len(claims)
    assert list(by_figure([*claims, {"id": "x", "figure": "8(a)"}])) == ["8", "9", "10", "11", "12"]
    assert by_figure([{"id": "x", "figure": "8(a)"}]).keys() == {"8"}
