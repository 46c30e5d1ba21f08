"""The pages' tables can be written from the reports that lie in git."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_table_is_written_from_the_reports(tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(ROOT / "docs")
    spec = importlib.util.spec_from_file_location("tables", ROOT / "docs" / "tables.py")
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    for page in (ROOT / "docs").glob("*.md"):
        text = tables._BLOCK.sub(lambda found: f"{found[1]}{found[3]}", page.read_text())
        (tmp_path / page.name).write_text(text)
    monkeypatch.setattr(tables, "DOCS", tmp_path)
    tables.main()
    written = {
        "complexity.md",
        "deployment.md",
        "evidence.md",
        "phase-alignment.md",
        "physical-layer.md",
        "separated-designs.md",
    }
    assert set(capsys.readouterr().out.split()) == written
    for page in tmp_path.glob("*.md"):
        blocks = tables._BLOCK.findall(page.read_text())
        names = [name for _, name, _ in blocks]
        assert len(set(names)) == len(names)
        filled = tables._BLOCK.finditer(page.read_text())
        assert all(found[0].count("\n|") >= 3 for found in filled)
