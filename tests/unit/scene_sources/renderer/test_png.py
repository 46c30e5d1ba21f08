"""The PNG encoder against Pillow's decoder."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cscsanet.scene_sources.renderer.png import encode_png


@given(st.integers(1, 20), st.integers(1, 20), st.sampled_from([1, 3, 4]), st.integers(0, 2**32 - 1))
def test_pillow_reads_back_every_sample(height: int, width: int, channels: int, seed: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)
    read = np.asarray(Image.open(io.BytesIO(encode_png(picture))))
    np.testing.assert_array_equal(read.reshape(picture.shape), picture)


@pytest.mark.parametrize("shape", [(7, 5), (7, 5, 1)])
def test_grey_pictures_have_mode_l(shape: tuple[int, ...]) -> None:
    assert Image.open(io.BytesIO(encode_png(np.zeros(shape, np.uint8)))).mode == "L"
