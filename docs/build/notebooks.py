"""Convert and run the notebooks: `python docs/build/notebooks.py [NAME ...]`.

The sources are `notebooks/*.py`, in percent format. Each is converted to an `.ipynb` of the same name, and run in an empty folder
below this clone. The outputs are kept, without times and counters, so that equal results give equal files.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
_TIMEOUT = 300  # of a cell [s]


def converted(source: Path) -> Any:
    """Return the notebook of a source, without outputs."""
    import jupytext

    notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    for number, cell in enumerate(notebook.cells):
        # Of random names every conversion would be another file.
        cell["id"] = f"cell-{number}"
        cell["metadata"] = {}
    notebook["metadata"] = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    notebook["nbformat_minor"] = 5
    return notebook


def run(notebook: Any, folder: Path) -> None:
    """Run all cells in a folder, and keep the outputs."""
    from nbclient import NotebookClient

    NotebookClient(
        notebook, timeout=_TIMEOUT, resources={"metadata": {"path": str(folder)}}, record_timing=False
    ).execute()
    for cell in notebook.cells:
        cell["metadata"] = {}
        # What a library says on standard error is of this machine.
        if cell["cell_type"] == "code":
            cell["outputs"] = [each for each in cell["outputs"] if each.get("name") != "stderr"]


def main() -> None:
    """Write the notebooks."""
    import nbformat

    parser = argparse.ArgumentParser(description="Convert and run the notebooks.")
    parser.add_argument("names", nargs="*", help="such as 01_first_transmission; all, if none is named")
    names = parser.parse_args().names
    scratch = ROOT / "scratch"
    scratch.mkdir(exist_ok=True)
    for source in sorted(FOLDER.glob("*.py")):
        if names and source.stem not in names:
            continue
        notebook = converted(source)
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            run(notebook, Path(folder))
        target = source.with_suffix(".ipynb")
        nbformat.write(notebook, target)
        print(f"{target.relative_to(ROOT)}: {target.stat().st_size / 1000:.0f} kB", file=sys.stderr)


if __name__ == "__main__":
    main()
