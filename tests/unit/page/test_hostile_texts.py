"""Results from anywhere: no text of theirs becomes an element, an attribute, a link or a template of the page."""

import re
from collections import Counter
from html.parser import HTMLParser

import pytest
from fixtures.hostile_results import EVERYTHING, HOSTILE, page_with

from cscsanet.page import _environment


class Parts(HTMLParser):
    """The elements with the names of their attributes, the links, the texts, and what could run or load something."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: Counter[tuple[str, ...]] = Counter()
        self.active: list[tuple[str, str, str | None]] = []
        self.sources: list[str] = []
        self.text = ""
        self.ids: list[str] = []
        self.comments: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[(tag, *sorted(name for name, _ in attrs))] += 1
        for name, value in attrs:
            if name.startswith("on") or name in ("style", "srcdoc", "action", "formaction"):
                self.active.append((tag, name, value))
            if name in ("src", "href"):
                self.sources.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


@pytest.fixture(scope="module")
def tame(tmp_path_factory) -> Parts:
    return Parts(page_with(tmp_path_factory.mktemp("tame"), "x"))


@pytest.fixture(scope="module")
def hostile_html(tmp_path_factory) -> str:
    return page_with(tmp_path_factory.mktemp("hostile"), EVERYTHING)


@pytest.mark.parametrize("text", [EVERYTHING, "".join(reversed(HOSTILE))], ids=["all", "reversed"])
def test_a_hostile_text_adds_no_element_and_no_attribute(tmp_path, tame, text):
    html = page_with(tmp_path, text)
    parts = Parts(html)
    assert parts.elements == tame.elements
    assert parts.active == tame.active == []
    assert parts.comments == []
    assert all(source.startswith(("#", "data:image/webp;base64,", "data:,")) for source in parts.sources)
    assert html.count("</html>") == 1
    # It is there, as text: of claims, schemes, classes, methods, files and facts.
    assert parts.text.count(text) > 200


def test_every_section_of_the_page_is_among_those_that_are_tested(tame):
    sections = re.findall(r'<section id="(\w+)"', "".join(_template_texts()))
    assert set(sections) <= set(tame.ids)
    assert len(sections) >= 9


def _template_texts() -> list[str]:
    environment = _environment()
    assert environment.loader
    return [
        environment.loader.get_source(environment, name)[0]
        for name in environment.loader.list_templates()
        if name.endswith(".j2")
    ]


def test_templates_escape_everything_but_the_style_sheet():
    environment = _environment()
    assert environment.autoescape is True
    text = "\n".join(_template_texts())
    # Nothing else is exempt, and every value of an attribute is in quotes.
    assert re.findall(r"[^\n]*(?:\bsafe\b|autoescape|Markup|xmlattr|tojson)[^\n]*", text) == [
        "<style>{{ style | safe }}</style>"
    ]
    assert not re.search(r"\w=\{", text)
    assert not re.search(r"<script|\son\w+=|javascript:", text)
    assert environment.from_string("{{ x }}").render(x="<'\"&>") == "&lt;&#39;&#34;&amp;&gt;"


def test_the_policy_lets_in_its_style_sheet_and_pictures_alone(hostile_html):
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', hostile_html)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.replace("&#39;", "'").split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["img-src"] == "data:"
    assert re.fullmatch(r"'sha256-[\w+/]{43}='", rules["style-src"])
    # Before anything that it is for.
    assert hostile_html.index("Content-Security-Policy") < hostile_html.index("<title>")
