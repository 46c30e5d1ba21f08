"""The report's page in a browser: whole, readable, without a network; and the stage that writes it."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from fixtures import report_results
from fixtures.hostile_results import EVERYTHING, page_with
from fixtures.html_page import Page
from PIL import Image

from cscsanet.config.params import Params, profile_text
from cscsanet.page import build_page
from cscsanet.page.pictures import WHOLE_ON_PHONES
from cscsanet.pipeline.report import write_report
from cscsanet.plots import PHONE_TEXT, PHONE_WIDTH
from cscsanet.workflow.stage import Stage
from cscsanet.workflow.workspace import Workspace

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "reports" / "index.html"
CHROMIUM, CHROMEDRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))
in_a_browser = pytest.mark.skipif(
    not (CHROMIUM and CHROMEDRIVER),
    reason="chromium or chromedriver is not installed (.ci/run installs both)",
)
MEGABYTES = 1_000_000


@pytest.fixture(scope="module")
def html(tmp_path_factory) -> str:
    reports = report_results.write_results(tmp_path_factory.mktemp("whole") / "reports")
    return build_page(reports, report_results.RUN)


def test_the_stage_writes_the_page_and_logs_it(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    report_results.write_results(tmp_path / "reports")
    params = Params.model_validate(yaml.safe_load(profile_text("smoke")))
    write_report(Stage("report", Workspace(tmp_path), params, code=""))
    text = (tmp_path / "reports" / "index.html").read_text()
    assert "profile smoke" in text
    assert [path.name for path in (tmp_path / "mlruns").rglob("*.html")] == ["index.html"]


@pytest.fixture(scope="module")
def page_file(html, tmp_path_factory) -> Path:
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
    chrome = webdriver.Chrome(options=options, service=Service(CHROMEDRIVER))
    yield chrome
    chrome.quit()


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
def test_the_page_is_whole_and_readable(browser, page_file, width, scheme):
    open_page(browser, page_file, width, scheme)
    assert [entry["message"] for entry in browser.get_log("browser")] == []
    assert requested(browser) == {page_file.as_uri()}
    assert browser.execute_script("return matchMedia('(prefers-color-scheme: dark)').matches") == (
        scheme == "dark"
    )
    assert browser.execute_script("return [...document.images].every(image => image.naturalWidth > 0)")
    assert browser.execute_script(PAGE_WIDTH) <= width
    # Also with everything unfolded.
    browser.execute_script("document.querySelectorAll('details').forEach(details => details.open = true)")
    assert browser.execute_script(PAGE_WIDTH) <= width
    contrast, text = browser.execute_script(CONTRAST)
    assert contrast >= 4.5, text


# Every visible text below nine pixels, with its size.
SMALL_TEXT = """
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), small = [];
while (walker.nextNode()) {
  const text = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
  if (!text || !element.checkVisibility()) continue;
  const size = parseFloat(getComputedStyle(element).fontSize);
  if (size < 9) small.push([size, text]);
}
return small;
"""
# The pictures with fewer shown pixels than their text bears, with the class that bears it.
SMALL_PICTURES = """
return [...document.images].map(image => [
  image.alt, image.getBoundingClientRect().width / image.naturalWidth, image.className,
]).filter(([, ratio, style]) => ratio < (style === "whole" ? arguments[1] : arguments[0]));
"""
UNFOLD = "document.querySelectorAll('details').forEach(details => details.open = true)"
# Of narrow figures with large text: of 696 pixels, with text of 20.8 pixels.
WHOLE_LEAST = 9 / (PHONE_TEXT * 120 / 72)


@pytest.fixture(scope="module")
def drawn_page(tmp_path_factory) -> Path:
    """A page whose pictures are as wide as those of the pipeline."""
    reports = report_results.write_results(tmp_path_factory.mktemp("drawn") / "reports")
    for path in (reports / "figures").glob("*.png"):
        narrow = path.stem in WHOLE_ON_PHONES
        width = round(120 * PHONE_WIDTH) if narrow else 768 if path.stem.startswith("confusion") else 1536
        Image.new("RGB", (width, 500), "grey").save(path)
    page_path = reports / "index.html"
    page_path.write_text(build_page(reports, report_results.RUN), encoding="utf-8")
    return page_path


@in_a_browser
@pytest.mark.parametrize("width", [360, 390, 1280, 1400])
def test_no_text_is_below_nine_pixels_and_nothing_is_wider_than_the_window(browser, drawn_page, width):
    open_page(browser, drawn_page, width)
    browser.execute_script(UNFOLD)
    assert browser.execute_script(PAGE_WIDTH) <= width
    assert browser.execute_script(SMALL_TEXT) == []
    assert browser.execute_script(SMALL_PICTURES, 0.675, WHOLE_LEAST) == []
    # The policy would block a style of one picture, and its least width with it.
    assert [entry["message"] for entry in browser.get_log("browser")] == []


@in_a_browser
@pytest.mark.parametrize("width", [360, 1400])
def test_figures_with_large_text_are_shown_whole(browser, drawn_page, width):
    open_page(browser, drawn_page, width)
    cut = browser.execute_script(
        "return [...document.querySelectorAll('img.whole')].filter(image => "
        "image.parentElement.scrollWidth > image.parentElement.clientWidth).map(image => image.alt)"
    )
    assert cut == []
    assert browser.execute_script("return document.querySelectorAll('img.whole').length") == 6


@in_a_browser
@pytest.mark.parametrize("width", [390, 1400])
def test_a_word_opens_its_text_without_a_script(browser, page_file, width):
    open_page(browser, page_file, width)
    word = browser.find_element("css selector", "#summary [popovertarget='term-share']")
    card = browser.find_element("id", "term-share")
    assert not card.is_displayed()
    word.click()
    assert card.is_displayed()
    assert "0 % is the constant prediction" in card.text
    box = browser.execute_script(
        "const {left, right, top, bottom} = arguments[0].getBoundingClientRect(); return [left, right, top, bottom]",
        card,
    )
    assert 0 <= box[0] < box[1] <= width
    assert 0 <= box[2] < box[3] <= 900
    card.find_element("tag name", "button").click()
    assert not card.is_displayed()


@in_a_browser
def test_an_unfolded_claim_of_a_phone_has_no_blank_column(browser, page_file):
    """The names of rows, which may break anywhere, once made a column of one letter, and rows of 450 pixels."""
    open_page(browser, page_file, 390)
    browser.execute_script(UNFOLD)
    heights = browser.execute_script(
        "return [...document.querySelectorAll('#claims .proof tbody tr')].map(row => row.offsetHeight)"
    )
    assert len(heights) > 30
    assert max(heights) < 200


@in_a_browser
def test_a_linked_row_shows_its_number_on_a_phone(browser, page_file):
    open_page(browser, page_file, 390)
    link = browser.find_element("css selector", "#tables a.n")
    target, number = link.get_attribute("href").split("#")[1], link.text
    browser.execute_script(
        "document.documentElement.style.scrollBehavior = 'auto'; arguments[0].click()", link
    )
    cell = browser.find_element("css selector", f"[id='{target}'] th")
    assert cell.text == number
    left, right = browser.execute_script(
        "const box = arguments[0].getBoundingClientRect(); return [box.left, box.right]", cell
    )
    assert 0 <= left < right <= 390
    # Also after the table was scrolled to its end.
    moved = "const box = arguments[0].closest('.rows'); box.scrollLeft = 1e6; return box.scrollLeft"
    assert browser.execute_script(moved, cell) > 100
    assert browser.execute_script("return arguments[0].getBoundingClientRect().left", cell) >= 0


@in_a_browser
def test_the_summary_counts_the_verdicts_and_fits_a_screen(browser, page_file):
    open_page(browser, page_file)
    shown = browser.execute_script(
        "return Object.fromEntries([...document.querySelectorAll('#summary [data-count]')]"
        ".map(cell => [cell.dataset.count, Number(cell.textContent)]))"
    )
    ledger = report_results.claims()
    counted = Counter(
        f"{form}/{judged['verdict']}"
        for claim in ledger["claims"]
        for form, judged in claim["judged"].items()
        if judged
    )
    assert {key: count for key, count in shown.items() if count} == counted
    assert (
        browser.execute_script("return document.querySelector('#summary').getBoundingClientRect().bottom")
        < 900
    )


@in_a_browser
def test_a_number_leads_to_its_row(browser, page_file):
    open_page(browser, page_file)
    link = browser.find_element("css selector", "#tables a.n")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", link)
    target, number = link.get_attribute("href").split("#")[1], link.text
    row = browser.find_element("id", target)
    assert not row.is_displayed()
    link.click()
    assert row.is_displayed()
    assert number in row.text
    place_of = "const box = arguments[0].getBoundingClientRect(); return [box.top, box.bottom, innerHeight]"
    # The page scrolls smoothly: wait until it has stopped.
    from selenium.webdriver.support.wait import WebDriverWait

    def is_in_view(_: Any) -> bool:
        top, bottom, height = browser.execute_script(place_of, row)
        return bool(0 <= top < bottom <= height)

    WebDriverWait(browser, 10).until(is_in_view)


FOREIGN = (
    "<script>document.title = 'owned'</script>"
    "<img src='x' onerror=\"document.title = 'owned'\">"
    "<p id='shown' style='display: none'>hidden by an attribute</p>"
    "<style>#shown { display: none }</style>"
    "<iframe srcdoc='<script>parent.document.title = 1</script>'></iframe>"
    "<base href='https://example.org/'>"
)


@in_a_browser
def test_hostile_results_run_nothing(browser, tmp_path):
    path = tmp_path / "index.html"
    path.write_text(page_with(tmp_path, EVERYTHING), encoding="utf-8")
    open_page(browser, path)
    assert browser.title == "cscsanet: measured results"
    assert [entry["message"] for entry in browser.get_log("browser")] == []
    assert requested(browser) == {path.as_uri()}
    # Hovering would fire what a text had added.
    assert browser.execute_script(
        "return [...document.querySelectorAll('*')].every("
        "each => [...each.attributes].every(attribute => !attribute.name.startsWith('on')))"
    )


@in_a_browser
def test_markup_that_got_in_nevertheless_neither_runs_nor_loads_anything(browser, html, tmp_path):
    path = tmp_path / "index.html"
    path.write_text(html.replace("<main>", f"<main>{FOREIGN}"), encoding="utf-8")
    open_page(browser, path)
    assert browser.title == "cscsanet: measured results"
    assert browser.find_element("id", "shown").is_displayed()
    blocked = [entry["message"] for entry in browser.get_log("browser")]
    assert len(blocked) >= 5
    assert all("Content Security Policy" in message for message in blocked)
    # Without the policy all of that would have been done, so the test can fail.
    unguarded = tmp_path / "unguarded.html"
    unguarded.write_text(path.read_text().replace('http-equiv="Content-Security-Policy"', 'name="x"'))
    open_page(browser, unguarded)
    assert browser.title in ("owned", "1")
    assert not browser.find_element("id", "shown").is_displayed()


@in_a_browser
@pytest.mark.skipif(not COMMITTED.exists(), reason="reports/index.html is not there")
def test_the_committed_page_is_whole(browser):
    html = COMMITTED.read_text(encoding="utf-8")
    page = Page(html)
    assert len(html) < 6 * MEGABYTES
    assert all(link[1:] in page.ids for link in page.links)
    open_page(browser, COMMITTED, 360)
    assert [entry["message"] for entry in browser.get_log("browser")] == []
    assert requested(browser) == {COMMITTED.as_uri()}
    assert browser.execute_script("return [...document.images].every(image => image.naturalWidth > 0)")
    assert browser.execute_script(PAGE_WIDTH) <= 360
