"""The benchmarks still import; they take too long to run in the tests."""

import ast
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = sorted((Path(__file__).parents[2] / "benchmarks").glob("*.py"))


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_a_benchmark_imports(path):
    spec = importlib.util.spec_from_file_location(f"benchmark_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert callable(module.main)


def test_the_accelerator_script_runs_at_the_smallest_sizes(tmp_path):
    """As a process of its own, as it runs on a machine with an accelerator."""
    out = tmp_path / "table.json"
    script = next(path for path in BENCHMARKS if path.stem == "accelerator")
    command = [sys.executable, script, "--tiny", "--minutes", "0.02", "--out", out]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    table = json.loads(out.read_text())
    assert table["profile"] == "smoke"
    values = {row["what"]: row["value"] for row in table["rows"]}
    assert len([what for what in values if what.startswith("Stage I, a step")]) == 2
    graphs = [row for row in table["rows"] if "CUDA graph" in row["what"]]
    assert len(graphs) == 2
    assert all(row["value"] or row["note"].startswith("not measured") for row in graphs)
    timed = {row["what"]: row["value"] for row in table["rows"] if row["unit"] in ("s", "ms", "1/s")}
    assert all(value > 0 for value in timed.values())
    assert 0 < values["mIoU over the channel at -10 dB"] < 1


def test_the_search_script_compares_kernel_units_and_pytorch(tmp_path):
    out = tmp_path / "table.json"
    script = next(path for path in BENCHMARKS if path.stem == "csi_search")
    command = [sys.executable, script, "--drops", "2", "--rounds", "2", "--out", out]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    table = json.loads(out.read_text())
    assert len(table["latency"]) == 4
    assert all(row["times_as_fast"] > 1 for row in table["latency"])
    assert len(table["beams"]) == 16
    for row in table["beams"]:
        assert row["fused"]["low"] <= row["fused"]["loss"] <= row["fused"]["high"]
        assert row["fused"]["loss"] < 0.005


_MODULES_OF_OURS = """
import json, runpy, sys
runpy.run_path(sys.argv[1], run_name="imported")
ours = {name: module.__file__ for name, module in sys.modules.items() if name.split(".")[0] == "cscsanet"}
print(json.dumps({name: file for name, file in ours.items() if file}))
"""


def test_the_accelerator_script_needs_no_more_than_it_says(tmp_path):
    """None of the modules of ours that it imports has another library at its head."""
    script = next(path for path in BENCHMARKS if path.stem == "accelerator")
    command = [sys.executable, "-c", _MODULES_OF_OURS, script]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path)
    allowed = {*sys.stdlib_module_names, "cscsanet", "torch", "numpy", "pydantic", "safetensors", "lightning"}
    needed = set()
    for file in (script, *json.loads(done.stdout).values()):
        for node in ast.parse(Path(file).read_text()).body:
            if isinstance(node, ast.Import):
                needed |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                needed.add(node.module.split(".")[0])
    # Lightning installs PyYAML.
    assert needed - allowed == {"yaml"}
