"""The report's page: its numbers and texts are those of the results, and every link has a target."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from fixtures import report_results
from fixtures.html_page import Page

from cscsanet.page import build_page
from cscsanet.page.glossary import TERMS


@pytest.fixture(scope="module")
def html(tmp_path_factory) -> str:
    reports = report_results.write_results(tmp_path_factory.mktemp("whole") / "reports")
    return build_page(reports, report_results.RUN)


@pytest.fixture(scope="module")
def page(html) -> Page:
    return Page(html)


def test_every_link_has_its_target_and_every_id_is_one(page):
    assert len(page.ids) == len(set(page.ids))
    assert page.links
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)


def test_every_row_has_an_id_and_every_compared_row_is_linked(page):
    rows = [name for name in page.ids if name.startswith("row-")]
    assert len(rows) == len(report_results.sweeps())
    assert "row-noma_-25_8_1024_4" in rows
    assert "row-noma_-25_8_1024_4_seed-2" in rows
    assert "row-ideal_-_-_-_4" in rows
    assert "#row-oma_-25_8_1024_4" in page.links


def test_the_page_needs_nothing_beside_itself(html, page):
    assert page.tags["script"] == page.tags["iframe"] == 0
    assert all(picture["src"].startswith("data:image/webp;base64,") for picture in page.pictures)
    assert all(picture["alt"] for picture in page.pictures)
    assert not re.search(r"url\(|@import|https?://|//fonts", html)


def test_statements_are_text_and_never_markup(html, page):
    assert "SNR &lt; -25 dB &amp; L &lt;= 2" in html
    assert "SNR < -25 dB" not in html
    assert "<b>no number</b>" not in html
    assert "<b>no number</b>" in page.text


def test_rows_at_the_floor_are_marked_and_say_their_data(page):
    floor = report_results.FIXED["constant"]
    at_floor = [
        row for row in report_results.sweeps() if row["scheme"] != "constant" and row["ci_low"] <= floor
    ]
    assert 0 < len(at_floor) < len(report_results.sweeps())
    assert page.text.count("at the floor") == len(at_floor)
    assert page.text.count("At the floor") == 1
    assert f"scenes {'a' * 12}, split {'b' * 12}, drops {'c' * 12}, channel {'d' * 12}" in page.text


def test_the_first_sentence_is_computed_from_the_curves_and_the_leads(page):
    curves = report_results.equal()["panels"][0]["curves"]
    names = ("noma-aligned", "noma", "dlcsi-dl", "constant", "ideal")
    ours, paper, rival, floor, ceiling = (curves[name][3]["miou"] for name in names)
    shares = [f"{100 * (value - floor) / (ceiling - floor):.0f}" for value in (ours, paper, rival)]
    text = " ".join(page.text.split())
    assert (
        "At −25 dB SNR, a learned massive-MIMO link whose devices align their phases (our form) closes "
        f"{shares[0]} % of the gap in segmentation quality between a blind guess and an error-free link; in the paper's "
        f"form it closes {shares[1]} %, and the best design that estimates the channel separately closes "
        f"{shares[2]} %, ahead of ours." in text
    )
    assert f"noma-aligned has mIoU {ours:.3f}, a mean over 3 training seeds" in text
    assert (
        "it is ahead of 1 of 3 separated designs at −25 dB and of 1 at −10 dB, and behind dlcsi-dl at −25 dB and "
        "dlcsi-dl at −10 dB, by 95 % intervals" in text
    )


@pytest.mark.parametrize("ceiling", [None, 0.05])
def test_without_a_ceiling_above_the_floor_the_first_sentence_has_no_share(tmp_path, ceiling):
    reports = report_results.write_results(tmp_path / "reports")
    equal = report_results.equal()
    for panel in equal["panels"]:
        curve = panel["curves"].pop("ideal")
        if ceiling:
            panel["curves"]["ideal"] = [{**point, "miou": ceiling} for point in curve]
    (reports / "equal.json").write_text(json.dumps(equal))
    text = " ".join(Page(build_page(reports, report_results.RUN)).text.split())
    assert "whose devices align their phases (our form) labels street scenes with an mIoU of" in text
    assert "of the gap" not in text


def test_the_profile_for_tests_says_that_its_numbers_mean_nothing(html, tmp_path):
    assert "Profile smoke: the numbers of this page mean nothing." in html
    reports = report_results.write_results(tmp_path / "reports", optional=False)
    assert "mean nothing" not in build_page(reports, replace(report_results.RUN, profile="study"))


def test_rows_are_named_in_words_and_show_their_numbers(page, html):
    text = " ".join(page.text.split())
    row = next(
        each
        for each in report_results.sweeps()
        if each["scheme"] == "noma" and each["snr_db"] == -25.0 and _at_home(each)
    )
    assert f"noma at SNR −25 dB, L 8, B 1024, Q 4: {row['miou']:.3f}" in text
    ideal = next(
        each for each in report_results.sweeps() if each["scheme"] == "ideal" and each["data_symbols"] == 4
    )
    assert f"ideal at Q 4: {ideal['miou']:.3f}" in text
    # No link shows a row's name as programs write it.
    assert not re.search(r">[^<>]*\w\|[^<>]*</a>", html)
    # In the tables of rows, too, a training has words.
    assert "seed 2" in page.text
    assert "seed-2" not in page.text
    assert "trained for this point alone" in page.text
    assert "snr-25-L8" not in page.text


def test_rules_that_are_no_verdicts_do_not_look_like_one(tmp_path):
    """All words once wore the sign of "inconclusive"."""
    reports = report_results.write_results(tmp_path / "reports", optional=False)
    ledger = report_results.claims()
    ledger["rules"] |= {
        "lead": "above two points",
        "share": "over the constant prediction",
        "not measured": "left out",
    }
    (reports / "claims.json").write_text(json.dumps(ledger))
    (rules,) = re.findall(r'<dl class="rules">.*?</dl>', build_page(reports, report_results.RUN), re.DOTALL)
    signed = {
        name
        for name in ledger["rules"]
        if re.search(rf'<span class="badge \w+"><svg[^>]*>.*?</svg>{name}</span>', rules)
    }
    assert signed == {"reproduced", "not reproduced", "inconclusive", "not measured"}
    assert "<strong>lead</strong>" in rules


def test_every_word_with_a_dotted_line_has_its_text_and_a_place_in_the_glossary(html, page):
    opened = set(re.findall(r'popovertarget="([^"]+)"', html))
    cards = set(re.findall(r'<div popover id="([^"]+)"', html))
    assert len(opened) > 50
    assert opened <= cards
    # Each word is used, and not only explained.
    used = set(re.findall(r'class="term" popovertarget="term-([^"]+)"', html))
    assert used >= set(TERMS) - {"srs", "preamble"}  # of sections that these results lack
    for name, term in TERMS.items():
        assert f"word-{name}" in page.ids
        assert term.text in page.text
    assert page.ids.index("glossary") > page.ids.index("rows")


def test_means_over_seeds_and_single_trainings_are_told_apart(page):
    text = " ".join(page.text.split())
    assert (
        "Curves are means over the training seeds of a scheme, 1, 2, 3; tables and rows show single trainings"
        in text
    )
    rows = [each["miou"] for each in report_results.sweeps() if each["scheme"] == "noma" and _at_home(each)]
    rows += [
        each["miou"]
        for each in report_results.sweeps()
        if each["scheme"] == "noma" and (each["repeat"] or "").startswith("seed")
    ]
    assert len(rows) == 3
    assert f"{sum(rows) / 3:.3f}{max(rows) - min(rows):.3f}" in "".join(page.text.split())


def test_masks_of_the_package_s_weights_are_said_to_be_of_them(tmp_path):
    reports = report_results.write_results(tmp_path / "reports")
    entry = {"point": "-25 dB, L 8, B 1024, Q 4", "weights": "ab" * 32, "seed": 1, "miou": 0.3}
    notes = {"schemes": {"noma": {**entry, "shipped": True}, "oma": entry}}
    (reports / "figures" / "masks.json").write_text(json.dumps(notes))
    text = " ".join(Page(build_page(reports, report_results.RUN)).text.split())
    assert "At SNR −25 dB, L 8, B 1024, Q 4, one channel for each frame." in text
    assert "Drawn with the half-precision weights of the package: noma." in text


def test_negative_verdicts_say_what_they_miss_and_what_reproduces_them(page):
    ledger = report_results.claims()
    negative = [
        claim
        for claim in [*ledger["claims"], *ledger["own"]]
        if any(each and each["verdict"] == "not reproduced" for each in claim["judged"].values())
    ]
    text = " ".join(page.text.split())
    assert "What would change our mind" in text
    # The comparison is at -0.004, and its threshold at 0.02.
    assert text.count("−0.4 [−0.9, +0.1] 2.4") == len(negative)
    assert "the paper's form, equal payloads, DMRS on top" in text
    assert "; seed 2 alone" in text
    assert "The verdict flips between seeds." in text


def test_other_assumptions_have_a_table_and_every_claim_says_what_reproduces_it(page):
    assert "#assumptions" in page.links
    text = " ".join(page.text.split())
    assert "The paper's form: reproduced under 1 of 2 other assumptions: one <path> (paths-1)." in text
    assert (
        "reproduced under all of 2 other assumptions. One training of these parameters reproduces it, too."
        in text
    )
    assert "reproduced under none of 2 other assumptions." in text
    # A line for each assumption: levels and leads at the two compared SNRs, of the pairs that it has.
    assert "nodelayspreaddelay-0" + 6 * "0.200" + "+1.2" * 2 in "".join(text.split())
    assert text.count("paths-1") > 2


def test_a_figure_s_sentence_compares_its_ends(page):
    curve = report_results.equal()["panels"][0]["curves"]["noma-aligned"]
    sentence = f"noma-aligned goes from {curve[0]['miou']:.3f} to {curve[-1]['miou']:.3f}"
    assert "From SNR −40 dB to SNR −10 dB (at L 8, B 1024, 256 elements)" in page.text
    assert "From 86 elements to 320 elements (at −25 dB, L 8, B 1024)" in page.text
    assert sentence in page.text
    assert any(sentence in picture["alt"] for picture in page.pictures)


def test_shares_of_the_error_free_link_are_those_of_the_rows_over_the_constant_prediction(page):
    """Not 83 %, which would be counted from zero."""
    packed = "".join(page.text.split())
    assert "none,thepaper'sform0.280[0.270,0.290]76%" in packed
    assert "83%" not in packed


def test_no_share_of_the_page_is_of_the_ceiling_alone(page):
    """A share counts from the floor; of the ceiling alone, the constant prediction would have a fifth."""
    text = " ".join(page.text.split())
    assert not re.search(r"%\s+of (?:its|the) (?:error-free )?ceiling", text)
    assert "0 % is the constant prediction, 100 % the error-free link" in text


def test_the_exported_units_are_shown_beside_their_references(page):
    assert "#deployment" in page.links
    for cells in (
        "semantic fusion12 G16.6 G3.37 M2.34 M58.7 M39.3 MB",
        "3.0e−04",
        "1 of 2",
        "4.12 [4.00, 4.25]",
        "1.58 to 1.94",
    ):
        assert cells.replace("−", "-") in page.text.replace("\n", "")
    assert "−0.0027 [−0.0037, −0.0016] of 0.296" in page.text


def _swept(row: dict[str, Any], scheme: str, axis: str) -> bool:
    others = [key for key in report_results.HOME if key != axis]
    at_home = all(row[key] == report_results.HOME[key] for key in others)
    return row["scheme"] == scheme and row["repeat"] is None and at_home


def _at_home(row: dict[str, Any]) -> bool:
    return row["repeat"] is None and all(
        row[key] in (None, report_results.HOME[key]) for key in report_results.HOME
    )


def test_delays_are_those_at_the_highest_speed_and_differences_have_a_verdict(page):
    text = " ".join(page.text.split())
    assert "all UEs at 120 km/h" in text
    # Of the last scheme at the lower SNR, over both delays.
    packed = text.replace(" ", "")
    assert "0.430[0.410,0.430]" in packed
    assert "0.431[0.410,0.430]" in packed
    assert "0.428[0.410,0.430]" not in packed
    for verdict in ("[0.001,0.006]0.01met", "[0.002,0.018]0.02notmet", "[0.010,0.030]0.02open"):
        assert verdict in packed, verdict
    assert "Latency and impairments" in text


def test_without_the_study_there_is_no_section_on_it(tmp_path):
    reports = report_results.write_results(tmp_path / "reports", optional=False)
    html = build_page(reports, report_results.RUN)
    assert "#robustness" not in html
    assert "Latency and impairments" not in html
