"""The last stage: training curves from the epoch tables, and the page."""

import pytest

from cscsanet.files import write_csv
from cscsanet.pipeline import report
from cscsanet.pipeline.report import write_report


@pytest.fixture
def trainings(stage):
    """Epoch tables of a training and of a variant."""
    rows = [{"epoch": epoch, "train_loss": 1.0 / (epoch + 1), "val_miou": 0.1 * epoch} for epoch in range(3)]
    for name in ("noma", "alignment/noma-classical"):
        write_csv(stage.workspace.reports / "training" / f"{name}.csv", list(rows[0]), rows)


def test_page_and_curves_are_written_and_logged(stage, trainings, monkeypatch):
    drawn = {}
    save_figures = type(stage).save_figures

    def record(self, folder, figures):
        drawn.update({folder: figures})
        save_figures(self, folder, figures)

    monkeypatch.setattr(report, "build_page", lambda reports, facts: f"<p>{facts.profile}</p>")
    monkeypatch.setattr(type(stage), "save_figures", record)
    write_report(stage)
    reports = stage.workspace.reports
    assert (reports / "index.html").read_text(encoding="utf-8") == "<p>smoke</p>"
    # Variants have no curves.
    assert stage.runs[0].artifacts == [reports / "index.html", reports / "curves" / "noma.png"]
    figure = drawn["curves"]["noma"]
    assert [panel.get_ylabel() for panel in figure.axes] == ["training loss", "validation mIoU"]
    assert list(figure.axes[1].get_lines()[0].get_ydata()) == [0.0, 0.1, 0.2]
    assert figure.get_suptitle() == "noma"
