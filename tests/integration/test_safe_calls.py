"""No source has a way for a foreign file to run code, to be read without a bound, or to be unpacked elsewhere."""

import os
import socket
from pathlib import Path

import pytest
from fixtures.unsafe_calls import unsafe_calls

from cscsanet.stations.remote import Process

ROOT = Path(__file__).parents[2]
FOLDERS = ("src", "stages", "specialists", "benchmarks", "docs/build")
SOURCES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
_EXPORTED = "a graph that this project's own export has just written"
_BOUNDED = "a loader derived from SafeLoader, with bounds; tests/unit/test_parsing.py"
_KERNEL = "a library compiled from the sources of this package, in a folder of this user"
_SENT = "an exception of this process, tried before it is sent"
_REPORTS = "a file of reports/ in this checkout, for its own pages"
# File and use -> why it is safe.
ALLOWED = {
    ("src/cscsanet/parsing.py", "yaml.load"): _BOUNDED,
    ("src/cscsanet/config/yaml_text.py", "yaml.load"): _BOUNDED,
    ("src/cscsanet/parsing.py", "json.loads"): "the one parser of JSON; it refuses what nests too deeply",
    (
        "src/cscsanet/scenes/images.py",
        "PIL.Image.open",
    ): "the one opener of pictures; their pixels are bounded",
    ("src/cscsanet/export/graph_store.py", "onnx.load"): "a graph in scratch/, which this checkout wrote",
    ("src/cscsanet/export/halves.py", "onnx.load"): _EXPORTED,
    ("src/cscsanet/tracking/registry.py", "onnx.load"): _EXPORTED,
    ("src/cscsanet/studies/complexity/graph_cost.py", "onnx.load"): _EXPORTED,
    ("src/cscsanet/studies/deployment/int8.py", "onnx.load"): _EXPORTED,
    ("benchmarks/pipeline.py", "json.loads"): _REPORTS,
    ("benchmarks/time_to_quality.py", "json.loads"): _REPORTS,
    ("docs/build/evidence_tables.py", "json.loads"): _REPORTS,
    ("docs/build/table_rows.py", "json.loads"): _REPORTS,
    ("src/cscsanet/stations/kernel/build.py", "ctypes.CDLL"): _KERNEL,
    ("src/cscsanet/stations/kernel/structures.py", "ctypes.POINTER"): _KERNEL,
    ("src/cscsanet/stations/kernel/structures.py", "ctypes.c_float"): _KERNEL,
    ("src/cscsanet/stations/kernel/structures.py", "ctypes.Structure"): _KERNEL,
    ("src/cscsanet/stations/kernel/structures.py", "ctypes.c_int"): _KERNEL,
    ("src/cscsanet/stations/kernel/unit.py", "ctypes.POINTER"): _KERNEL,
    ("src/cscsanet/stations/kernel/unit.py", "ctypes.c_float"): _KERNEL,
    ("src/cscsanet/stations/kernel/unit.py", "ctypes.byref"): _KERNEL,
    ("src/cscsanet/stations/kernel/unit.py", "ctypes.c_int"): _KERNEL,
    ("src/cscsanet/stations/kernel/unit.py", "ctypes.c_void_p"): _KERNEL,
    (
        "src/cscsanet/stations/kernel/weights.py",
        "onnx.load",
    ): "without data outside the file; shapes are checked",
    ("src/cscsanet/workflow/engines.py", "pickle.dumps"): _SENT,
    ("src/cscsanet/workflow/engines.py", "pickle.loads"): _SENT,
    ("benchmarks/scale.py", "json.loads"): "what a process of this benchmark has just written",
    ("benchmarks/shared_training.py", "json.loads"): "what a process of this benchmark has just written",
    ("docs/build/sbom.py", "json.loads"): "what this script has just written",
}


def used() -> dict[tuple[str, str], list[int]]:
    uses: dict[tuple[str, str], list[int]] = {}
    for path in SOURCES:
        for line, name in unsafe_calls(path.read_text(encoding="utf-8")):
            uses.setdefault((path.relative_to(ROOT).as_posix(), name), []).append(line)
    return uses


def test_every_unsafe_use_is_allowed_for_a_reason_and_every_reason_is_needed():
    assert len(SOURCES) > 300
    uses = used()
    assert {use: lines for use, lines in uses.items() if use not in ALLOWED} == {}
    assert [use for use in ALLOWED if use not in uses] == []


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import torch\ntorch.load(p)", "torch.load without weights_only"),
        ("import torch\ntorch.load(p, weights_only=False)", "weights_only="),
        ("import torch\ntorch.load(p, weights_only=flag)", "weights_only="),
        ("from torch import load as read\nread(p)", "torch.load without weights_only"),
        ("import numpy as np\nnp.load(p, allow_pickle=True)", "allow_pickle="),
        ("import pickle\nread = pickle.loads", "pickle.loads"),
        ("def f():\n    from pickle import Unpickler as U\n    U(p)", "pickle.Unpickler"),
        ("import joblib\njoblib.load(p)", "joblib.load"),
        ("import yaml\nyaml.load(t, yaml.Loader)", "yaml.load"),
        ("from yaml import unsafe_load\nunsafe_load(t)", "yaml.unsafe_load"),
        ("eval(t)", "builtins.eval"),
        ("exec(t)", "builtins.exec"),
        ("import subprocess\nsubprocess.run(t, shell=True)", "shell="),
        ("import os\nos.system(t)", "os.system"),
        ("import os\nos.execv(t, [])", "os.execv"),
        ("import jinja2\njinja2.Environment()", "jinja2.Environment without autoescape"),
        ("from jinja2 import Environment\nEnvironment(autoescape=False)", "autoescape="),
        ("from markupsafe import Markup\nMarkup(t)", "markupsafe.Markup"),
        ("from PIL import Image\nImage.open(p)", "PIL.Image.open"),
        ("import json\njson.load(f)", "json.load"),
        ("import onnx\nonnx.load(p)", "onnx.load"),
        ("import onnxruntime as ort\nort.SessionOptions().register_custom_ops_library(p)", "register_custom_ops_library"),
        ("import zipfile\nzipfile.ZipFile(p).extractall()", "extractall"),
        ("import tarfile\ntarfile.open(p)", "tarfile.open"),
        ("import scipy.io\nscipy.io.loadmat(p)", "scipy.io.loadmat"),
        ("from multiprocessing.connection import Listener\nListener(a)", "multiprocessing.connection.Listener"),
        ("import multiprocessing as m\nm.get_context('fork')", "multiprocessing.get_context of another kind than spawn"),
        ("import mlflow.pyfunc\nmlflow.pyfunc.load_model(u)", "mlflow.pyfunc.load_model"),
        ("from os import *", "from os import *"),
    ],
)  # fmt: skip
def test_an_unsafe_use_is_found(source, name):
    assert name in [found for _, found in unsafe_calls(source)]


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntorch.load(p, weights_only=True)",
        "import numpy as np\nnp.load(p)\nnp.load(p, allow_pickle=False)",
        "import yaml\nyaml.safe_load(t)",
        "model.eval()\nimport re\nre.compile('a')",
        "import pickle\ntry: pass\nexcept pickle.UnpicklingError: pass",
        "import multiprocessing\nmultiprocessing.get_context('spawn')",
        "import subprocess\nsubprocess.run(['git'], shell=False)",
    ],
)
def test_a_safe_use_is_not(source):
    assert unsafe_calls(source) == []


def test_a_station_s_pipe_has_no_address_that_others_could_connect_to():
    process = Process("idle", dict, ())
    try:
        with socket.socket(fileno=socket.dup(process._pipe.fileno())) as end:
            assert end.family == socket.AF_UNIX
            assert end.getsockname() == end.getpeername() == ""
        # Programs that this process starts do not get it either.
        assert not os.get_inheritable(process._pipe.fileno())
    finally:
        process.end()
