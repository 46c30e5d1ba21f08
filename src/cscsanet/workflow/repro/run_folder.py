"""A profile's own folder, runs/<profile>/, so that the results of params.yaml stay as they are.

It is a project of its own: its parameters, data, models, reports, dvc.lock and runs. The sources are links to those of the
project, so there is nothing to keep up to date.
"""

import os
from pathlib import Path

from cscsanet.config.params import profile_names, profile_text
from cscsanet.errors import CscsanetError
from cscsanet.files import write_by_rename

RUNS = "runs"
# What dvc.yaml and the stages read, and no stage writes.
_SOURCES = (
    ".dvcignore",
    "constraints.txt",
    "dvc.yaml",
    "stages",
    "src",
    "data/external",
    "data/paths",
    ".dvc/plots",
    *(f"specialists/{name}/{part}" for name in ("access", "fusion") for part in ("dvc.yaml", "stages")),
)
_CONFIG = "[core]\n    analytics = false\n    no_scm = True\n"


def folder_of(root: Path, profile: str, specialist: str | None = None) -> Path:
    """Return the folder in which a profile runs: the root if its params.yaml is that profile, else one in runs/.

    root: of the project, or a folder in runs/. specialist: whose profile; None: of the study of CSC-SA-Net.

    Raises:
        CscsanetError: there is no such profile or specialist.
    """
    text = profile_text(profile, specialist)
    if _is_run(root):
        root = root.parents[1]
    file = _params_file(root, specialist)
    return root if file.is_file() and file.read_text(encoding="utf-8") == text else root / RUNS / profile


def prepare(root: Path, profile: str, specialist: str | None = None) -> Path:
    """Make the folder in which a profile runs, if it is not there, and return it.

    root, specialist: see `folder_of`.

    Raises:
        CscsanetError: there is no such profile, the folder has other parameters than it, or cannot be written.
    """
    folder = folder_of(root, profile, specialist)
    if folder.parent.name != RUNS:
        return folder
    sources = folder.parents[1]
    if not (sources / "dvc.yaml").exists():
        raise CscsanetError(f"{sources}: holds no dvc.yaml; run this in the project's folder")
    try:
        for name in _SOURCES:
            if (sources / name).exists():
                _link(sources / name, folder / name)
        (folder / "scratch").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CscsanetError(
            f"{folder}: cannot be written ({error.strerror}); check the disk and its rights"
        ) from None
    # DVC reads the study's dvc.yaml, and so its parameters, beside a specialist's, too.
    for each in {None, specialist}:
        if profile in profile_names(each):
            _write_params(_params_file(folder, each), profile, each)
    config = folder / ".dvc" / "config"
    if not config.exists():
        write_by_rename(config, lambda partial: partial.write_text(_CONFIG, encoding="utf-8"))
    return folder


def _write_params(file: Path, profile: str, specialist: str | None) -> None:
    """Write a profile, unless the file has it. One that the user changed is not replaced.

    Raises:
        CscsanetError: the file has other parameters.
    """
    text = profile_text(profile, specialist)
    if file.is_file():
        if file.read_text(encoding="utf-8") == text:
            return
        # A profile of an earlier version of the package differs, too.
        raise CscsanetError(
            f"{file}: is not the profile {profile}; run 'cscsanet repro' in {file.parent} to run it as it is, or remove it"
        )
    write_by_rename(file, lambda partial: partial.write_text(text, encoding="utf-8"))


def _params_file(root: Path, specialist: str | None) -> Path:
    return (root / "specialists" / specialist if specialist else root) / "params.yaml"


def _is_run(folder: Path) -> bool:
    """Whether a folder is one that `prepare` made."""
    return folder.parent.name == RUNS and (folder / "dvc.yaml").is_symlink()


def _link(source: Path, link: Path) -> None:
    """Make a relative link, which outlives a move of the project."""
    target = os.path.relpath(source, link.parent)
    if link.is_symlink() and str(link.readlink()) == target:
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(target)
