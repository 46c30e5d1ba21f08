"""The model registry: ONNX files as versions of registered models, the current one by alias."""

import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from mlflow import MlflowClient

Arrays = Mapping[str, NDArray[Any]]
ALIAS = "current"
_DIGEST = "file"  # tag of a version: the digest of its file


def register_onnx(
    client: "MlflowClient",
    run_id: str,
    name: str,
    path: Path,
    digest: str,
    example: Arrays,
    gives: Arrays,
    tags: Mapping[str, str],
) -> str:
    """Make a file the current version of a registered model; return the number of the version.

    If the file is the current version already, no version is added.

    digest: of the file. example, gives: inputs and the model's outputs for them, by name; they
    determine the signature. tags: of the version.
    """
    import mlflow.onnx
    import onnx
    import onnxruntime
    from mlflow.exceptions import MlflowException
    from mlflow.models import infer_signature

    with suppress(MlflowException):
        current = client.get_model_version_by_alias(name, ALIAS)
        if current.tags.get(_DIGEST) == digest:
            return str(current.version)
    with suppress(MlflowException):
        client.create_registered_model(name)
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / name
        mlflow.onnx.save_model(
            onnx.load(path),
            model,
            signature=infer_signature(dict(example), dict(gives)),
            input_example={key: _short(value) for key, value in example.items()},
            # Listed here, since MLflow would run the model for half a minute to find the packages.
            pip_requirements=[f"onnxruntime=={onnxruntime.__version__}", "numpy"],
            save_as_external_data=False,
        )
        client.log_artifacts(run_id, str(model), f"units/{name}")
    source = f"{client.get_run(run_id).info.artifact_uri}/units/{name}"
    version = client.create_model_version(name, source, run_id, tags={**tags, _DIGEST: digest})
    client.set_registered_model_alias(name, ALIAS, version.version)
    return str(version.version)


def _short(value: NDArray[Any]) -> NDArray[Any]:
    """Round floats to eighths, which take few characters in JSON."""
    return np.round(value * 8) / 8 if value.dtype.kind == "f" else value
