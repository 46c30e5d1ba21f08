"""Measurements of a specialist: a file for each method at each point, kept until something that it depends on changes."""

import shutil
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, Protocol

from cscsanet.config.params import digest, select
from cscsanet.config.run_params import RunParams
from cscsanet.errors import CscsanetError
from cscsanet.files import write_json
from cscsanet.parsing import parse_json
from cscsanet.workflow.stage import Stage


class Measured(Protocol):
    """What is measured."""

    def content(self) -> Mapping[str, Any]:
        """Return it as JSON values."""


def keep(
    stage: Stage[Any],
    path: Path,
    depends: Collection[str],
    inputs: Mapping[str, str],
    work: Callable[[], Measured],
) -> None:
    """Measure, unless the file has the key of what it would be measured of.

    depends: parameters that the measurement depends on. inputs: digests of the weights.
    """
    params: RunParams = stage.params
    # With the point and the method, which are the names of folder and file.
    what = f"{path.parent.name}/{path.name}"
    key = digest(
        {"what": what, "params": select(params, depends), "inputs": dict(inputs), "code": stage.code}
    )
    try:
        if parse_json(path.read_text(encoding="utf-8"))["key"] == key:
            return
    except (OSError, ValueError, KeyError, TypeError):
        pass
    write_json(path, {"key": key, **work().content()})


def read(path: Path, specialist: str) -> dict[str, Any] | None:
    """Return a measurement, or None if there is none.

    Raises:
        CscsanetError: it is damaged.
    """
    if not path.exists():
        return None
    try:
        content: dict[str, Any] = parse_json(path.read_text(encoding="utf-8"))
        content.pop("key")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise damaged(path, specialist) from None
    return content


def damaged(path: Path, specialist: str) -> CscsanetError:
    """Return the error of a measurement that cannot be used."""
    return CscsanetError(f"{path}: damaged; run 'make specialist NAME={specialist}' to measure again")


def remove_others(folder: Path, names: Collection[str]) -> None:
    """Remove all files and folders in a folder but those with these names."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.name not in names:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
