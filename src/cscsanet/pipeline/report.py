"""The last stage: all results on one page, reports/index.html, and the training curves."""

import csv
import platform
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from matplotlib.figure import Figure

from cscsanet.config.params import Params
from cscsanet.errors import CscsanetError
from cscsanet.files import write_by_rename
from cscsanet.page import RunFacts, build_page
from cscsanet.pipeline.repeats import kept_repeats
from cscsanet.plots import training_curves
from cscsanet.tracking.provenance import provenance
from cscsanet.workflow.stage import Stage
from cscsanet.workflow.workspace import Workspace

# Metric of a training -> axis label. The validation metric that selects the weights comes last.
_CURVES = {
    "train_loss": "training loss",
    "val_miou": "validation mIoU",
    "val_sum_se": "validation sum SE [bit/s/Hz]",
    "val_accuracy_db": "minus validation NMSE [dB]",
}
_LIBRARIES = ("torch", "numpy", "lightning", "dvc", "mlflow")


def write_report(stage: Stage) -> None:
    """Write the page from the results of the other stages, and draw the training curves.

    Raises:
        CscsanetError: the rows or the claims are missing, or a result is damaged.
    """
    workspace, params = stage.workspace, stage.params
    with stage.tracked("seed"):
        page = build_page(workspace.reports, _facts(workspace, params))

        def write(path: Path) -> None:
            write_by_rename(path, lambda partial: partial.write_text(page, encoding="utf-8"))

        stage.save("index.html", write)
        stage.save_figures("curves", _training_curves(workspace))


def _training_curves(workspace: Workspace) -> dict[str, Figure]:
    """Draw the metrics of every training over the epochs, without those of variants."""
    figures = {}
    for path in sorted((workspace.reports / "training").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            history = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
        if not history:
            continue  # a training that was left out
        curves = {key: title for key, title in _CURVES.items() if key in history[0]}
        figures[path.stem] = training_curves(history, curves, path.stem)
    return figures


def _facts(workspace: Workspace, params: Params) -> RunFacts:
    source = provenance(workspace.root)
    return RunFacts(
        profile=params.profile,
        seed=params.seed,
        reference=params.evaluation.home.point,
        repeat_seeds=kept_repeats(params).seeds if kept_repeats(params).reseeded else (),
        commit=source.get("mlflow.source.git.commit"),
        changed=source.get("git_dirty") == "true",
        versions={"python": platform.python_version(), **_versions()},
        digests=_digests(workspace),
    )


def _versions() -> dict[str, str]:
    versions = {}
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


def _digests(workspace: Workspace) -> dict[str, str]:
    """Return the digests of the data, or none: a page can be written from reports alone."""
    try:
        return {**workspace.scene_digests(), **workspace.drop_digests("train", "val", "test")}
    except CscsanetError:
        return {}
