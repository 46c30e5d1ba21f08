"""The code that a stage runs: every definition that its script can reach, and one digest of them.

A stage reruns when its digest changes. Resumable trainings and measured points are bound to the same
digest. The versions of the libraries that compute are part of it.
"""

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

from cscsanet.errors import CscsanetError
from cscsanet.files import write_by_rename
from cscsanet.workflow.definitions import dictionary_entries
from cscsanet.workflow.walk import STAGES, Walk


@dataclass(frozen=True)
class StageCode:
    """What one stage runs: definitions as `module:name` -> digest, and libraries -> version."""

    definitions: dict[str, str]
    libraries: dict[str, str]

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that stand for all of it."""
        lines = [f"{name} {value}" for name, value in sorted({**self.definitions, **self.libraries}.items())]
        return _sha256("\n".join(lines))

    @property
    def modules(self) -> dict[str, list[str]]:
        """The definitions that are reached, by module."""
        by_module: dict[str, list[str]] = {}
        for key in sorted(self.definitions):
            module, _, name = key.partition(":")
            by_module.setdefault(module, []).append(name)
        return by_module


def stages_in(script: Path) -> list[str]:
    """Return the stages that a script serves: the keys of its STAGES, or its own name."""
    return list(dictionary_entries(script, STAGES)) or [script.stem]


def find_script(stages: Path, stage: str) -> Path:
    """Return the script of a stage.

    Raises:
        CscsanetError: no script in the folder serves it.
    """
    served = {name: script for script in scripts(stages) for name in stages_in(script)}
    if stage not in served:
        raise CscsanetError(
            f"stage '{stage}': no script in {stages} serves it; choose one of {', '.join(sorted(served))}"
        )
    return served[stage]


def scripts(stages: Path) -> list[Path]:
    """Return the scripts of the pipeline; the one that digests the code is none of them."""
    return sorted(path for path in stages.glob("*.py") if path.stem != "code")


def stage_code(script: Path, stage: str, source: Path) -> StageCode:
    """Return the code that a stage runs.

    source: the folder that holds the package.

    Raises:
        CscsanetError: as of `Walk`.
    """
    walk = Walk(script, stage, source)
    # Arithmetic of the standard library changes between versions of Python, too.
    libraries = {**walk.libraries, "python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    return StageCode({key: _sha256(text) for key, text in walk.contents().items()}, libraries)


def write_digests(path: Path, source: Path) -> None:
    """Write every stage of the folder stages/ beside `path` and the digest of its code, as YAML.

    source: the folder that holds the package.

    Raises:
        CscsanetError: as of `Walk`.
    """
    digests = {
        stage: stage_code(script, stage, source).digest
        for script in scripts(path.absolute().parent / "stages")
        for stage in stages_in(script)
    }
    # In quotes: 1234567890123456 and 12345678901234e5 are digests, but YAML would read numbers.
    text = "".join(f"{stage}: '{digests[stage]}'\n" for stage in sorted(digests))
    write_by_rename(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
