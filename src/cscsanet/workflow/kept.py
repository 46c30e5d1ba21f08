"""Results of earlier runs of a stage, kept by what they depend on, so that nothing is computed twice.

DVC has such a cache of runs, but it leaves out every stage with an output that is `persist`, or `cache: false` and neither
a metric nor a plot. So each stage keeps its outputs in scratch/kept/, under a digest of its parameters, inputs and code.
A value of params.yaml that is changed and changed back finds them there.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cscsanet.config.params import digest
from cscsanet.errors import CscsanetError, print_notes
from cscsanet.files import file_digest, folder_by_rename, refusal, write_by_rename, write_json
from cscsanet.parsing import parse_json
from cscsanet.workflow.pipeline_file import content_hash, flatten, read_pipeline, read_yaml

FOLDER = Path("scratch", "kept")
MOST = 4  # results of one stage; the oldest goes first
RESTORED = "restored from an earlier run"  # what a stage prints then
_MANIFEST = "manifest.json"


@dataclass(frozen=True)
class KeptResults:
    """The results of one stage, for the parameters, inputs and code that it has now.

    root: of the project. folder: of all results of this stage. key: the digest of what they depend on.
    outputs: paths below the root, as in dvc.yaml. times: the report of the stage's duration, which is kept with them.
    """

    root: Path
    folder: Path
    key: str
    outputs: tuple[str, ...]
    times: Path

    @property
    def entry(self) -> Path:
        """The folder of these results, whether or not it exists."""
        return self.folder / self.key[:16]

    def restore(self) -> bool:
        """Put the kept results in their places; return whether there are any.

        Damaged ones are removed.

        Raises:
            CscsanetError: a result cannot be written.
        """
        if not self.entry.is_dir():
            return False
        try:
            manifest = parse_json((self.entry / _MANIFEST).read_text(encoding="utf-8"))
            self._check(manifest)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, CscsanetError):
            shutil.rmtree(self.entry, ignore_errors=True)
            return False
        # Weights come last: a stage of several trainings takes one for done by its weights.
        for output in reversed(self.outputs):
            _place(self.entry / output, self.root / output)
        write_json(self.times, manifest["times"])
        os.utime(self.entry)
        return True

    def keep(self) -> None:
        """Keep the results that the stage has just made. Where the disk refuses that, print a note and go on."""
        places = [self.root / output for output in self.outputs]
        if not all(place.exists() for place in places) or not self.times.exists():
            return
        try:
            with folder_by_rename(self.entry, _MANIFEST) as partial:
                for output in self.outputs:
                    _copy(self.root / output, partial / output)
                files = {path.relative_to(partial).as_posix(): file_digest(path) for path in _files(partial)}
                times = parse_json(self.times.read_text(encoding="utf-8"))
                write_json(partial / _MANIFEST, {"key": self.key, "files": files, "times": times})
            self._prune()
        except (OSError, CscsanetError) as error:
            print_notes([f"{self.entry}: results are not kept for a later run ({error})"])

    def _check(self, manifest: Any) -> None:
        """Raise an error if the kept results are not those of the manifest."""
        files = {path.relative_to(self.entry).as_posix(): path for path in _files(self.entry)}
        del files[_MANIFEST]
        if manifest["key"] != self.key or manifest["files"].keys() != files.keys():
            raise ValueError
        if not isinstance(manifest["times"], dict) or not all(
            (self.entry / name).exists() for name in self.outputs
        ):
            raise ValueError
        for name, path in files.items():
            if file_digest(path) != manifest["files"][name]:
                raise ValueError

    def _prune(self) -> None:
        entries = sorted(self.folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for stale in entries[MOST:]:
            shutil.rmtree(stale, ignore_errors=True)


def kept_results(
    root: Path, params_file: Path, stage: str, label: str, code: str, times: Path
) -> KeptResults | None:
    """Return where the results of a stage are kept; None where nothing says what they are.

    params_file: beside it is the dvc.yaml that has the stage. stage: its name there. label: its name among all
    pipelines. code: its digest. times: the report of its duration.

    Raises:
        CscsanetError: dvc.yaml cannot be read.
    """
    if not (params_file.parent / "dvc.yaml").exists():
        return None
    stages = read_pipeline(params_file.parent)
    if stage not in stages:
        return None
    entry = stages[stage]
    sections = tuple(f"{key}." for key in entry.params)
    values = flatten(read_yaml(params_file))
    params = {key: value for key, value in values.items() if key in entry.params or key.startswith(sections)}
    inputs = {path: content_hash(root / path) for path in entry.inputs}
    if not all(inputs.values()):
        return None
    key = digest(
        {"command": entry.command, "params": params, "inputs": inputs, "outputs": entry.outputs, "code": code}
    )
    return KeptResults(root, root / FOLDER / label, key, entry.outputs, times)


def _place(source: Path, target: Path) -> None:
    """Put a copy of a file or a folder in the place of what is there, by a rename."""
    if source.is_dir():
        with folder_by_rename(target, None) as partial:
            _copy(source, partial)
    else:
        write_by_rename(target, lambda partial: _link(source, partial))


def _copy(source: Path, target: Path) -> None:
    """Copy a file or a folder. target: may exist, if it is a folder."""
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        for path in source.iterdir():
            _copy(path, target / path.name)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        _link(source, target)


def _link(source: Path, target: Path) -> None:
    """Give a file a second name, which takes no space; copy it where the disk has no such names.

    All files of a project are replaced by renames, so neither name changes the content of the other. If a program does write
    into one, the digest tells.
    """
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError as error:
        if refusal(error) or error.errno == errno.ENOENT:
            raise
        shutil.copy2(source, target)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
