"""The report's page: what it says is what the results say, and a browser shows it whole, without a network."""

import importlib.util
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from cscsanet.errors import CscsanetError
from cscsanet.page import RunFacts, build_page
from cscsanet.params import Params, profile_text
from cscsanet.pipeline.report import write_report
from cscsanet.pipeline.workspace import Workspace

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "reports" / "index.html"
CHROMIUM, CHROMEDRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))
in_a_browser = pytest.mark.skipif(
    not (CHROMIUM and CHROMEDRIVER),
    reason="chromium or chromedriver is not installed (.ci/run installs both)",
)
MEGABYTES = 1_000_000


def _made_up() -> Any:
    spec = importlib.util.spec_from_file_location("made_up", Path(__file__).with_name("made_up.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


made_up = _made_up()
RUN = RunFacts(
    "smoke",
    1,
    made_up.HOME,
    repeat_seeds=(2, 3),
    commit="0123456789abcdef0123456789abcdef01234567",
    versions={"python": "3.11.2"},
    digests={"scenes": "ab" * 32},
)


class Page(HTMLParser):
    """Ids, links, pictures and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.tags: Counter[str] = Counter()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags[tag] += 1
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if tag == "a" else []
        self.pictures += [found] if tag == "img" else []

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def html(tmp_path_factory) -> str:
    return build_page(made_up.write_results(tmp_path_factory.mktemp("whole") / "reports"), RUN)


@pytest.fixture(scope="module")
def page(html) -> Page:
    return Page(html)


def test_every_link_has_its_target_and_every_id_is_one(page):
    assert len(page.ids) == len(set(page.ids))
    assert page.links
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)


def test_every_row_has_a_place_and_every_compared_row_is_linked(page):
    rows = [name for name in page.ids if name.startswith("row-")]
    assert len(rows) == len(made_up.sweeps())
    assert "row-noma_-25_8_1024_4" in rows
    assert "row-noma_-25_8_1024_4_seed-2" in rows
    assert "row-ideal_-_-_-_4" in rows
    assert "#row-oma_-25_8_1024_4" in page.links


def test_the_page_needs_nothing_beside_itself(html, page):
    assert page.tags["script"] == page.tags["iframe"] == 0
    assert all(picture["src"].startswith("data:image/png;base64,") for picture in page.pictures)
    assert all(picture["alt"] for picture in page.pictures)
    assert not re.search(r"url\(|@import|https?://|//fonts", html)


def test_statements_are_text_and_never_markup(html, page):
    assert "SNR &lt; -25 dB &amp; L &lt;= 2" in html
    assert "SNR < -25 dB" not in html
    assert "<b>no number</b>" not in html
    assert "<b>no number</b>" in page.text


def test_the_headlines_are_computed_from_the_rows(page):
    level = {row["scheme"]: row["miou"] for row in made_up.sweeps() if _at_home(row)}
    for scheme in ("noma", "noma-aligned"):
        assert f"{100 * level[scheme] / level['ideal']:.0f} % of the error-free ceiling" in page.text
        lead = f"{level[scheme] - level['dlcsi-dl']:+.3f}".replace("-", "−")
        assert f"{lead} against the best separated scheme, dlcsi-dl" in page.text


def test_a_figure_says_how_its_ends_differ(page):
    level = {row["snr_db"]: row["miou"] for row in made_up.sweeps() if _swept(row, "noma-aligned", "snr_db")}
    said = f"noma-aligned goes from {level[-40.0]:.3f} to {level[-10.0]:.3f}"
    assert "From SNR −40 dB to SNR −10 dB (at L 8, B 1024, Q 4)" in page.text
    assert said in page.text
    assert any(said in picture["alt"] for picture in page.pictures)


def test_what_is_deployed_is_told_beside_what_it_is_held_to(page):
    assert "#deployment" in page.links
    for said in (
        "semantic fusion12 G16.6 G3.37 M2.34 M58.7 M39.3 MB",
        "3.0e−04",
        "1 of 2",
        "4.12 [4.00, 4.25]",
        "1.58 to 1.94",
    ):
        assert said.replace("−", "-") in page.text.replace("\n", "")
    assert "−0.0027 [−0.0037, −0.0016] of 0.296" in page.text


def _swept(row: dict[str, Any], scheme: str, axis: str) -> bool:
    others = [key for key in made_up.HOME if key != axis]
    at_home = all(row[key] == made_up.HOME[key] for key in others)
    return row["scheme"] == scheme and row["repeat"] is None and at_home


def _at_home(row: dict[str, Any]) -> bool:
    return row["repeat"] is None and all(row[key] in (None, made_up.HOME[key]) for key in made_up.HOME)


def test_without_what_is_optional_there_is_still_a_page(tmp_path):
    bare = Page(build_page(made_up.write_results(tmp_path, optional=False), RUN))
    assert not bare.pictures
    assert all(link[1:] in bare.ids for link in bare.links)
    assert len(bare.links) > 100


def test_a_row_that_a_claim_names_and_nobody_measured_is_no_link(tmp_path):
    reports = made_up.write_results(tmp_path, optional=False)
    ledger = made_up.claims()
    ledger["claims"][0]["judged"]["paper"]["comparisons"][0]["rows"] = ["noma|7|8|1024|4"]
    (reports / "claims.json").write_text(json.dumps(ledger))
    found = Page(build_page(reports, RUN))
    assert "noma|7|8|1024|4 (no such row)" in found.text
    assert all(link[1:] in found.ids for link in found.links)


@pytest.mark.parametrize("name", ["sweeps.json", "claims.json"])
def test_a_missing_result_is_an_error_of_one_line(tmp_path, name):
    reports = made_up.write_results(tmp_path, optional=False)
    (reports / name).unlink()
    with pytest.raises(CscsanetError, match=rf"{name}: .*'dvc repro'") as caught:
        build_page(reports, RUN)
    assert "\n" not in str(caught.value)


def test_a_result_without_a_field_is_an_error_of_one_line(tmp_path):
    reports = made_up.write_results(tmp_path, optional=False)
    ledger = made_up.claims()
    del ledger["claims"][0]["statement"]
    (reports / "claims.json").write_text(json.dumps(ledger))
    with pytest.raises(CscsanetError, match=r"lacks a field .*statement.*'dvc repro'"):
        build_page(reports, RUN)


def test_the_stage_writes_the_page_and_files_it(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    made_up.write_results(tmp_path / "reports")
    params = Params.model_validate(yaml.safe_load(profile_text("smoke")))
    write_report(Workspace(tmp_path), params)
    text = (tmp_path / "reports" / "index.html").read_text()
    assert "profile smoke" in text
    assert [path.name for path in (tmp_path / "mlruns").rglob("*.html")] == ["index.html"]


# In a browser.


@pytest.fixture(scope="module")
def place(html, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(html, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    found = webdriver.Chrome(options=options, service=Service(CHROMEDRIVER))
    yield found
    found.quit()


def open_page(browser: Any, path: Path, width: int = 1280, scheme: str = "light") -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.get("about:blank")
    for log in ("browser", "performance"):
        browser.get_log(log)
    browser.get(path.as_uri())


def requested(browser: Any) -> set[str]:
    """The addresses that the page asked for, data URIs apart."""
    entries = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [entry["params"] for entry in entries if entry["method"] == "Network.requestWillBeSent"]
    addresses = {entry["request"]["url"] for entry in sent}
    return {address for address in addresses if not address.startswith("data:")}


# Not compared with innerWidth: a phone's window zooms out until it holds what is too wide.
PAGE_WIDTH = "return document.documentElement.scrollWidth"

# The smallest contrast of any text with what is painted behind it, and that text.
CONTRAST = """
const channels = colour => colour.match(/[\\d.]+/g).map(Number);
const luminance = ([r, g, b]) => [r, g, b].map(c => c / 255)
  .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const behind = element => {
  for (; element; element = element.parentElement) {
    const colour = channels(getComputedStyle(element).backgroundColor);
    if (colour.length === 3 || colour[3] === 1) return colour;
  }
  return [255, 255, 255];
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
let worst = [99, ""];
while (walker.nextNode()) {
  const text = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
  if (!text) continue;
  const pair = [channels(getComputedStyle(element).color), behind(element)].map(luminance);
  const contrast = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  if (contrast < worst[0]) worst = [contrast, text];
}
return worst;
"""


@in_a_browser
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_whole_and_readable(browser, place, width, scheme):
    open_page(browser, place, width, scheme)
    assert [entry["message"] for entry in browser.get_log("browser")] == []
    assert requested(browser) == {place.as_uri()}
    assert browser.execute_script("return matchMedia('(prefers-color-scheme: dark)').matches") == (
        scheme == "dark"
    )
    assert browser.execute_script("return [...document.images].every(image => image.naturalWidth > 0)")
    assert browser.execute_script(PAGE_WIDTH) <= width
    # Also with everything unfolded.
    browser.execute_script("document.querySelectorAll('details').forEach(found => found.open = true)")
    assert browser.execute_script(PAGE_WIDTH) <= width
    contrast, text = browser.execute_script(CONTRAST)
    assert contrast >= 4.5, text


@in_a_browser
def test_the_summary_counts_the_verdicts_and_fits_a_screen(browser, place):
    open_page(browser, place)
    shown = browser.execute_script(
        "return Object.fromEntries([...document.querySelectorAll('#summary [data-count]')]"
        ".map(cell => [cell.dataset.count, Number(cell.textContent)]))"
    )
    ledger = made_up.claims()
    counted = Counter(
        f"{form}/{judged['verdict']}"
        for claim in [*ledger["claims"], *ledger["own"]]
        for form, judged in claim["judged"].items()
        if judged
    )
    assert {key: count for key, count in shown.items() if count} == counted
    assert (
        browser.execute_script("return document.querySelector('#summary').getBoundingClientRect().bottom")
        < 900
    )


@in_a_browser
def test_a_number_leads_to_its_row(browser, place):
    open_page(browser, place)
    link = browser.find_element("css selector", "#summary a.n")
    target, number = link.get_attribute("href").split("#")[1], link.text
    row = browser.find_element("id", target)
    assert not row.is_displayed()
    link.click()
    assert row.is_displayed()
    assert number in row.text
    place_of = "const box = arguments[0].getBoundingClientRect(); return [box.top, box.bottom, innerHeight]"
    # The page scrolls smoothly: wait until it stands.
    from selenium.webdriver.support.wait import WebDriverWait

    def stands(_: Any) -> bool:
        top, bottom, height = browser.execute_script(place_of, row)
        return bool(0 <= top < bottom <= height)

    WebDriverWait(browser, 10).until(stands)


@in_a_browser
@pytest.mark.skipif(not COMMITTED.exists(), reason="reports/index.html is not there")
def test_the_committed_page_is_whole(browser):
    html = COMMITTED.read_text(encoding="utf-8")
    found = Page(html)
    assert len(html) < 6 * MEGABYTES
    assert all(link[1:] in found.ids for link in found.links)
    open_page(browser, COMMITTED, 360)
    assert [entry["message"] for entry in browser.get_log("browser")] == []
    assert requested(browser) == {COMMITTED.as_uri()}
    assert browser.execute_script("return [...document.images].every(image => image.naturalWidth > 0)")
    assert browser.execute_script(PAGE_WIDTH) <= 360
