"""Where everything lies below the project's root, and what identifies it."""

import hashlib
import json
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cscsanet
from cscsanet.errors import CscsanetError
from cscsanet.files import file_digest
from cscsanet.params import Params, digest, select

# Trained models that come with the package, in half precision.
SHIPPED = Path(cscsanet.__file__).parent / "shipped"
# Rooms of the package that no result depends on: they show what others have made.
_SHOWS_RESULTS = ("cli", "page", "deployment")


@dataclass(frozen=True)
class Workspace:
    """The folders of one project root."""

    root: Path

    @property
    def params_file(self) -> Path:
        """params.yaml."""
        return self.root / "params.yaml"

    @property
    def scenes(self) -> Path:
        """The frames, in MFNet's layout."""
        return self.root / "data" / "scenes"

    @property
    def split(self) -> Path:
        """The lists of the training, validation and test frames."""
        return self.root / "data" / "split"

    def drops(self, part: str) -> Path:
        """The channel drops of one part."""
        return self.root / "data" / "channels" / part

    def weights(self, name: str) -> Path:
        """Trained weights by name."""
        return self.root / "models" / f"{name}.safetensors"

    def trained(self, name: str) -> Path:
        """Trained weights to use: the project's own, or where there are none, those that come with the package."""
        own, shipped = self.weights(name), SHIPPED / f"{name}.safetensors"
        return shipped if shipped.exists() and not own.exists() else own

    @property
    def onnx(self) -> Path:
        """The exported units, a folder for each scheme."""
        return self.root / "models" / "onnx"

    def own_units(self, scheme: str) -> Path:
        """The folder of a scheme's exported units."""
        return self.onnx / scheme

    def units_by_hand(self, scheme: str) -> Path:
        """The folder of units that the command line exports; DVC knows nothing of it, and leaves it as it is."""
        return self.root / "models" / "exported" / scheme

    def units(self, scheme: str) -> Path:
        """The folder of units to use: the pipeline's, or those exported by hand, or those that come with the package."""
        own = self.own_units(scheme)
        folders = (own, self.units_by_hand(scheme), SHIPPED / "onnx" / scheme)
        return next((folder for folder in folders if folder.exists()), own)

    @property
    def measurements(self) -> Path:
        """What was measured, with the counts of every image."""
        return self.root / "data" / "measurements"

    @property
    def reports(self) -> Path:
        """Small results that live in git."""
        return self.root / "reports"

    def scratch(self, stage: str, key: str) -> Path:
        """Make and return the folder for a stage's resumable state, bound to one set of parameters and inputs.

        State of the same stage under another key is of no use any more and is cleared away.
        """
        folder = self.root / "scratch" / stage / key[:16]
        self.clear_scratch(stage, keep=folder)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def clear_scratch(self, stage: str, keep: Path | None = None) -> None:
        """Remove a stage's resumable state, once its results are in place."""
        for stale in (self.root / "scratch" / stage).glob("*"):
            if stale != keep:
                shutil.rmtree(stale)

    def keep_variants(self, stage: str, names: Collection[str]) -> None:
        """Remove weights and reports of a stage's variants that are none any more; names: of weights, stage/variant."""
        for folder in (self.weights(stage).with_suffix(""), self.reports / "training" / stage):
            folder.mkdir(parents=True, exist_ok=True)
            for path in folder.glob("*"):
                if f"{stage}/{path.stem}" not in names:
                    path.unlink()

    def scene_digests(self) -> dict[str, str]:
        """Return what identifies the frames and their split.

        Raises:
            CscsanetError: they have not been made yet.
        """
        return {
            "scenes": _recorded_digest(self.scenes / "manifest.json"),
            "split": _recorded_digest(self.split / "split.json"),
        }

    def drop_digests(self, *parts: str) -> dict[str, str]:
        """Return what identifies the drops of some parts.

        Raises:
            CscsanetError: they have not been made yet.
        """
        return {f"channels_{part}": file_digest(self.drops(part) / "manifest.json") for part in parts}

    def weight_digests(self, *names: str) -> dict[str, str]:
        """Return what identifies some trained weights.

        Raises:
            CscsanetError: they have not been trained yet.
        """
        return {name: file_digest(self.weights(name)) for name in names}


def state_key(params: Params, depends: Sequence[str], inputs: Mapping[str, str]) -> str:
    """Digest of all that a training's outcome depends on: its parameters, its inputs, and the package's code."""
    return digest(
        {
            "params": select(params, depends),
            "inputs": dict(inputs),
            "code": _code_digest(),
        }
    )


def _recorded_digest(path: Path) -> str:
    """Read the digest that a dataset's maker recorded beside it."""
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["digest"])
    except (OSError, ValueError, KeyError):
        raise CscsanetError(f"{path}: no such file, or damaged; run 'dvc repro' to make it") from None


def _code_digest() -> str:
    sources = Path(cscsanet.__file__).parent
    content = hashlib.sha256()
    for path in sorted(sources.rglob("*.py")):
        if path.relative_to(sources).parts[0] in _SHOWS_RESULTS:
            continue
        content.update(path.relative_to(sources).as_posix().encode())
        content.update(path.read_bytes())
    return content.hexdigest()
