"""The provenance of a run: commit, changes since the commit, user and checkout."""

import getpass
import platform
import subprocess
from contextlib import suppress
from pathlib import Path

from cscsanet.config.params import digest

# Results of the pipeline that git tracks: a change there does not make the sources dirty.
RESULTS = ("dvc.lock", "reports")


def provenance(root: Path) -> dict[str, str]:
    """Return the tags of a run's provenance.

    `mlflow.source.git.commit` and `git_dirty` are left out if the folder is no git checkout.
    `workspace` is a digest of machine and folder: equal for all runs of a checkout, without its
    path.
    """
    tags = {"workspace": workspace(root), "mlflow.source.type": "LOCAL"}
    # A container's user may have no name.
    with suppress(OSError, KeyError, ImportError):
        tags["mlflow.user"] = getpass.getuser()
    commit = _git(root, "rev-parse", "HEAD")
    if commit:
        sources = [".", *(f":(exclude){result}" for result in RESULTS)]
        changes = _git(root, "status", "--porcelain", "--untracked-files=no", "--", *sources)
        tags["mlflow.source.git.commit"] = commit
        tags["git_dirty"] = "true" if changes else "false"
    return tags


def workspace(root: Path) -> str:
    """Return a short digest of this machine and folder."""
    return digest([platform.node(), str(root)])[:12]


def _git(root: Path, *arguments: str) -> str | None:
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip()
