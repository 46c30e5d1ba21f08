"""Whether the data of a workspace are those that its parameters ask for.

Frames and their split note the parameters that they were made from, and drops their seed, number and
channel. Results of other data than asked for would look like results of these.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from cscsanet.channel.dataset import PARTS, DropStore, Part, open_drops, part_seed
from cscsanet.channel.path_files import path_digest
from cscsanet.config.params import Params, digest, select
from cscsanet.errors import CscsanetError
from cscsanet.parsing import parse_json
from cscsanet.scene_sources.manifest import frames_digest, read_manifest
from cscsanet.scene_sources.split import split_digest, split_parameters
from cscsanet.scenes.layout import read_lists
from cscsanet.workflow.workspace import Workspace

# The parameters that matter only for rendered frames, or only for recorded ones.
_RENDERED = ("scenes.sequences", "scenes.frames_per_sequence")
_FILES = "files of scenes.folder"
# Key -> its default. Frames that were made before there were these keys are of the defaults.
_NEW: Mapping[str, Any] = {
    "scenes.classes": "mfnet",
    "scenes.task": "segmentation",
    "scenes.ignored_ids": [],
    "scenes.layout": None,
}
_NO_DEFAULT = object()
_RECORDED = ("scenes.folder", "scenes.thermal_range", "scenes.absent_classes")


def scene_parameters(params: Params) -> dict[str, Any]:
    """Return the parameters that the frames depend on, by their names in params.yaml."""
    scenes = select(params, ("scenes",))
    scenes = {name: value for name, value in scenes.items() if _NEW.get(name, _NO_DEFAULT) != value}
    if params.scenes.source == "rendered":
        return {"seed": params.seed, **_without(scenes, _RECORDED)}
    return {"split.by": params.split.by, **_without(scenes, _RENDERED)}


def recorded_from(params: Params, folder: Path) -> dict[str, Any]:
    """Return `scene_parameters`, and a digest of the files of the recorded dataset in a folder."""
    return {**scene_parameters(params), _FILES: _files_digest(folder)}


def num_drops(params: Params, part: Part) -> int:
    """Return the number of drops of a part."""
    channel = params.channel
    return {"train": channel.train_drops, "val": channel.val_drops, "test": channel.test_drops}[part]


def check_frames(workspace: Workspace, params: Params) -> str:
    """Raise an error if the frames were made from other parameters, or changed since; return their digest.

    Raises:
        CscsanetError: as said, or they are missing or damaged.
    """
    manifest = read_manifest(workspace.scenes)
    made_from = dict(manifest.made_from)
    files, folder = made_from.pop(_FILES, None), workspace.root / params.scenes.folder
    _compare(workspace.scenes, made_from, scene_parameters(params), "scenes split")
    # The dataset may be gone once its frames are made.
    if files is not None and folder.is_dir() and files != _files_digest(folder):
        raise CscsanetError(
            f"{workspace.scenes}: the dataset {folder} changed after its frames were made; "
            "run 'dvc repro scenes split' to make them again"
        )
    if frames_digest(workspace.scenes) != manifest.digest:
        raise CscsanetError(
            f"{workspace.scenes}: its frames changed after they were made; run 'dvc repro -f scenes' to make them again"
        )
    return manifest.digest


def check_scenes(workspace: Workspace, params: Params) -> None:
    """Raise an error if the frames, or their split, were made from other parameters.

    Raises:
        CscsanetError: as said, or one of them is missing or damaged.
    """
    frames = check_frames(workspace, params)
    path = workspace.split / "split.json"
    try:
        split = parse_json(path.read_text(encoding="utf-8"))
        made_from, scenes, _ = dict(split["made_from"]), str(split["scenes"]), str(split["digest"])
    except (OSError, ValueError, KeyError, TypeError):
        raise CscsanetError(
            f"{path}: no such file, damaged, or of an earlier version; run 'dvc repro split' to make it"
        ) from None
    taken = params.scenes.files is not None and params.scenes.files.takes_val
    _compare(workspace.split, made_from, split_parameters(params.split, taken=taken), "split")
    if split_digest(read_lists(workspace.split)) != split["digest"]:
        raise CscsanetError(
            f"{workspace.split}: its lists changed after they were made; run 'dvc repro -f split' to make them again"
        )
    if scenes != frames:
        raise CscsanetError(
            f"{workspace.split}: splits other frames than those in {workspace.scenes}; run 'dvc repro split'"
        )


def check_drops(workspace: Workspace, params: Params, part: Part) -> None:
    """Raise an error if the drops of a part were drawn with other parameters.

    Raises:
        CscsanetError: as said, or they are missing or damaged.
    """
    store = open_drops(workspace.drops(part), verify=True)
    store.check_matches(params.channel)
    again = "run 'dvc repro channels' to draw it again, or set it back"
    if len(store) != num_drops(params, part):
        raise CscsanetError(
            f"{store.folder}: {len(store)} drops, but params.yaml says channel.{part}_drops = "
            f"{num_drops(params, part)}; {again}"
        )
    if params.channel.source == "paths":
        _check_path_file(store, workspace.root / params.channel.file)
    if store.manifest["seed"] != part_seed(params.seed, part):
        raise CscsanetError(
            f"{store.folder}: drawn with another seed, but params.yaml says seed = {params.seed}; {again}"
        )


def _check_path_file(store: DropStore, file: Path) -> None:
    # The file may be gone once its drops are made.
    if file.exists() and path_digest(file) != store.manifest.get("source", {}).get("sha256"):
        raise CscsanetError(
            f"{store.folder}: {file} changed after these drops were made of it; run 'dvc repro channels' to make them again"
        )


def check_inputs(workspace: Workspace, params: Params, inputs: Collection[str]) -> None:
    """Raise an error if the data among the inputs of a training or a measurement are of other parameters.

    inputs: names of digests, see `Workspace.scene_digests` and `Workspace.drop_digests`.

    Raises:
        CscsanetError: as said, or data are missing or damaged.
    """
    if "scenes" in inputs:
        check_scenes(workspace, params)
    for part in PARTS:
        if f"channels_{part}" in inputs:
            check_drops(workspace, params, part)


def _files_digest(folder: Path) -> str:
    """Return a digest of the names and sizes of all files below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return digest([[path.relative_to(folder).as_posix(), path.stat().st_size] for path in files])


def _without(parameters: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if name not in names}


def _compare(folder: Path, made_from: Mapping[str, Any], wanted: Mapping[str, Any], stages: str) -> None:
    if not made_from:
        raise CscsanetError(
            f"{folder}: does not say which parameters made it; run 'dvc repro {stages}' to make it again"
        )
    # Of another source all parameters differ, so that it is named first.
    for name in sorted({*made_from, *wanted}, key=lambda name: (name != "scenes.source", name)):
        if made_from.get(name) != wanted.get(name):
            raise CscsanetError(
                f"{folder}: made with {name} = {made_from.get(name)}, but params.yaml says {wanted.get(name)}; "
                f"run 'dvc repro {stages}' to make it again, or set it back"
            )
