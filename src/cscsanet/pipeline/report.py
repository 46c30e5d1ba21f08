"""The very last stage: all results as one page, reports/index.html."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cscsanet.errors import CscsanetError
from cscsanet.files import write_by_rename
from cscsanet.page import RunFacts, build_page
from cscsanet.params import Params
from cscsanet.pipeline.workspace import Workspace
from cscsanet.tracking import open_tracking
from cscsanet.tracking.provenance import provenance

_LIBRARIES = ("torch", "numpy", "lightning", "dvc", "mlflow")


def write_report(workspace: Workspace, params: Params) -> None:
    """Write the page over what the other stages left in reports/.

    Raises:
        CscsanetError: the rows or the claims are missing, or a result is damaged.
    """
    tracker = open_tracking(workspace.root, params.tracking.experiment)
    with tracker.stage("report", params, sections=("seed",)) as run:
        page = build_page(workspace.reports, _facts(workspace, params))
        path = workspace.reports / "index.html"

        def write(partial: Path) -> None:
            partial.write_text(page, encoding="utf-8")

        write_by_rename(path, write)
        run.log_artifact(path)


def _facts(workspace: Workspace, params: Params) -> RunFacts:
    source = provenance(workspace.root)
    return RunFacts(
        profile=params.profile,
        seed=params.seed,
        home=params.evaluation.home.model_dump(),
        repeat_seeds=params.repeats.seeds if params.repeats.reseeded else (),
        commit=source.get("mlflow.source.git.commit"),
        changed=source.get("git_dirty") == "true",
        versions={"python": platform.python_version(), **_versions()},
        digests=_digests(workspace),
    )


def _versions() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _digests(workspace: Workspace) -> dict[str, str]:
    """What identifies the data; a page can be written where the data are not, from reports that lie in git."""
    try:
        return {**workspace.scene_digests(), **workspace.drop_digests("train", "val", "test")}
    except CscsanetError:
        return {}
