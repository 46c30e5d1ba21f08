"""The models that come with the package: made of a project's own, in half precision, and told apart from them."""

import json
from pathlib import Path
from typing import Any

from cscsanet.deployment.exporting import export_scheme
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.schemes import SCHEMES, scheme
from cscsanet.files import file_digest, write_json
from cscsanet.params import Params
from cscsanet.pipeline.workspace import SHIPPED, Workspace
from cscsanet.tracking.provenance import provenance
from cscsanet.training.weights import halve_weights, weights_origin

_MANIFEST = SHIPPED / "manifest.json"
MOST_BYTES = 20_000_000
# Whose stations come as ONNX, too.
EXPORTED = ("noma", "noma-aligned")


def shipped_names() -> list[str]:
    """Return the weights that come with the package: what the schemes stand on, but for weights from elsewhere."""
    names = (
        name for entry in SCHEMES.values() if entry.made_by == "dvc repro" for name in entry.weights.values()
    )
    return list(dict.fromkeys(names))


def ship(workspace: Workspace, params: Params, folder: Path = SHIPPED) -> list[str]:
    """Write a project's trained models into the package, and return what to tell the user.

    Raises:
        CscsanetError: one is missing, its values leave the range of half precision, or all together are too large to ship.
    """
    commit = provenance(workspace.root).get("mlflow.source.git.commit", "")
    # All of them first: nothing is replaced where one is missing.
    digests = workspace.weight_digests(*shipped_names())
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
    for scheme_name in EXPORTED:
        export_scheme(
            scheme_name, params, lambda name: folder / f"{name}.safetensors", folder / "onnx" / scheme_name
        )
    write_json(folder / _MANIFEST.name, {"profile": params.profile, "commit": commit, "models": models})
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if size > MOST_BYTES:
        raise CscsanetError(
            f"{folder}: {size / 1e6:.1f} MB, and a package is to bring at most {MOST_BYTES / 1e6:.0f}; ship fewer, or smaller"
        )
    units = ", ".join(EXPORTED)
    return [
        f"{folder}: {len(models)} models, units of {units}, {size / 1e6:.1f} MB, trained at commit {commit[:12]}"
    ]


def origin(workspace: Workspace, name: str) -> str:
    """Return where a scheme's models come from, for the user."""
    paths = {workspace.trained(weights) for weights in scheme(name).weights.values()}
    own = sorted(path.relative_to(workspace.root).as_posix() for path in paths if SHIPPED not in path.parents)
    found = ", ".join(own)
    if any(SHIPPED in path.parents for path in paths):
        content = json.loads(_MANIFEST.read_text(encoding="utf-8"))
        shipped = f"the one that comes with the package: profile {content['profile']}, commit {content['commit'][:12]}"
        found = f"{found}, and {shipped}" if found else shipped
    return found
