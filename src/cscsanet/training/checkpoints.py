"""Checkpoints of a training: files that hold numbers and texts alone, with a digest of their content.

They are read without pickle's freedom to run code (`weights_only`), so a file of another origin does no harm. The format of
PyTorch has no checksum that its reader checks; the digest shows a damaged file.
"""

import errno
import hashlib
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from torch import Tensor

from cscsanet.errors import CscsanetError
from cscsanet.files import write_by_rename

# What a busy, full or distant disk answers, or a machine without memory: the file itself may be whole.
_NOT_OF_THE_FILE = (
    errno.EIO,
    errno.ENFILE,
    errno.EMFILE,
    errno.ENOMEM,
    errno.ESTALE,
    errno.ETIMEDOUT,
    errno.EACCES,
    errno.EPERM,
)
_DIGEST, _TRAINING = "cscsanet_digest", "cscsanet_training"


class UnusableCheckpointError(CscsanetError):
    """A checkpoint is missing, damaged, or of another training, so that its training begins anew."""


class DigestedCheckpoints(TorchCheckpointIO):
    """Writes of checkpoints, by rename, with the key of their training and a digest of their content."""

    def __init__(self, training: str) -> None:
        """training: what the results depend on, as a digest."""
        super().__init__()
        self.training = training

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        """Write a checkpoint, with its digest."""
        content = {**checkpoint, _TRAINING: self.training}
        content[_DIGEST] = content_digest(content)
        # In memory first: on a full disk PyTorch's own writer fails without the system's words, or stops the process.
        packed = io.BytesIO()
        torch.save(content, packed)
        # Lightning writes by way of the folder for temporary files, which may be on another disk.
        write_by_rename(Path(path), lambda partial: partial.write_bytes(packed.getbuffer()))


def read_checkpoint(path: Path, training: str) -> dict[str, Any]:
    """Read a checkpoint onto the CPU. No code in it is run.

    training: the key of the training that it must be of (`DigestedCheckpoints`).

    Raises:
        UnusableCheckpointError: it is missing or damaged, or no checkpoint of this training.
        CscsanetError: it is there, and cannot be read now.
    """
    try:
        checkpoint: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        digest = checkpoint.pop(_DIGEST)
    except FileNotFoundError:
        raise UnusableCheckpointError(f"{path}: missing; remove the other checkpoint to train anew") from None
    # The reader raises a dozen types for damaged files, of which an OSError (EINVAL) is one.
    except Exception as error:
        if isinstance(error, MemoryError) or getattr(error, "errno", None) in _NOT_OF_THE_FILE:
            reason = getattr(error, "strerror", None) or "memory is short"
            raise CscsanetError(f"{path}: cannot be read now ({reason}); run it again") from None
        raise UnusableCheckpointError(
            f"{path}: not a checkpoint, or damaged; remove it to train anew"
        ) from None
    if digest != content_digest(checkpoint):
        raise UnusableCheckpointError(
            f"{path}: damaged, its content has another digest; remove it to train anew"
        )
    if checkpoint.pop(_TRAINING, None) != training:
        raise UnusableCheckpointError(f"{path}: of another training; remove it to train anew")
    return checkpoint


def content_digest(content: Any) -> str:
    """Return the SHA-256 of tensors, numbers and texts in nested mappings and sequences."""
    digest = hashlib.sha256()
    for piece in _pieces(content):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(content: Any) -> Iterator[bytes]:
    """Yield bytes that tell any two contents apart: the type of each part, its length, and its values."""
    if isinstance(content, Tensor):
        tensor = content.detach().cpu().contiguous()
        yield f"tensor {tensor.dtype} {tuple(tensor.shape)} ".encode()
        yield tensor.reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""
    elif isinstance(content, Mapping):
        yield f"mapping {len(content)} ".encode()
        for key, value in content.items():
            yield from _pieces(key)
            yield from _pieces(value)
    elif isinstance(content, list | tuple):
        yield f"sequence {len(content)} ".encode()
        for value in content:
            yield from _pieces(value)
    else:
        text = repr(content).encode()
        yield f"value {type(content).__name__} {len(text)} ".encode()
        yield text
