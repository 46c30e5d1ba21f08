"""Where a run comes from: the commit, whether the sources changed since, who ran it, in which checkout."""

import getpass
import platform
import subprocess
from contextlib import suppress
from pathlib import Path

from cscsanet.params import digest

# The pipeline writes these itself and git tracks them: a change there is a result, not another source.
RESULTS = ("dvc.lock", "reports")


def provenance(root: Path) -> dict[str, str]:
    """Return the tags that say where a run comes from.

    `mlflow.source.git.commit` and `git_dirty` are left out where the folder is not a git checkout.
    `workspace` is a digest of machine and folder: equal for runs of one checkout, and tells nobody its path.
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
    """Return the short digest of this machine and folder."""
    return digest([platform.node(), str(root)])[:12]


def _git(root: Path, *arguments: str) -> str | None:
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
