"""The store of captured graphs: captured once for a version of the code, whoever asks, and never half a file."""

import multiprocessing
from functools import partial

import onnx
import pytest
from onnx import TensorProto, helper

from cscsanet.export import graph_store
from cscsanet.export.graph_store import GraphStore, project_graphs
from cscsanet.workflow.code import StageCode
from cscsanet.workflow.workspace import Workspace


def graph(name: str) -> onnx.ModelProto:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    return helper.make_model(helper.make_graph([], name, [value], [value]))


def refuse():
    raise AssertionError("captured again")


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_graph_is_captured_once_and_handed_out_as_a_copy(tmp_path, on_disk):
    store = GraphStore(tmp_path if on_disk else None)
    store.get("a", lambda: graph("a")).graph.name = "changed"
    assert store.get("a", refuse).graph.name == "a"
    assert store.get("b", lambda: graph("b")).graph.name == "b"


def test_another_process_finds_it_and_a_damaged_file_is_captured_again(tmp_path):
    GraphStore(tmp_path).get("a", lambda: graph("a"))
    assert GraphStore(tmp_path).get("a", refuse) == graph("a")
    (file,) = tmp_path.glob("*.onnx")
    whole = file.read_bytes()
    for damaged in (whole[:5], b""):
        file.write_bytes(damaged)
        assert GraphStore(tmp_path).get("a", lambda: graph("a")) == graph("a")
        assert file.read_bytes() == whole


def get_and_count(folder, barrier, counts):
    def capture():
        counts.put(1)
        return graph("a")

    barrier.wait()
    GraphStore(folder).get("a", capture)


def test_of_two_processes_one_captures_and_the_other_waits(tmp_path):
    context = multiprocessing.get_context("fork")
    barrier, counts = context.Barrier(2), context.Queue()
    run = partial(context.Process, target=get_and_count, args=(tmp_path, barrier, counts))
    processes = [run(), run()]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert counts.get() == 1
    assert counts.empty()


def test_other_code_captures_again_and_removes_the_former_graphs(tmp_path, monkeypatch):
    workspace = Workspace(tmp_path)
    assert project_graphs(workspace).folder is None, "no stages: the code has no digest"
    script = tmp_path / "stages" / "export.py"
    script.parent.mkdir()
    script.write_text("from cscsanet.studies.deployment.export import export_units\nexport_units()\n")
    first = project_graphs(workspace)
    first.get("a", lambda: graph("a"))
    assert project_graphs(workspace).get("a", refuse) == graph("a")
    monkeypatch.setattr(graph_store, "stage_code", lambda *_: StageCode({"work": "changed"}, {}))
    assert project_graphs(workspace).get("a", lambda: graph("b")) == graph("b")
    assert not first.folder.exists()
