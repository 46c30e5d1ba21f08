"""The notebooks: their sources run as scripts, and the committed `.ipynb` have the same cells, run without errors."""

import importlib.util
import json
import runpy
from pathlib import Path
from types import ModuleType

import matplotlib.pyplot as plt
import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "notebooks").glob("*.py"))
EVIDENCE = ROOT / "notebooks" / "05_reading_the_evidence.py"
LARGEST = 1_500_000  # bytes of all notebooks together

pytestmark = pytest.mark.filterwarnings("ignore:.*non-interactive.*")


@pytest.fixture(scope="module")
def converter() -> ModuleType:
    spec = importlib.util.spec_from_file_location("notebooks", ROOT / "docs" / "build" / "notebooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def without_a_screen():
    backend = plt.get_backend()
    plt.switch_backend("Agg")
    yield
    plt.close("all")
    plt.switch_backend(backend)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_notebook_runs_in_an_empty_folder(source, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(source), run_name="__main__")
    printed = capsys.readouterr().out
    assert printed
    assert str(tmp_path) not in printed
    assert ("not in a clone" in printed) == (source == EVIDENCE)


def test_the_evidence_is_read_in_a_clone(monkeypatch, capsys):
    monkeypatch.chdir(ROOT / "notebooks")
    runpy.run_path(str(EVIDENCE), run_name="__main__")
    printed = capsys.readouterr().out
    assert "not in a clone" not in printed
    # Each statement of the ledger has a line with its verdict.
    claims = json.loads((ROOT / "reports" / "claims.json").read_text(encoding="utf-8"))["claims"]
    lines = printed.splitlines()
    for claim in claims:
        verdict = claim["judged"]["paper"]["verdict"]
        assert any(line.startswith(claim["id"]) and verdict in line for line in lines), claim["id"]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_the_committed_notebook_is_its_source_run_without_errors(source, converter):
    committed = json.loads(source.with_suffix(".ipynb").read_text(encoding="utf-8"))
    expected = converter.converted(source)
    cells = [(cell["cell_type"], "".join(cell["source"])) for cell in committed["cells"]]
    assert cells == [(cell["cell_type"], cell["source"]) for cell in expected.cells], (
        f"{source.name}: run docs/build/notebooks.py {source.stem}"
    )
    code = [cell for cell in committed["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell["outputs"]]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert {output["output_type"] for output in outputs} <= {"stream", "display_data", "execute_result"}
    assert not any(output.get("name") == "stderr" for output in outputs)
    # A figure that is shown as its name is none.
    assert not any("<Figure" in str(output) and "image/png" not in output["data"] for output in outputs)
    assert str(ROOT.parent) not in json.dumps(committed["metadata"])


def test_the_notebooks_are_small_and_complete():
    files = sorted((ROOT / "notebooks").iterdir())
    assert {file.suffix for file in files} == {".py", ".ipynb"}
    assert sum(file.stat().st_size for file in files) < LARGEST
