"""Models of specialists that come with the package, as they were measured: they are small."""

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from cscsanet.config.run_params import RunParams
from cscsanet.files import file_digest, write_by_rename, write_json
from cscsanet.specialists.room import SpecialistWorkspace
from cscsanet.tracking.provenance import provenance
from cscsanet.training.weights import weights_metadata
from cscsanet.workflow.workspace import SHIPPED


def ship_specialist(
    workspace: SpecialistWorkspace, params: RunParams, names: Sequence[str], package: Path = SHIPPED
) -> str:
    """Copy trained models of a specialist into the package, and return a message for the user.

    names: of the weights, each `specialist/training`. package: the folder of the models that come with the package.

    Raises:
        CscsanetError: a model is missing or damaged.
    """
    for name in names:  # before any is replaced
        weights_metadata(workspace.weights(name))
    commit = provenance(workspace.root).get("mlflow.source.git.commit", "")
    folder = package / workspace.specialist
    folder.mkdir(parents=True, exist_ok=True)
    models: dict[str, Any] = {}
    for name in names:
        target = package / f"{name}.safetensors"
        write_by_rename(target, partial(shutil.copyfile, workspace.weights(name)))
        models[name] = file_digest(target)
    for stale in folder.glob("*.safetensors"):
        if f"{workspace.specialist}/{stale.stem}" not in models:
            stale.unlink()
    write_json(folder / "manifest.json", {"profile": params.profile, "commit": commit, "models": models})
    return f"{folder}: {len(models)} model{'s' if len(models) > 1 else ''}, trained at commit {commit[:12]}"
