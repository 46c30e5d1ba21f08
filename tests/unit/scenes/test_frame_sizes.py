"""The frames of the rarer size are to blame, wherever they stand."""

from pathlib import Path

import pytest

from cscsanet.scenes.frame_sizes import check_one_size

FILES = [Path(f"{name}.png") for name in "abcd"]
USUAL, OTHER = (24, 32), (48, 64)


@pytest.mark.parametrize("place", range(4))
def test_the_rarer_size_is_blamed_and_not_the_second(fault, place):
    sizes = [OTHER if index == place else USUAL for index in range(4)]
    message = fault(check_one_size, FILES, sizes, "restore them")
    assert message.startswith(f"{FILES[place]}: is 48 x 64 pixels, as 1 of 4 frames; 3 are 24 x 32")


def test_of_three_sizes_the_rarest_is_named(fault):
    sizes = [OTHER, USUAL, USUAL, (10, 10)]
    assert "3 of 4" not in fault(check_one_size, FILES, sizes, "")
    assert "d.png: is 10 x 10 pixels" in fault(check_one_size, FILES, sizes, "")


def test_one_size_is_none_to_blame():
    check_one_size(FILES, [USUAL] * 4, "")
