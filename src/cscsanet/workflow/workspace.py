"""The files of a project, and the digests that identify them."""

import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cscsanet
from cscsanet import processes
from cscsanet.config.params import digest, select
from cscsanet.config.run_params import RunParams
from cscsanet.errors import CscsanetError
from cscsanet.files import file_digest
from cscsanet.parsing import parse_json

SOURCE = Path(cscsanet.__file__).parents[1]  # the folder that holds the package that runs
# Trained models that come with the package, in half precision.
SHIPPED = SOURCE / "cscsanet" / "shipped"


@dataclass(frozen=True)
class Workspace:
    """The files below the root of one project."""

    root: Path

    @property
    def params_file(self) -> Path:
        """The parameters."""
        return self.root / "params.yaml"

    def run_name(self, stage: str) -> str:
        """Return the name of a stage in MLflow, where the stages of all pipelines are."""
        return stage

    @property
    def scenes(self) -> Path:
        """The frames, in MFNet's layout."""
        return self.root / "data" / "scenes"

    @property
    def split(self) -> Path:
        """The lists of the training, validation and test frames."""
        return self.root / "data" / "split"

    def drops(self, part: str) -> Path:
        """Return the channel drops of one part."""
        return self.root / "data" / "channels" / part

    def weights(self, name: str) -> Path:
        """Return the file of trained weights."""
        return self.root / "models" / f"{name}.safetensors"

    def trained(self, name: str) -> Path:
        """Return the trained weights to use: the project's, or if there are none, those of the package."""
        trained, shipped = self.weights(name), SHIPPED / f"{name}.safetensors"
        return shipped if shipped.exists() and not trained.exists() else trained

    @property
    def onnx(self) -> Path:
        """The exported units, a folder for each scheme."""
        return self.root / "models" / "onnx"

    def scheme_units(self, scheme: str) -> Path:
        """Return the folder of a scheme's exported units."""
        return self.onnx / scheme

    def manual_units(self, scheme: str) -> Path:
        """Return the folder of units that `cscsanet export` writes; no stage of dvc.yaml uses it."""
        return self.root / "models" / "exported" / scheme

    def units(self, scheme: str) -> Path:
        """Return the folder of units to use: of the pipeline, else of `cscsanet export`, else of the package."""
        folders = (self.scheme_units(scheme), self.manual_units(scheme), SHIPPED / "onnx" / scheme)
        return next((folder for folder in folders if folder.exists()), folders[0])

    @property
    def measurements(self) -> Path:
        """The measurements, with the counts of every image."""
        return self.root / "data" / "measurements"

    @property
    def reports(self) -> Path:
        """The results, which are small and kept in git."""
        return self.root / "reports"

    def scratch(self, stage: str, key: str) -> Path:
        """Make and return the folder of a stage's resumable state. key: see `state_key`.

        State of the stage with another key is removed, since it can no longer be used. Of several processes the first one
        does so, which holds the lock of the stage.
        """
        folder = self.root / "scratch" / stage / key[:16]
        if processes.is_first():
            self.clear_scratch(stage, keep=folder)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def clear_scratch(self, stage: str, keep: Path | None = None) -> None:
        """Remove a stage's resumable state. keep: a folder that stays."""
        for stale in (self.root / "scratch" / stage).glob("*"):
            if stale != keep:
                # Another process may remove it at the same time.
                shutil.rmtree(stale, ignore_errors=True)

    def lock(self, stage: str) -> Path:
        """Return the file that a stage locks while it runs."""
        return self.root / "scratch" / "locks" / stage

    def last_code(self, stage: str) -> Path:
        """Return the file that lists the code of a stage's last run in this checkout."""
        return self.root / "scratch" / "last-code" / f"{stage}.json"

    def keep_variants(self, stage: str, names: Collection[str]) -> None:
        """Remove weights and reports of former variants of a stage. names: weights to keep, as stage/variant."""
        for folder in (self.weights(stage).with_suffix(""), self.reports / "training" / stage):
            folder.mkdir(parents=True, exist_ok=True)
            for path in folder.glob("*"):
                if f"{stage}/{path.stem}" not in names:
                    path.unlink()

    def scene_digests(self) -> dict[str, str]:
        """Return the digests of the frames and of their split.

        Raises:
            CscsanetError: they do not exist yet.
        """
        return {
            "scenes": _recorded_digest(self.scenes / "manifest.json"),
            "split": _recorded_digest(self.split / "split.json"),
        }

    def drop_digests(self, *parts: str) -> dict[str, str]:
        """Return the digests of the drops of some parts.

        Raises:
            CscsanetError: they do not exist yet.
        """
        return {f"channels_{part}": file_digest(self.drops(part) / "manifest.json") for part in parts}

    def weight_digests(self, *names: str) -> dict[str, str]:
        """Return the digests of some trained weights.

        Raises:
            CscsanetError: they do not exist yet.
        """
        return {name: file_digest(self.weights(name)) for name in names}


def state_key(params: RunParams, depends: Sequence[str], inputs: Mapping[str, str], code: str) -> str:
    """Return the digest of all that a result depends on: parameters, inputs and the code of its stage."""
    return digest(
        {
            "params": select(params, depends),
            "inputs": dict(inputs),
            "code": code,
        }
    )


def _recorded_digest(path: Path) -> str:
    """Return the digest that a dataset's manifest holds."""
    try:
        digest_of = parse_json(path.read_text(encoding="utf-8"))["digest"]
        if not isinstance(digest_of, str):
            raise TypeError
        return digest_of
    except (OSError, ValueError, KeyError, TypeError):
        raise CscsanetError(f"{path}: no such file, or damaged; run 'dvc repro' to make it") from None
