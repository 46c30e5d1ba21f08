"""The benchmarks still import; they take too long to run in the tests."""

import ast
import importlib.util
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = sorted((Path(__file__).parents[2] / "benchmarks").glob("*.py"))


def loaded(name):
    path = next(path for path in BENCHMARKS if path.stem == name)
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", [path.stem for path in BENCHMARKS])
def test_a_benchmark_imports(name):
    assert callable(loaded(name).main)


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


@pytest.fixture
def scale(tmp_path, monkeypatch):
    """Run parts of the scale benchmark at its smallest sizes in this process, and return the rows and verdicts."""
    scale, cases = loaded("scale"), loaded("scale_cases")

    def case(bench, name, count, folder=None, project=None):
        bench.rows.append(cases.run(name, count, folder or bench.scratch, project or Path()))

    def run(*parts, project=None):
        out = tmp_path / "scale.json"
        options = [word for part in parts for word in ("--part", part)]
        options += ["--project", str(project)] if project else []
        monkeypatch.setattr(sys, "argv", ["scale.py", "--tiny", "--out", str(out), *options])
        scale.main()
        return json.loads(out.read_text())

    monkeypatch.setattr(scale.Bench, "case", case)
    return run


def test_drops_and_frames_are_measured_at_the_smallest_sizes(scale):
    """The rows of a part stay when another is measured."""
    scale("drops")
    report = scale("frames")
    counted = {(row["case"], row["count"]) for row in report["rows"]}
    of_drops = {(case, count) for case in ("draw", "read") for count in (1_000, 10_000)}
    after_import = ("imported", "split", "load", "load-again", "load-in-memory", "epoch", "epoch-in-memory")
    of_frames = {(case, count) for case in after_import for count in (40, 120)}
    assert counted == {*of_drops, *of_frames, ("render", 40), ("render", 80)}
    verdicts = {verdict["case"]: verdict for verdict in report["verdicts"]}
    assert set(verdicts) == {case for case, _ in counted}
    assert verdicts["draw"]["bytes_exponent"] == pytest.approx(1, abs=0.02)
    assert verdicts["imported"]["bytes_exponent"] == pytest.approx(1, abs=0.02)
    assert all(verdict["memory"] == "flat" for verdict in verdicts.values())


def test_peaks_of_memory_are_seen():
    peak = {}
    with loaded("scale_cases").peaks(peak):
        held = np.ones(40 * 2**20, dtype=np.uint8)
        time.sleep(0.05)
        del held
    assert peak["peak_anonymous_bytes"] > 30 * 2**20
    assert peak["peak_resident_bytes"] > 30 * 2**20


def test_growth_has_its_verdict():
    scale = loaded("scale")

    def rows(seconds, peak):
        return [
            {
                "case": "x",
                "count": count,
                "processor_seconds": seconds(count),
                "peak_anonymous_bytes": peak(count),
                "peak_resident_bytes": 0,
            }
            for count in (10, 100, 1000)
        ]

    def verdict(seconds, peak):
        (result,) = scale.verdicts(rows(seconds, peak))
        return result["time"], result["memory"]

    assert verdict(lambda count: count, lambda count: 5) == ("linear", "flat")
    assert verdict(lambda count: count**1.2, lambda count: 2**17 * count) == ("above linear", "grows")
    assert verdict(lambda count: count**0.5, lambda count: 0) == ("below linear", "flat")
    assert verdict(lambda count: 3, lambda count: 0) == ("flat", "flat")


@pytest.mark.pipeline
def test_sweeps_and_evaluations_are_measured_at_the_smallest_sizes(scale, finished):
    report = scale("sweep", "evaluation", project=finished.root)
    counted = {(row["case"], row["count"]) for row in report["rows"]}
    several = {("one-scheme", number) for number in range(1, 7)} | {("first-schemes", 6)}
    points = {(case, count) for case in ("swept", "points", "points-kept", "schemes") for count in (1, 2)}
    assert counted == {*several, *points, ("images", 8), ("images", 16)}


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
