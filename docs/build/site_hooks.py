"""Hooks of the site: pages that are not in docs/, and links that hold on a code host and in the site alike.

README.md is the first page. CHANGELOG.md, CONTRIBUTING.md and the notebooks are pages, too. What pages link to in reports/ is
copied beside them. A link to another file of the clone becomes plain text, since the site does not have it.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
# File of the clone -> page of the site.
PAGES = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
# Search without a server needs a worker in a frame. The theme would load one from elsewhere.
SHIM = "assets/frame_worker.js"
_FOREIGN_SHIM = re.compile(r'<script src="https://unpkg\.com/iframe-worker/shim"></script>')
_MARKER = re.compile(r"<!-- (?:table|value): [\w-]+ -->\n?|<!-- end -->")
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_FENCE = re.compile(r"(^ *```.*?^ *```$)", re.DOTALL | re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not in docs/, and the files of reports/ that pages link to."""
    css = ROOT / "docs" / "build" / "site.css"
    files.append(File.generated(config, "assets/site.css", abs_src_path=str(css)))
    files.append(File.generated(config, SHIM, abs_src_path=str(css.with_name("frame_worker.js"))))
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for name, content in notebook_page(notebook).items():
            files.append(File.generated(config, name, content=content))
    pages = [ROOT / source for source in PAGES] + sorted((ROOT / "docs").glob("*.md"))
    for target in sorted({each for page in pages for each in _reports_of(page)}):
        files.append(File.generated(config, target, abs_src_path=str(ROOT / target)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Return a page with links of the site, and without the markers of generated tables."""
    source = source_of(page.file.src_uri)
    if source is None:
        return markdown
    parts = _FENCE.split(_MARKER.sub(lambda match: "\n" if match[0].endswith("\n") else "", markdown))
    # Every second part is a block of code.
    parts[::2] = [
        _LINK.sub(lambda match: _relinked(match, source, page.file.src_uri), part) for part in parts[::2]
    ]
    return "".join(parts)


def source_of(page: str) -> str | None:
    """Return the file of the clone that a page is made from; None for a notebook, which has no links of a clone."""
    if page.startswith("notebooks/"):
        return None
    return next((source for source, name in PAGES.items() if name == page), f"docs/{page}")


def site_path(target: str) -> str | None:
    """Return where the site has a file of the clone; None if it does not have it."""
    if target in PAGES:
        return PAGES[target]
    if target.startswith("notebooks/") and target.endswith((".ipynb", ".py")):
        return f"{target.rpartition('.')[0]}.md"
    if target == "notebooks":
        return f"{sorted((ROOT / 'notebooks').glob('*.ipynb'))[0].relative_to(ROOT).with_suffix('.md')}"
    if target.startswith("reports/"):
        return target
    return target.removeprefix("docs/") if target.startswith("docs/") else None


def notebook_page(notebook: Path) -> dict[str, str | bytes]:
    """Return the page of a notebook and its pictures, by their paths in the site."""
    import nbformat
    from nbconvert import MarkdownExporter

    # Version 4 is that of the files.
    content = nbformat.read(notebook, as_version=4)
    text, resources = MarkdownExporter().from_notebook_node(content)
    pictures = {
        f"notebooks/{notebook.stem}/{name}": data for name, data in sorted(resources["outputs"].items())
    }
    text = re.sub(r"!\[png\]\((\w+\.png)\)", rf"![output]({notebook.stem}/\1)", text)
    note = f"`notebooks/{notebook.name}` in a clone; its source is `notebooks/{notebook.stem}.py`."
    heading, _, rest = text.lstrip().partition("\n")
    return {f"notebooks/{notebook.stem}.md": f"{heading}\n\n{note}\n{rest}", **pictures}


def _relinked(match: re.Match[str], source: str, page: str) -> str:
    picture, text, link = match.groups()
    target, _, anchor = link.partition("#")
    if "://" in link or link.startswith("mailto:") or not target:
        return match[0]
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    place = site_path(path)
    if place is None:
        return text
    relative = posixpath.relpath(place, posixpath.dirname(page) or ".")
    return f"{picture}[{text}]({relative}{'#' + anchor if anchor else ''})"


def _reports_of(page: Path) -> set[str]:
    """Return the files of reports/ that a page of the clone links to."""
    links = {link.partition("#")[0] for _, _, link in _LINK.findall(page.read_text(encoding="utf-8"))}
    folder = page.parent.relative_to(ROOT).as_posix()
    paths = {posixpath.normpath(posixpath.join(folder, link)) for link in links if link and "://" not in link}
    return {path for path in paths if path.startswith("reports/")}


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Return the HTML of a page, with our worker in place of the foreign one."""
    up = "../" * page.file.dest_uri.count("/")
    return _FOREIGN_SHIM.sub(f'<script src="{up}{SHIM}"></script>', output)


def on_post_template(output_content: str, template_name: str, config: MkDocsConfig) -> str:
    """Do the same for the page of missing pages."""
    return _FOREIGN_SHIM.sub("", output_content)
