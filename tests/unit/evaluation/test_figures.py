"""The figures of a run: what is written into cells, legends and titles."""

import numpy as np
import pytest
import torch
from fixtures.measurements import IMAGES, measurement_of, outcome_of

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.scenes.classes import MFNET
from cscsanet.evaluation.evidence import Condition
from cscsanet.evaluation.figures import confusion_figure, iou_figure, mask_grid
from cscsanet.evaluation.rows import normalised_confusion, result_row
from cscsanet.scenes.annotation import OF_MFNET, coloured
from cscsanet.scenes.classes import CLASS_NAMES, PALETTE

POINT = OperatingPoint(-25.0, 8, 1024, 4)


def cells(axes):
    return {tuple(map(int, text.get_position())): text.get_text() for text in axes.texts}


def test_a_confusion_matrix_shows_every_share_and_leaves_absent_classes_blank():
    figure = confusion_figure(normalised_confusion(outcome_of(0.5)), "noma, -25 dB", CLASS_NAMES)
    (axes,) = figure.axes
    assert axes.get_title() == "noma, -25 dB"
    assert [label.get_text() for label in axes.get_yticklabels()] == list(CLASS_NAMES)
    assert cells(axes) == {(0, 0): "0.67", (1, 0): "0.33", (0, 1): "0.33", (1, 1): "0.67"}


def test_the_table_of_iou_shows_the_mean_and_each_class_that_occurs():
    night = torch.zeros(IMAGES, dtype=torch.bool)
    rows = [
        result_row(measurement_of(Condition("noma", POINT), outcome_of(miou)), POINT, night, 100, MFNET)
        for miou in (0.3, 0.4)
    ]
    (axes,) = iou_figure(rows, ["first", "second"]).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["first", "second"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["mean", *CLASS_NAMES]
    # Columns 0 to 2: the mean, and the two classes that occur.
    expected = {(column, line): "0.300" if line == 0 else "0.400" for column in range(3) for line in range(2)}
    assert cells(axes) == expected


def test_masks_are_drawn_in_the_palette_beside_image_and_truth(seeded):
    image = torch.randint(0, 256, (8, 10, 4), generator=seeded, dtype=torch.uint8).numpy()
    truth = torch.randint(0, 9, (8, 10), generator=seeded, dtype=torch.uint8).numpy()
    mask = (truth + 1) % 9
    figure = mask_grid([("00000D", image, truth)], {"noma": [mask]}, OF_MFNET)
    assert [axes.get_title() for axes in figure.axes] == ["RGB (UE 1)", "thermal (UE 2)", "truth", "noma"]
    drawn = [axes.images[0].get_array() for axes in figure.axes]
    assert np.array_equal(drawn[0], image[..., :3])
    assert np.array_equal(drawn[1][..., 0], image[..., 3])
    assert np.array_equal(drawn[2], coloured(truth, MFNET))
    assert np.array_equal(drawn[3], coloured(mask, MFNET))
    assert coloured(mask, MFNET)[0, 0].tolist() == list(PALETTE[int(mask[0, 0])])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(CLASS_NAMES)


@pytest.mark.parametrize("share", [0.004, 0.006])
def test_a_share_below_half_a_percent_is_left_blank(share):
    confusion = np.full((9, 9), np.nan)
    confusion[0] = [1 - share, share, *[0.0] * 7]
    (axes,) = confusion_figure(confusion, "", CLASS_NAMES).axes
    assert ((1, 0) in cells(axes)) == (share > 0.005)
