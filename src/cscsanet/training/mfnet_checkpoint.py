"""Import of published MFNet weights: check a checkpoint in its authors' layout, rename its keys.

A checkpoint comes from an untrusted source, so it is read without running any code that it may
contain.
"""

import hashlib
import io
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cscsanet.baselines.mfnet import MfnetLink
from cscsanet.errors import CscsanetError
from cscsanet.training.weights import save_weights

# The two encoders: the published name -> ours.
_ENCODERS = {"rgb": "rgb", "inf": "thermal"}
# The convolutions of one encoder: published name, with a placeholder for the modality -> our name.
_STAGES = {
    "conv1_{}": "0.0",
    "conv2_1_{}": "1.0",
    "conv2_2_{}": "1.1",
    "conv3_1_{}": "2.0",
    "conv3_2_{}": "2.1",
    **{
        f"conv{stage + 1}_{{}}.conv{step + 1}_{side}": f"{stage}.{step}.{half}"
        for stage in (3, 4)
        for step in range(3)
        for side, half in (("left", "near"), ("right", "wide"))
    },
}
# The tensors of one convolution.
_LAYERS = {
    "conv": ("0", ("weight", "bias")),
    "bn": ("1", ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")),
}
# Added to batch normalisation in PyTorch 0.4.1, unused in predictions, and missing in older
# checkpoints.
_COUNTER = "num_batches_tracked"
_INTEGERS = (torch.int64, torch.int32)  # of counters
_NESTED = ("state_dict", "model")
# Unpacked. The weights have 3 MB; a checkpoint of a training has some times as much.
_MOST_BYTES = 2**28
_PARALLEL = "module."
_EXPECTED = "import a checkpoint of MFNet with nine classes, in its authors' PyTorch layout"


def published_names() -> dict[str, str]:
    """Return the keys of the published layout and the corresponding keys of `Mfnet`."""
    return {
        f"{theirs}.{part}.{tensor}": f"{ours}.{index}.{tensor}"
        for theirs, ours in _convolutions()
        for part, (index, tensors) in _LAYERS.items()
        for tensor in tensors
    }


def import_published(source: Path, out: Path) -> MfnetLink:
    """Convert a published checkpoint to a weights file of this project, and return the loaded Link.

    The origin in the weights is the checkpoint's file name and SHA-256. Nothing is written on
    failure.

    Raises:
        CscsanetError: the file does not exist, is not a checkpoint, contains code, is not an MFNet
            of nine classes, or contains numbers that are not finite; or `out` is not a .safetensors
            file or cannot be written.
    """
    if out.suffix != ".safetensors":
        raise CscsanetError(f"{out}: weights are written as .safetensors; name another with --out")
    content = _content(source)
    state = _state(_checkpoint(content, source), source)
    _check_names(state, source)
    link = MfnetLink()
    link.network.load_state_dict(_renamed(state, link, source))
    origin = {"source": source.name, "sha256": hashlib.sha256(content).hexdigest()}
    save_weights(link, out, None, (), origin)
    return link


def _convolutions() -> Iterator[tuple[str, str]]:
    """Yield the published name and our name of every convolution."""
    for theirs, ours in _ENCODERS.items():
        for stage, position in _STAGES.items():
            yield stage.format(theirs), f"{ours}.stages.{position}"
    for step in range(4):
        yield f"decode{4 - step}", f"decoder.{step}"


def _content(source: Path) -> bytes:
    """Return the file's bytes, read once, so that the digest is that of the loaded content."""
    try:
        return source.read_bytes()
    except OSError as error:
        raise CscsanetError(
            f"{source}: cannot be read ({error.strerror}); name a checkpoint of MFNet (.pth)"
        ) from None


def _checkpoint(content: bytes, source: Path) -> Any:
    if _unpacked(content) > _MOST_BYTES:
        raise CscsanetError(f"{source}: has over {_MOST_BYTES} bytes, unpacked; {_EXPECTED}")
    try:
        with warnings.catch_warnings(action="ignore"):
            return torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
    except Exception as error:
        # The reader can raise any exception for bytes that are not a checkpoint.
        if "GLOBAL" in str(error):
            raise CscsanetError(
                f"{source}: holds Python objects whose code would have to run, and not only tensors; ask for its state dict "
                f"alone, saved with torch.save(model.state_dict(), ...)"
            ) from None
        raise CscsanetError(
            f"{source}: not a PyTorch checkpoint, or damaged; name a .pth that torch.save wrote, or fetch it again"
        ) from None


def _unpacked(content: bytes) -> int:
    """Return the size of the members of a ZIP file, or of another file as it is."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return len(content)


def _state(checkpoint: Any, source: Path) -> dict[str, Any]:
    """Return the state dict, unnested and without the prefix of parallel training."""
    if isinstance(checkpoint, Mapping):
        for name in _NESTED:
            if isinstance(checkpoint.get(name), Mapping):
                checkpoint = checkpoint[name]
                break
    if not isinstance(checkpoint, Mapping) or not checkpoint:
        raise CscsanetError(
            f"{source}: holds no state dict; save one with torch.save(model.state_dict(), ...)"
        )
    # Only text is short enough to be shown: a tuple of tuples may stand for more than fits in memory.
    state = {
        name if isinstance(name, str) else type(name).__name__: entry for name, entry in checkpoint.items()
    }
    if all(name.startswith(_PARALLEL) for name in state):
        state = {name.removeprefix(_PARALLEL): entry for name, entry in state.items()}
    return state


def _check_names(state: Mapping[str, Any], source: Path) -> None:
    """Check that every key of both sides is matched."""
    names = published_names()
    for name in state:
        if name not in names:
            # An untrusted key may contain anything, even line breaks.
            raise CscsanetError(f"{source}: {name!r} is no tensor of MFNet; {_EXPECTED}")
    for name in names:
        if name not in state and not name.endswith(_COUNTER):
            raise CscsanetError(f"{source}: '{name}' is missing; {_EXPECTED}")


def _renamed(state: Mapping[str, Any], link: MfnetLink, source: Path) -> dict[str, Tensor]:
    """Return the tensors of a state dict under our names."""
    built = link.network.state_dict()
    filled: dict[str, Tensor] = {}
    for theirs, ours in published_names().items():
        if theirs not in state:
            filled[ours] = torch.zeros_like(built[ours])
            continue
        entry = state[theirs]
        if not _usable(entry, counts=theirs.endswith(_COUNTER)):
            raise CscsanetError(f"{source}: '{theirs}' is no dense tensor of numbers; {_EXPECTED}")
        if entry.shape != built[ours].shape:
            raise CscsanetError(
                f"{source}: '{theirs}' is {tuple(entry.shape)}, and {tuple(built[ours].shape)} in MFNet; {_EXPECTED}"
            )
        filled[ours] = entry.to(built[ours].dtype)
        if not filled[ours].isfinite().all():
            raise CscsanetError(
                f"{source}: '{theirs}' holds NaN or infinity; the training that it came from had failed, so import another"
            )
        if theirs.endswith(_COUNTER) and not torch.equal(filled[ours].to(entry.dtype), entry):
            raise CscsanetError(f"{source}: '{theirs}' is no whole number; {_EXPECTED}")
        if theirs.endswith("running_var") and (filled[ours] < 0).any():
            raise CscsanetError(f"{source}: '{theirs}' holds variances below zero; import another")
    return filled


def _usable(entry: Any, *, counts: bool) -> bool:
    # A quantised or nested tensor is strided, too.
    return (
        isinstance(entry, Tensor)
        and entry.layout == torch.strided
        and not (entry.is_meta or entry.is_quantized or entry.is_nested)
        and (entry.is_floating_point() or (counts and entry.dtype in _INTEGERS))
    )
