"""The models that come with the package: a project's trained models in half precision."""

import shutil
import zlib
from pathlib import Path
from typing import Any

from cscsanet.config.left_out import refuse_left_out, refuse_without_units
from cscsanet.config.params import Params
from cscsanet.config.schemes import SCHEMES, scheme
from cscsanet.errors import CscsanetError
from cscsanet.export.export import export_scheme
from cscsanet.export.graph_store import project_graphs
from cscsanet.export.halves import halve_unit
from cscsanet.files import file_digest, write_json
from cscsanet.parsing import parse_json
from cscsanet.pipeline.pictures import NAME as PICTURES
from cscsanet.pipeline.pictures import read_training_pictures
from cscsanet.tracking.provenance import provenance
from cscsanet.training.weights import halve_weights, weights_origin
from cscsanet.workflow.workspace import SHIPPED, Workspace

_MANIFEST = SHIPPED / "manifest.json"
MOST_BYTES = 20_000_000  # compressed, as in a wheel
# Schemes that are also shipped as ONNX units of their stations.
EXPORTED = ("noma-aligned",)


def shipped_names() -> list[str]:
    """Return the names of the weights that come with the package."""
    names = (name for entry in SCHEMES.values() if entry.shipped for name in entry.weights.values())
    return list(dict.fromkeys(names))


def ship(workspace: Workspace, params: Params, folder: Path = SHIPPED) -> list[str]:
    """Write the trained models of a project into the package, and return messages for the user.

    Raises:
        CscsanetError: a model or the statistic of its pictures is missing or of other data, a model
            is left out or exceeds half precision, there are no units, or they are too large to ship.
    """
    refuse_left_out(params, [name for name, row in SCHEMES.items() if row.shipped])
    refuse_without_units(params)
    commit = provenance(workspace.root).get("mlflow.source.git.commit", "")
    # Digests come first: they fail where a file is missing, before any is replaced.
    digests = workspace.weight_digests(*shipped_names())
    pictures = workspace.reports / PICTURES
    statistics = read_training_pictures(pictures)
    for name in digests:
        inputs = weights_origin(workspace.weights(name)).get("inputs", {})
        of_pictures = {"scenes": statistics.scenes, "split": statistics.split}
        if any(inputs.get(key, digest) != digest for key, digest in of_pictures.items()):
            raise CscsanetError(
                f"{pictures}: of other scenes than those that {name} was trained on; run 'dvc repro' first"
            )
    models: dict[str, Any] = {}
    for name, digest in digests.items():
        source, target = workspace.weights(name), folder / f"{name}.safetensors"
        halve_weights(source, target, {"commit": commit, "full_precision": digest})
        models[name] = {
            "full_precision": digest,
            "shipped": file_digest(target),
            "inputs": weights_origin(source).get("inputs", {}),
        }
    for stale in folder.glob("*.safetensors"):
        if stale.stem not in models:
            stale.unlink()
    shutil.copyfile(pictures, folder / PICTURES)
    graphs = project_graphs(workspace)
    for scheme_name in EXPORTED:
        units = folder / "onnx" / scheme_name
        # Units of weights in half precision lose nothing if they are stored so.
        for path in export_scheme(
            scheme_name, params, lambda name: folder / f"{name}.safetensors", units, graphs
        ):
            halve_unit(path)
    for stale in (folder / "onnx").iterdir():
        if stale.is_dir() and stale.name not in EXPORTED:
            shutil.rmtree(stale)
    write_json(folder / _MANIFEST.name, {"profile": params.profile, "commit": commit, "models": models})
    size = sum(len(zlib.compress(path.read_bytes())) for path in folder.rglob("*") if path.is_file())
    if size > MOST_BYTES:
        raise CscsanetError(
            f"{folder}: {size / 1e6:.1f} MB compressed, but a package may have at most {MOST_BYTES / 1e6:.0f}; "
            "ship fewer or smaller models"
        )
    return [
        f"{folder}: {len(models)} models, units of {', '.join(EXPORTED)}, {size / 1e6:.1f} MB compressed, "
        f"trained at commit {commit[:12]}"
    ]


def origin(workspace: Workspace, name: str) -> str:
    """Return the origin of a scheme's models, as text for the user.

    Raises:
        CscsanetError: the package's manifest is missing or damaged.
    """
    paths = {workspace.trained(weights) for weights in scheme(name).weights.values()}
    trained = [path.relative_to(workspace.root).as_posix() for path in paths if SHIPPED not in path.parents]
    text = ", ".join(sorted(trained))
    if any(SHIPPED in path.parents for path in paths):
        content = read_shipped(_MANIFEST)
        shipped = f"the one that comes with the package: profile {content['profile']}, commit {content['commit'][:12]}"
        text = f"{text}, and {shipped}" if text else shipped
    return text


def read_shipped(path: Path) -> dict[str, Any]:
    """Read the manifest of the models that come with the package.

    Raises:
        CscsanetError: it is missing or damaged.
    """
    try:
        content: dict[str, Any] = parse_json(path.read_text(encoding="utf-8"))
        if not all(isinstance(content[key], str) for key in ("profile", "commit")):
            raise TypeError
        return content
    except (OSError, ValueError, KeyError, TypeError):
        raise CscsanetError(f"{path}: no such file, or damaged; install the package again") from None
