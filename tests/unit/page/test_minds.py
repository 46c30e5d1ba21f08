"""What would change a negative verdict: other assumptions count for the paper's form alone, and not if chance does, too."""

import pytest
from fixtures import report_results
from fixtures.report_assumptions import assumptions

from cscsanet.page.assumptions import study
from cscsanet.page.minds import negative_lines

PAIR = ("noma|-25|8|1024|4", "oma|-25|8|1024|4")


def line(claim, here="not reproduced", **judged):
    results = assumptions(report_results.SNRS)
    for each in results["claims"]:
        each["verdicts"]["as-here"] = here
    entry = {
        "id": claim,
        "judged": {form: report_results.judgement(verdict, *PAIR) for form, verdict in judged.items()},
    }
    (negative,) = negative_lines([entry], study(results, [-25.0]))
    return [text for text in negative["otherwise"] if "DMRS" not in text]


def test_an_assumption_that_reproduces_the_claim_is_named():
    assert line("8.1", paper="not reproduced") == ["the paper's form, one <path> (paths-1)"]
    assert line("8.3", paper="not reproduced") == []


def test_where_one_training_of_these_parameters_does_so_no_assumption_is_credited():
    assert line("8.1", here="reproduced", paper="not reproduced") == [
        "the paper's form, one training of these parameters"
    ]


@pytest.mark.parametrize("paper", ["inconclusive", "reproduced"])
def test_assumptions_say_nothing_of_our_forms(paper):
    texts = line("8.1", paper=paper, tracked="not reproduced")
    assert not any("path" in text for text in texts)
