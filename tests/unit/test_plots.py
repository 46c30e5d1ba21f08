"""Training curves: one panel for each metric, and the best epoch of the last one."""

from cscsanet.plots import training_curves


def test_curves_have_a_panel_for_each_metric_and_mark_the_best_epoch():
    history = [
        {"epoch": epoch, "loss": loss, "miou": miou}
        for epoch, (loss, miou) in enumerate([(3.0, 0.1), (2.0, 0.4), (1.0, 0.3)])
    ]
    figure = training_curves(history, {"loss": "training loss", "miou": "mIoU"}, "noma")
    loss, miou = figure.axes
    assert [axes.get_ylabel() for axes in (loss, miou)] == ["training loss", "mIoU"]
    assert loss.lines[0].get_xydata().tolist() == [[1, 3.0], [2, 2.0], [3, 1.0]]
    assert miou.lines[0].get_xydata().tolist() == [[1, 0.1], [2, 0.4], [3, 0.3]]
    assert miou.lines[1].get_xydata().tolist() == [[2, 0.4]]
    assert [text.get_text() for text in miou.texts] == ["kept: 0.4"]
    assert figure.get_suptitle() == "noma"
