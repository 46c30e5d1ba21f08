"""The site builds strictly, needs nothing from elsewhere, and all its inner links hold."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait

import cscsanet
from cscsanet import phy

ROOT = Path(__file__).parents[2]
# What a browser loads by itself, by tag and attribute.
LOADED = {("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src"), ("source", "src")}
CHROMIUM, CHROMEDRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))
REFERENCE = {"api.md": cscsanet, "api-phy.md": phy}


class Page(HTMLParser):
    """The links, the loaded addresses and the anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.anchors |= {values[key] for key in ("id", "name") if values.get(key)}
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        canonical = tag == "link" and values.get("rel") not in ("stylesheet", "icon", "preload")
        for key, value in attrs:
            if (tag, key) in LOADED and value and not canonical:
                self.loaded.append(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}  # a note of the theme on its successor
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not re.search(r"^(WARNING|ERROR)", done.stderr, re.MULTILINE), done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, Page]:
    # reports/index.html is the page of all results, with a test of its own.
    return {
        path: Page(path.read_text(encoding="utf-8"))
        for path in site.rglob("*.html")
        if path.relative_to(site).parts[0] != "reports"
    }


def test_every_page_of_docs_and_every_notebook_is_in_the_site(site, pages):
    names = {path.relative_to(site).with_suffix("").as_posix() for path in pages}
    expected = {path.stem for path in (ROOT / "docs").glob("*.md")}
    expected |= {f"notebooks/{path.stem}" for path in (ROOT / "notebooks").glob("*.py")}
    assert names == expected | {"index", "404", "changelog", "contributing"}


def test_inner_links_and_files_exist(site, pages):
    broken = []
    for path, page in pages.items():
        if path.name == "404.html":
            continue
        for link in (*page.links, *page.loaded):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            exists = target.is_file() and target.is_relative_to(site)
            anchor = unquote(parts.fragment)
            if not exists or (anchor and target in pages and anchor not in pages[target].anchors):
                broken.append(f"{path.name}: {link}")
    assert broken == []
    assert sum(len(page.links) for page in pages.values()) > 1000


def test_a_page_loads_nothing_from_elsewhere(site, pages):
    foreign = {
        address for page in pages.values() for address in page.loaded if re.match(r"(https?:)?//", address)
    }
    assert foreign == set()
    styles = "\n".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert not re.search(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", styles)


def test_no_markup_is_left_as_text(pages):
    for path in pages:
        text = re.sub(r"<(pre|script|code)\b.*?</\1>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        body = text.partition("<article")[2].partition("</article>")[0]
        assert not re.search(r"&lt;!--|\]\(|```|\| ---|\*\*\w", body), path.name
        assert not re.search(r"<p>[^<]*\n *[-*] ", body), f"{path.name}: a list needs an empty line before it"


@pytest.mark.parametrize("name", REFERENCE)
def test_the_reference_has_every_public_name(name, site, pages):
    owner = REFERENCE[name]
    listed = re.findall(
        rf"^::: {re.escape(owner.__name__)}\.(\w+)$", (ROOT / "docs" / name).read_text(), re.MULTILINE
    )
    assert sorted(listed) == sorted(set(owner.__all__) - {"__version__", "phy"})
    anchors = pages[site / name.replace(".md", ".html")].anchors
    assert {f"{owner.__name__}.{each}" for each in listed} <= anchors


def test_arguments_of_docstrings_are_lists_and_examples_are_code(site):
    text = (site / "api.html").read_text(encoding="utf-8")
    part = text.partition('id="cscsanet.draw_channels"')[2].partition('id="cscsanet.Channels"')[0]
    assert re.search(r"<li><code>seed</code>: equal seeds give equal drops", part)
    assert "&gt;&gt;&gt; " in part
    assert "<blockquote>" not in text


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    chrome = webdriver.Chrome(options=options, service=Service(CHROMEDRIVER))
    yield chrome
    chrome.quit()


@pytest.mark.skipif(not (CHROMIUM and CHROMEDRIVER), reason="chromium or chromedriver is not installed")
def test_from_disk_pages_fit_a_phone_and_search_answers_without_the_network(site, browser):
    for width in (390, 1400):
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        for name in ("index", "api", "models", "compared", "notebooks/02_your_scheme"):
            browser.get((site / f"{name}.html").as_uri())
            wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert browser.execute_script(wide) <= 0, (name, width)
    browser.execute_script("document.querySelector('[data-md-component=search-query]').focus()")
    browser.switch_to.active_element.send_keys("precoder")
    items = "return document.querySelectorAll('.md-search-result__item').length"
    WebDriverWait(browser, 30).until(lambda chrome: chrome.execute_script(items) > 3)
    log = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [
        each["params"]["request"]["url"] for each in log if each["method"] == "Network.requestWillBeSent"
    ]
    assert asked
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert browser.get_log("browser") == []


def test_the_citation_is_of_this_version_and_names_the_paper():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == cscsanet.__version__
    assert citation["license"] == "Apache-2.0"
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert "2509.19312" in citation["references"][0]["url"]
