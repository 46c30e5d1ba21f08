"""Trained weights as safetensors, with the parameters and input digests of the training."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from cscsanet.config.params import Params, select
from cscsanet.config.run_params import RunParams
from cscsanet.config.scenes.classes import MFNET
from cscsanet.errors import CscsanetError
from cscsanet.files import write_by_rename
from cscsanet.parsing import parse_json

_METADATA = "cscsanet"
_CLASSES, _TASK = "scenes.classes", "scenes.task"
# The parameters in which the weights of a layer and the loading configuration must agree; all
# others may differ.
SEMANTIC_SHAPES = (
    "scenes.height",
    "scenes.width",
    _CLASSES,
    _TASK,
    "channel.subcarriers",
    "channel.rf_chains",
    "points.data_symbols",
    "csa.csi_features",
    "msf",
    "semantic.modalities",
)
PHYSICAL_SHAPES = (
    "channel.users",
    "channel.bs_antennas",
    "channel.ue_antennas",
    "channel.rf_chains",
    "channel.subcarriers",
    "points.csirs_symbols",
    "points.feedback_bits",
    "csa",
)


def architecture(params: RunParams, shapes: Sequence[str]) -> dict[str, Any]:
    """Return the parameters that determine network shapes, flat, by their names in params.yaml.

    shapes: their names. Of a list under `points`, the largest value determines the shape; of classes, their names in
    order do.
    """
    flat = {
        key: max(value) if key.startswith("points.") else value
        for key, value in select(params, shapes).items()
    }
    if _CLASSES in flat:
        flat[_CLASSES] = list(cast(Params, params).scenes.class_list.names)
    return flat


def save_weights(
    module: nn.Module, path: Path, params: RunParams | None, shapes: Sequence[str], origin: Mapping[str, Any]
) -> None:
    """Write a module's weights atomically.

    params: those of the training; None for imported weights.
    shapes: names of the parameters that determine the module's shape, SEMANTIC_SHAPES,
        PHYSICAL_SHAPES or both; empty for a module of fixed shape.
    origin: JSON values on the origin of the weights: stage, digests of the inputs, best metrics.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in module.state_dict().items()}
    metadata = {
        "architecture": architecture(params, shapes) if params else {},
        # Without the hardware, on which the weights do not depend.
        "params": params.model_dump(mode="json", exclude={"compute"}) if params else None,
        "origin": dict(origin),
    }
    # One entry, since safetensors writes several entries in an order that differs between
    # processes.
    entry = {_METADATA: json.dumps(metadata, sort_keys=True)}
    write_by_rename(path, lambda partial: save_file(tensors, partial, metadata=entry))


def save_left_out(path: Path, params: RunParams, reason: str) -> None:
    """Write a file in place of weights that are not trained. It has no tensors, and no loader takes it for weights.

    params: those of the project. reason: why there are none.
    """
    metadata = {"left_out": reason, "params": params.model_dump(mode="json")}
    entry = {_METADATA: json.dumps(metadata, sort_keys=True)}
    write_by_rename(path, lambda partial: save_file({}, partial, metadata=entry))


def halve_weights(source: Path, target: Path, origin: Mapping[str, Any]) -> None:
    """Copy weights in half precision, in a form that `load_weights` accepts.

    origin: entries to add to the origin of the source.

    Raises:
        CscsanetError: the source is missing, is not a weights file of this project, or has a value
            beyond the range of half precision.
    """
    tensors, metadata = _read(source)
    halves = {
        name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()
    }
    for name, half in halves.items():
        if not bool(torch.isfinite(half).all()):
            raise CscsanetError(
                f"{source}: '{name}' holds values that half precision cannot; keep it as it is"
            )
    metadata["origin"] = {**metadata["origin"], **origin}
    entry = {_METADATA: json.dumps(metadata, sort_keys=True)}
    write_by_rename(target, lambda partial: save_file(halves, partial, metadata=entry))


def load_weights(module: nn.Module, path: Path, params: RunParams) -> dict[str, Any]:
    """Load trained weights into a module and return their origin.

    Raises:
        CscsanetError: the file is missing, is not a weights file of this project, was left out of
            the training, or has another architecture.
    """
    tensors, metadata = _read(path)
    trained = _with_classes(metadata["architecture"], params)
    configured = architecture(params, tuple(trained))
    for key in sorted(trained):
        if key not in configured or _as_json(trained[key]) != _as_json(configured[key]):
            raise CscsanetError(
                f"{path}: trained with {key} = {trained[key]}, but params.yaml says {configured.get(key)}; "
                f"set it back, or run 'dvc repro' to train again"
            )
    built = module.state_dict()
    for name in sorted(set(built) | set(tensors)):
        shapes = [tuple(side[name].shape) if name in side else None for side in (tensors, built)]
        if shapes[0] != shapes[1]:
            raise CscsanetError(
                f"{path}: '{name}' is {shapes[0]} in the file and {shapes[1]} in this model; run 'dvc repro' to train again"
            )
        if not _holds(built[name].dtype, tensors[name].dtype):
            raise CscsanetError(
                f"{path}: '{name}' is {tensors[name].dtype} in the file and {built[name].dtype} in this model; "
                f"run 'dvc repro' to train again"
            )
    module.load_state_dict(tensors)
    module.eval()
    return dict(metadata["origin"])


def weights_metadata(path: Path) -> dict[str, Any]:
    """Return the metadata of trained weights: architecture, params and origin; see `save_weights`.

    Raises:
        CscsanetError: the file is missing, or is not a weights file of this project.
    """
    return _read(path)[1]


def weights_origin(path: Path) -> dict[str, Any]:
    """Return the origin of weights; empty if there is no readable weights file."""
    try:
        _, metadata = _read(path)
    except CscsanetError:
        return {}
    return dict(metadata["origin"])


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    if not path.is_file():
        raise CscsanetError(f"{path}: no such weights; run 'dvc repro' to train them")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    # The reader raises a few types, for numbers that PyTorch has no type for, too.
    except Exception as error:
        raise CscsanetError(
            f"{path}: cannot be read as safetensors ({' '.join(str(error).split())}); run 'dvc repro' to train again"
        ) from None
    if _METADATA not in metadata:
        raise CscsanetError(f"{path}: not weights of this project; run 'dvc repro' to train them")
    try:
        # The BS power offset in `params` may be infinite.
        content = parse_json(metadata[_METADATA], infinite=True)
        if "left_out" not in content and not all(
            isinstance(content[key], dict) for key in ("architecture", "origin")
        ):
            raise TypeError
    except (ValueError, KeyError, TypeError):
        raise CscsanetError(f"{path}: its metadata are damaged; run 'dvc repro' to train again") from None
    if "left_out" in content:
        raise CscsanetError(
            f"{path}: holds no weights: left out, since {content['left_out']}; change params.yaml and run 'dvc repro'"
        )
    return tensors, content


def _with_classes(trained: Mapping[str, Any], params: RunParams) -> Mapping[str, Any]:
    """Return an architecture with its classes: MFNet's, where weights of an earlier version or imported ones name none."""
    of_pictures = not trained or "scenes.height" in trained
    if _CLASSES in trained or not of_pictures or not isinstance(params, Params):
        return trained
    return {**trained, _CLASSES: list(MFNET.names), _TASK: "segmentation"}


def _as_json(value: Any) -> str:
    """Return a parameter as JSON, in which true is not 1. Groups of parameters have no order."""
    return json.dumps(value, sort_keys=True)


def _holds(built: torch.dtype, stored: torch.dtype) -> bool:
    """Whether every number of a stored type is one of the model's: equal types, or the halves of `halve_weights`."""
    return stored == built or (stored == torch.float16 and built.is_floating_point)
