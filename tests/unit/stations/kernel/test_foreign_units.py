"""Foreign units: whatever their metadata and weights claim, the kernel reads and writes within its arrays.

Each unit is loaded in another process, so that a crash is a failure of its test and of no other.
"""

import functools
import json
import shutil
import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from cscsanet.errors import CscsanetError
from cscsanet.stations.kernel.lengths import check_memory, lengths_of_metadata
from cscsanet.stations.kernel.structures import Kept
from cscsanet.stations.kernel.weights import read_weights
from cscsanet.stations.session import load_unit
from cscsanet.workflow.workspace import SHIPPED

SCHEME = "noma-aligned"
FOLDER = SHIPPED / "onnx" / SCHEME
UNIT = "ue_rgb_csi"
LOADED = (UNIT, "ue_rgb_tx", "csirs")

needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="there is no C compiler"
)


def spoil_metadata(model, key, change):
    """Change the value of one entry of the metadata."""
    (entry,) = [prop for prop in model.metadata_props if prop.key == f"cscsanet.{key}"]
    value = json.loads(entry.value)
    change(value)
    entry.value = json.dumps(value)


def stated(key, *path, value):
    """Return a change of one value of the metadata alone."""

    def spoil(models):
        def change(content):
            for name in path[:-1]:
                content = content[name]
            content[path[-1]] = value

        # The units of a UE must agree in their parameters.
        for unit in LOADED if key == "params" else (UNIT,):
            spoil_metadata(models[unit], key, change)

    return spoil


def shaped(kind, name, shape):
    """Return a change of the shape of an input or output that the graph does not fix, in the metadata."""

    def spoil(models):
        for tensor in getattr(models[UNIT].graph, kind[:-1]):
            if tensor.name == name:
                for axis in tensor.type.tensor_type.shape.dim:
                    axis.dim_param = f"free{id(axis)}"
        stated(kind, name, "shape", value=["batch", *shape])(models)

    return spoil


def csirs(name, change):
    """Return a change of one output of the unit that holds the CSI-RS."""

    def spoil(models):
        model = models["csirs"]
        values = change(dict(zip(("transmit", "baseband", "receive"), read_csirs(), strict=True))[name])
        del model.graph.output[[output.name for output in model.graph.output].index(name)]
        for node in model.graph.node:
            node.output[:] = [f"{each}_before" if each == name else each for each in node.output]
        kept = [tensor for tensor in model.graph.initializer if tensor.name != name]
        del model.graph.initializer[:]
        model.graph.initializer.extend(kept)
        node = onnx.helper.make_node("Constant", [], [name], value=numpy_helper.from_array(values))
        model.graph.node.append(node)
        model.graph.output.append(
            onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, values.shape)
        )
        spoil_metadata(model, "outputs", lambda outputs: outputs[name].update(shape=list(values.shape)))

    return spoil


def read_csirs():
    outputs = load_unit(FOLDER / "csirs.onnx", "csirs")()
    return outputs["transmit"], outputs["baseband"], outputs["receive"]


CHANNEL = ("params", "channel")
SPOILT = {
    "bits": stated("capacity", "feedback_bits", value=4_000_000),
    "bits-beyond-an-int": stated("capacity", "feedback_bits", value=2**33 + 64),
    "more-bits": stated("capacity", "feedback_bits", value=4000),
    "odd-bits": stated("capacity", "feedback_bits", value=1023),
    "fewer-bits": stated("capacity", "feedback_bits", value=512),
    "more-symbols": stated("capacity", "csirs_symbols", value=16),
    "fewer-symbols": stated("capacity", "csirs_symbols", value=2),
    "symbols-beyond-memory": stated("capacity", "csirs_symbols", value=10**9),
    "data-symbols": stated("capacity", "data_symbols", value=5000),
    "more-data-symbols": stated("capacity", "data_symbols", value=50),
    "chains": stated(*CHANNEL, "rf_chains", value=4),
    "many-chains": stated(*CHANNEL, "rf_chains", value=8),
    "one-chain": stated(*CHANNEL, "rf_chains", value=1),
    "subcarriers": stated(*CHANNEL, "subcarriers", value=128),
    "bs-antennas": stated(*CHANNEL, "bs_antennas", value=128),
    "bs-antennas-beyond-memory": stated(*CHANNEL, "bs_antennas", value=10**7),
    "ue-antennas": stated(*CHANNEL, "ue_antennas", value=16),
    "delays": stated(*CHANNEL, "max_delay", value=1e9),
    "more-delays": stated(*CHANNEL, "max_delay", value=900.0),
    "carrier": stated(*CHANNEL, "carrier_ghz", value=1e300),
    "no-csa": stated("params", "csa", value=[]),
    "aoa-beams": stated("params", "csa", "aoa_beams", value=4096),
    "aoa-beams-as-text": stated("params", "csa", "aoa_beams", value="256"),
    "no-aoa-beams": stated("params", "csa", "aoa_beams", value=0),
    "aod-beams": stated("params", "csa", "aod_beams", value=4096),
    "negative-aod-beams": stated("params", "csa", "aod_beams", value=-32),
    "no-certainty": stated("params", "csa", "certainty", value=False),
    "output-bits": shaped("outputs", "bits", [4]),
    "output-csi": shaped("outputs", "csi", [1, 16]),
    "output-phases": shaped("outputs", "precoder_phases", [1, 2]),
    "output-alignment": shaped("outputs", "alignment", [1, 64, 2]),
    "input-csirs": shaped("inputs", "csirs", [4, 2, 8, 2]),
    "csirs-of-fewer-symbols": csirs("baseband", lambda values: values[:2]),
    "csirs-of-fewer-antennas": csirs("transmit", lambda values: values[:, :8]),
    "csirs-of-fewer-ue-antennas": csirs("receive", lambda values: values[..., :1, :]),
    "csirs-of-no-numbers": csirs("receive", lambda values: values * np.float32(np.nan)),
}
# No array of the unit has these lengths, so only what it computes differs.
OF_ANOTHER_CHANNEL = ("carrier", "more-delays", "aoa-beams")

# One line for each folder: how its UE searches and why, or the message of the refusal.
_LOAD = """
import json, sys
from pathlib import Path
from cscsanet.errors import CscsanetError
from cscsanet.stations.fused import load_searching_ue

for folder in map(Path, sys.argv[3:]):
    try:
        station = load_searching_ue(folder, "rgb", sys.argv[1], search=sys.argv[2])
        result = [station.search, station.why_onnx]
    except CscsanetError as error:
        result = ["refused", str(error)]
    print(json.dumps(result), flush=True)
"""


def load(folders, search="auto"):
    """Load units in another process; return what became of each until it ends, and its end: exit code and errors."""
    command = [sys.executable, "-c", _LOAD, SCHEME, search, *map(str, folders)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()], (done.returncode, done.stderr)


def spoilt_folder(root, name):
    """Return a copy of the units, spoilt as SPOILT says."""
    folder = shutil.copytree(FOLDER, root / name)
    models = {unit: onnx.load(folder / f"{unit}.onnx") for unit in LOADED}
    SPOILT[name](models)
    for unit, model in models.items():
        onnx.save(model, folder / f"{unit}.onnx")
    return folder


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """Return what became of each spoilt unit, or the end of the process that loaded it."""
    root = tmp_path_factory.mktemp("units")
    waiting, results = {name: spoilt_folder(root, name) for name in SPOILT}, {}
    while waiting:
        lines, end = load(waiting.values())
        assert end[0] or not end[1], "nothing is printed but the results"
        results |= zip(waiting, [*lines, end], strict=False)
        # A process that crashes is followed by another for the units after it.
        waiting = {name: folder for name, folder in waiting.items() if name not in results}
    return results


@needs_compiler
@pytest.mark.parametrize("name", SPOILT)
def test_a_unit_that_contradicts_itself_is_not_compiled(loaded, name):
    search, why = loaded[name]
    assert search == "onnx", why
    before = "not served" in why or "finds no weights" in why
    assert before or ("differs from this unit" in why and name in OF_ANOTHER_CHANNEL)
    assert "\n" not in why


@needs_compiler
def test_such_a_unit_is_refused_where_the_kernel_is_asked_for(tmp_path):
    (result,), end = load([spoilt_folder(tmp_path, "bits")], search="fused")
    assert end == (0, "")
    assert result[0] == "refused"
    assert "its codeword_features = 2000000, and must be 1 to 4096; choose the search 'onnx'" in result[1]


def weight_names():
    graph = onnx.load(FOLDER / f"{UNIT}.onnx").graph
    return [
        tensor.name
        for tensor in graph.initializer
        if tensor.name.startswith("net.") and tensor.dims and not tensor.name.startswith("net.search")
    ]


@pytest.mark.parametrize("name", weight_names())
def test_a_weight_of_another_shape_is_refused(tmp_path, name):
    """ONNX Runtime refuses most such graphs, too, and does not have to."""
    model = onnx.load(FOLDER / f"{UNIT}.onnx")
    (tensor,) = [each for each in model.graph.initializer if each.name == name]
    values = numpy_helper.to_array(tensor)
    for axis in range(values.ndim):
        tensor.CopyFrom(numpy_helper.from_array(np.delete(values, 0, axis), name))
        onnx.save(model, tmp_path / "unit.onnx")
        refused = False
        try:
            read(tmp_path / "unit.onnx")
        except CscsanetError as error:
            refused = "finds no weights" in str(error) and "\n" not in str(error)
        assert refused, axis


@functools.cache
def shipped():
    return load_unit(FOLDER / f"{UNIT}.onnx", UNIT).info


def read(path):
    """Read the weights of a graph with the metadata of the shipped unit; return all lengths."""
    info = shipped()
    lengths = lengths_of_metadata(info, path)
    _, lengths = read_weights(path, info.channel, lengths, certainty=True, aligned=True, kept=Kept())
    check_memory(lengths, path)
    return lengths


def test_weights_in_another_file_are_not_read(tmp_path, monkeypatch):
    (tmp_path / "weights").write_bytes(bytes(128))
    model = onnx.load(FOLDER / f"{UNIT}.onnx")
    (tensor,) = [each for each in model.graph.initializer if each.name == "net.aoa_trunk.context.bias"]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights")
    (tmp_path / "unit.onnx").write_bytes(model.SerializeToString())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CscsanetError, match="is in another file"):
        read(tmp_path / "unit.onnx")


@pytest.mark.parametrize(
    "changes", [{"hidden": 4000}, {"model": 200_000}, {"layers": 0}, {"csi": 5000}, {"subcarriers": 3300}]
)
def test_more_than_the_stack_holds_is_refused(tmp_path, fault, changes):
    path = FOLDER / f"{UNIT}.onnx"
    lengths = read(path)
    assert "not served" in fault(check_memory, {**lengths, **changes}, path)
