"""Captured graphs, each captured once for one version of the code and one configuration of the networks.

Capturing the path search takes a minute or more. Its graph does not depend on the weights, so it is kept,
and an export after another training only fills in the weights.
"""

from collections.abc import Callable
from pathlib import Path

import onnx
from filelock import FileLock
from google.protobuf.message import DecodeError

from cscsanet.config.params import digest
from cscsanet.files import write_by_rename
from cscsanet.workflow.code import stage_code
from cscsanet.workflow.workspace import SOURCE, Workspace

_STAGE = "export"  # the stage whose code the graphs depend on


class GraphStore:
    """Graphs by key, in memory and in a folder."""

    def __init__(self, folder: Path | None = None) -> None:
        """Open a store. folder: of graphs that were captured by the same code; None: memory alone."""
        self.folder = folder
        self.graphs: dict[str, onnx.ModelProto] = {}

    def get(self, key: str, capture: Callable[[], onnx.ModelProto]) -> onnx.ModelProto:
        """Return a copy of the graph of a key; `capture` makes it if there is none yet.

        Processes that want the same graph at the same time wait for the first of them.
        """
        if key not in self.graphs:
            self.graphs[key] = self._load_or_capture(key, capture)
        graph = onnx.ModelProto()
        graph.CopyFrom(self.graphs[key])
        return graph

    def _load_or_capture(self, key: str, capture: Callable[[], onnx.ModelProto]) -> onnx.ModelProto:
        if self.folder is None:
            return capture()
        path = self.folder / f"{digest(key)[:16]}.onnx"
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            graph = _load(path)
            if graph is None:
                graph = capture()
                content = graph.SerializeToString(deterministic=True)
                write_by_rename(path, lambda partial: partial.write_bytes(content))
            return graph


def _load(path: Path) -> onnx.ModelProto | None:
    """Return the graph in a file, or None if there is none or it is damaged."""
    try:
        graph = onnx.load(path)
    except (FileNotFoundError, DecodeError):
        return None
    # An empty file is a message without any field.
    return graph if graph.ir_version else None


def project_graphs(workspace: Workspace) -> GraphStore:
    """Return the store of a project: graphs in scratch/, for the code that runs.

    Without the project's stages the code has no digest, and the store is in memory.

    Raises:
        CscsanetError: the code hides what it runs (see `Walk`).
    """
    script = workspace.root / "stages" / f"{_STAGE}.py"
    if not script.exists():
        return GraphStore()
    code = stage_code(script, _STAGE, SOURCE).digest
    return GraphStore(workspace.scratch("graphs", code))
