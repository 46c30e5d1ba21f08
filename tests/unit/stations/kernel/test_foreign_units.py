"""Foreign units: whatever their metadata and weights claim, the kernel reads and writes within its arrays.

Each unit is loaded in another process, so that a crash is a failure of its test and of no other.
"""

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

        spoil_metadata(models[UNIT], key, change)

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
# A channel that its other sizes follow; the weights do not.
SPOILT = {
    "bits": stated("capacity", "feedback_bits", value=4_000_000),
    "bits-beyond-an-int": stated("capacity", "feedback_bits", value=2**33 + 64),
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
    "output-csi": shaped("outputs", "csi", [64, 1]),
    "output-phases": shaped("outputs", "precoder_phases", [1, 2]),
    "output-alignment": shaped("outputs", "alignment", [1, 64, 2]),
    "input-csirs": shaped("inputs", "csirs", [4, 2, 8, 2]),
    "csirs-of-fewer-symbols": csirs("baseband", lambda values: values[:2]),
    "csirs-of-fewer-antennas": csirs("transmit", lambda values: values[:, :8]),
    "csirs-of-fewer-ue-antennas": csirs("receive", lambda values: values[..., :1, :]),
    "csirs-of-no-numbers": csirs("receive", lambda values: values * np.float32(np.nan)),
}

# One line for each folder: how its UE searches and why, or the message of the refusal.
_LOAD = """
import json, sys
from pathlib import Path
from cscsanet.errors import CscsanetError
from cscsanet.stations.fused import load_searching_ue

for folder in sys.argv[2:]:
    for search in ("auto", "fused"):
        try:
            station = load_searching_ue(Path(folder), "rgb", sys.argv[1], search=search)
            result = [station.search, station.why_onnx]
        except CscsanetError as error:
            result = ["refused", str(error)]
        print(json.dumps([Path(folder).name, search, *result]), flush=True)
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """Load a spoilt unit in another process; return what became of it by the search that was asked for.

    A process that crashes is followed by another for the units after it.
    """
    root = tmp_path_factory.mktemp("units")
    for name, spoil in SPOILT.items():
        folder = shutil.copytree(FOLDER, root / name)
        models = {unit: onnx.load(folder / f"{unit}.onnx") for unit in (UNIT, "csirs")}
        spoil(models)
        for unit, model in models.items():
            onnx.save(model, folder / f"{unit}.onnx")
    results, waiting = {name: {} for name in SPOILT}, list(SPOILT)
    while waiting:
        command = [sys.executable, "-c", _LOAD, SCHEME, *(str(root / name) for name in waiting)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        for line in done.stdout.splitlines():
            name, search, *result = json.loads(line)
            results[name][search] = result
        whole = [name for name in waiting if len(results[name]) == 2]
        if done.returncode == 0:
            assert len(whole) == len(waiting)
            break
        crashed = waiting[len(whole)]
        results[crashed]["crash"] = f"exit code {done.returncode}: {done.stderr[-2000:]}"
        waiting = waiting[len(whole) + 1 :]
    return results


@needs_compiler
@pytest.mark.parametrize("name", SPOILT)
def test_a_unit_that_contradicts_itself_is_not_compiled(loaded, name):
    result = loaded[name]
    assert "crash" not in result, result["crash"]
    search, why = result["auto"]
    assert search in ("onnx", "refused")
    # Of another reason than a difference, which the kernel would have to run for.
    assert why
    assert "differs" not in why
    assert "\n" not in why
    assert result["fused"] == ["refused", why]


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


def read(path):
    """Read the weights of a graph with the metadata of the shipped unit; return all lengths."""
    info = load_unit(FOLDER / f"{UNIT}.onnx", UNIT).info
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
