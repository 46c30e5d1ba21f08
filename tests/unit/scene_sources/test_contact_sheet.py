"""Contact sheets: panels, grid and legend."""

import numpy as np
import pytest

from cscsanet.config.scenes.classes import IGNORED_COLOUR, MFNET
from cscsanet.errors import CscsanetError
from cscsanet.scene_sources.contact_sheet import contact_sheet, panel
from cscsanet.scenes.annotation import OF_MFNET, Annotation, coloured
from cscsanet.scenes.classes import NUM_CLASSES, PALETTE


def _frame(seed: int, height: int = 12, width: int = 16) -> tuple[str, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
    return f"{seed:05d}D", image, rng.integers(0, NUM_CLASSES, (height, width), dtype=np.uint8)


def test_a_panel_shows_rgb_thermal_and_the_coloured_label() -> None:
    _, image, label = _frame(1)
    picture = np.asarray(panel(image, label, MFNET))
    np.testing.assert_array_equal(picture[:, :16], image[..., :3])
    np.testing.assert_array_equal(picture[:, 16:32], np.repeat(image[..., 3:], 3, axis=2))
    np.testing.assert_array_equal(picture[:, 32:], np.array(PALETTE, np.uint8)[label])


def test_ids_out_of_range_are_painted_white() -> None:
    assert tuple(coloured(np.array([[200]], np.uint8), MFNET)[0, 0]) == (255, 255, 255)


def test_a_sheet_grows_with_its_rows_and_holds_every_panel() -> None:
    frames = [_frame(seed, 48, 64) for seed in range(3)]
    narrow, wide = contact_sheet(frames, OF_MFNET, columns=1), contact_sheet(frames, OF_MFNET, columns=2)
    assert wide.width > narrow.width
    assert narrow.height > wide.height
    pixels = np.asarray(narrow)
    expected = np.asarray(panel(*frames[2][1:], MFNET))
    assert any(
        np.array_equal(pixels[top : top + 48, left : left + 192], expected)
        for top in range(narrow.height - 48)
        for left in range(20)
    )


def test_the_legend_shows_every_colour() -> None:
    blank = [("empty", np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8), np.uint8))]
    colours = {
        tuple(pixel)
        for pixel in np.asarray(contact_sheet(blank, Annotation(ignored=True))).reshape(-1, 3).tolist()
    }
    assert {*PALETTE, IGNORED_COLOUR} <= colours


@pytest.mark.parametrize("arguments", [{"columns": 0}, {"panel_width": 0}])
def test_sizes_that_are_not_positive_are_refused(arguments: dict[str, int]) -> None:
    with pytest.raises(CscsanetError, match="positive"):
        contact_sheet([_frame(1)], OF_MFNET, **arguments)
    with pytest.raises(CscsanetError, match="no frames"):
        contact_sheet([], OF_MFNET)
