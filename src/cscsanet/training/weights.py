"""Trained weights as safetensors: no pickle, with the parameters and digests that they came from as metadata."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from cscsanet.errors import CscsanetError
from cscsanet.files import write_by_rename
from cscsanet.params import Params

_METADATA = "cscsanet"
# What must agree between the weights and the configuration that loads them; everything else may differ.
_CHANNEL_KEYS = ("users", "bs_antennas", "ue_antennas", "rf_chains", "subcarriers")


def architecture(params: Params) -> dict[str, Any]:
    """Return the parameters that shape the networks, flat, by their names in params.yaml."""
    capacity = params.points.capacity
    return {
        "scenes.height": params.scenes.height,
        "scenes.width": params.scenes.width,
        **{f"channel.{key}": getattr(params.channel, key) for key in _CHANNEL_KEYS},
        "points.csirs_symbols": capacity.csirs_symbols,
        "points.feedback_bits": capacity.feedback_bits,
        "points.data_symbols": capacity.data_symbols,
        **{f"csa.{key}": value for key, value in params.csa.model_dump().items()},
        **{f"msf.{key}": value for key, value in params.msf.model_dump().items()},
    }


def save_weights(module: nn.Module, path: Path, params: Params, origin: Mapping[str, Any]) -> None:
    """Write a module's weights; the file appears by rename.

    origin: what the weights came from, anything JSON can hold: stage, digests of the inputs, best metrics.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in module.state_dict().items()}
    metadata = {
        "architecture": architecture(params),
        "params": params.model_dump(mode="json"),
        "origin": dict(origin),
    }
    # One entry, since safetensors writes several in an order that changes from process to process.
    entry = {_METADATA: json.dumps(metadata, sort_keys=True)}
    write_by_rename(path, lambda partial: save_file(tensors, partial, metadata=entry))


def load_weights(module: nn.Module, path: Path, params: Params) -> dict[str, Any]:
    """Fill a module with trained weights and return their origin.

    Raises:
        CscsanetError: the file is missing, is not one of ours, or was trained under another architecture.
    """
    tensors, metadata = _read(path)
    trained, wanted = metadata["architecture"], architecture(params)
    for key in sorted(wanted):
        if trained.get(key) != wanted[key]:
            raise CscsanetError(
                f"{path}: trained with {key} = {trained.get(key)}, but params.yaml says {wanted[key]}; "
                f"set it back, or run 'dvc repro' to train again"
            )
    missing = set(module.state_dict()) ^ set(tensors)
    if missing:
        raise CscsanetError(
            f"{path}: does not fit this model ('{sorted(missing)[0]}' is on one side only); run 'dvc repro' to train again"
        )
    module.load_state_dict(tensors)
    module.eval()
    return dict(metadata["origin"])


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    if not path.exists():
        raise CscsanetError(f"{path}: no such weights; run 'dvc repro' to train them")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise CscsanetError(
            f"{path}: cannot be read as safetensors ({' '.join(str(error).split())}); run 'dvc repro' to train again"
        ) from None
    if _METADATA not in metadata:
        raise CscsanetError(f"{path}: not weights of this project; run 'dvc repro' to train them")
    return tensors, json.loads(metadata[_METADATA])
