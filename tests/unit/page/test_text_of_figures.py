"""Text of figures: at least nine pixels high wherever the page shows them."""

from types import SimpleNamespace

import numpy as np
import pytest
from fixtures.figure_text import smallest_text
from fixtures.measurements import outcome_of

from cscsanet.config.operating_point import Capacity
from cscsanet.config.scenes.classes import MFNET
from cscsanet.config.schemes import SCHEMES
from cscsanet.evaluation.figures import confusion_figure, iou_figure, mask_grid
from cscsanet.evaluation.rows import normalised_confusion
from cscsanet.evaluation.sweeps import sweeps
from cscsanet.metrics.estimate import Estimate
from cscsanet.page.pictures import LARGER_TEXT, SHOWN_LEAST, WHOLE_ON_PHONES
from cscsanet.plots import PHONE_TEXT, PHONE_WIDTH, SMALLEST_TEXT, WIDEST
from cscsanet.scenes.annotation import OF_MFNET
from cscsanet.studies.physical.figures import draw_figures as physical_figures
from cscsanet.studies.physical.rows import AgeingCase, AgeingRow, Case, PhysicalRow
from cscsanet.studies.robustness.figures import draw_figures as robustness_figures
from cscsanet.studies.sweeps.figures import elastic_figure, sweep_figure
from cscsanet.studies.sweeps.panels import Panel
from cscsanet.studies.sweeps.summary_figure import summary_figure

PIXELS_PER_POINT = 120 / 72  # of a saved figure
LEAST = 9.0  # [pixels]
NARROWEST = 320  # [pixels] that a phone with a window of 360 leaves for a picture
SOME = Estimate(0.3, 0.28, 0.32)


def test_the_smallest_text_of_a_figure_is_nine_pixels_where_the_page_shows_it():
    assert SMALLEST_TEXT * PIXELS_PER_POINT * SHOWN_LEAST >= LEAST
    assert all(9 * PIXELS_PER_POINT * ratio >= LEAST for ratio in LARGER_TEXT.values())
    shown = NARROWEST / (PHONE_WIDTH * 120)
    assert PHONE_TEXT * PIXELS_PER_POINT * shown >= LEAST


@pytest.fixture
def panels(small):
    names = (*small.swept, "ideal", "ideal-oma", "constant")
    levels = {name: 0.2 + 0.01 * place for place, name in enumerate(names)} | {"constant": 0.1, "ideal": 0.6}
    return [
        Panel(
            each,
            {
                name: [Estimate(level, level - 0.01, level + 0.01)] * len(each.points)
                for name, level in levels.items()
            },
            (256,) * len(each.points),
        )
        for each in sweeps(small)
    ]


def test_figures_that_a_phone_shows_whole_are_narrow_and_have_large_text(panels):
    by_figure = {}
    for panel in panels:
        by_figure.setdefault(f"fig{panel.sweep.figure.rstrip('(ab)')}", []).append(panel)
    drawn = {name: sweep_figure(some, name, (-30.0, 0.0)) for name, some in by_figure.items()}
    (over_snr,) = by_figure["fig10"]
    drawn["summary"] = summary_figure(over_snr, [-25.0, -10.0])
    drawn["elastic"] = elastic_figure({("noma-aligned", over_snr.sweep.points[0]): (SOME, SOME)})
    assert set(drawn) == set(WHOLE_ON_PHONES)
    for name, figure in drawn.items():
        assert figure.get_size_inches()[0] == PHONE_WIDTH, name
        size, text = smallest_text(figure)
        assert size >= PHONE_TEXT, (name, text)


def test_text_beyond_the_margin_of_a_narrow_figure_is_none(panels):
    """Legends and labels end within the figure."""
    for figure in (sweep_figure(panels[:2], "title"), summary_figure(panels[4], [-25.0])):
        figure.draw_without_rendering()
        right = figure.bbox.x1
        for text in [*figure.legends[0].get_texts(), *figure.axes[0].texts]:
            assert text.get_window_extent().x1 <= right, text.get_text()


def other_figures(small):
    channel = np.zeros((4, 6), dtype=np.uint8)
    frame = ("00000D", np.zeros((4, 6, 4), dtype=np.uint8), channel)
    outcome = outcome_of(0.5)
    yield (
        "masks",
        mask_grid([frame] * 3, {name: [channel] * 3 for name in list(SCHEMES)[:7]}, OF_MFNET, "caption"),
    )
    yield "confusion", confusion_figure(normalised_confusion(outcome), "title", MFNET.names)
    row = SimpleNamespace(miou=0.3, iou=dict.fromkeys(MFNET.names, 0.4))
    yield "iou", iou_figure([row] * 3, ["a", "b", "c"])
    rows = [
        PhysicalRow(
            Case(name, -25.0, 8, bits, power), SOME, 0.5, None, None, Estimate(0.05, 0.04, 0.06), 50, 1
        )
        for name, bits, power in (
            ("genie", None, None),
            ("full-digital", None, None),
            ("beamspace-elastic", 64, 20.0),
        )
    ]
    ageing = [AgeingRow(AgeingCase("codebook", -25.0, 0.0), 8, SOME)]
    yield from physical_figures(rows, ageing, Capacity(8, 64, 4), 20.0).items()
    robust = [
        SimpleNamespace(
            scheme="noma-tracked",
            condition=SimpleNamespace(over=over, value=1.0, speed_kmh=speed),
            point=SimpleNamespace(snr_db=snr),
            miou=SOME,
        )
        for over in ("feedback_delay_symbols", "oscillator_rad", "spread_deg", "paths")
        for speed in (3.0, 60.0, 120.0)
        for snr in (-25.0, -10.0)
    ]
    phases = [
        SimpleNamespace(snr_db=-25.0, pilot_share=share, untracked=SOME, tracked=SOME, bound=0.1)
        for share in (0.0, 0.5)
    ]
    yield from robustness_figures(robust, phases).items()


def test_no_text_of_any_figure_is_smaller_than_the_page_bears(small):
    for name, figure in other_figures(small):
        size, text = smallest_text(figure)
        assert size >= SMALLEST_TEXT, (name, text)
        assert figure.get_size_inches()[0] <= WIDEST + 1e-9, name
