"""Augmentation: the same for both modalities and the labels, with the documented distributions."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cscsanet.scenes.augmentation import augment, to_float


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def coordinates(batch, height, width):
    """Return images with channels row, column, column, row, and the pixel's number as label."""
    row, column = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    images = torch.stack([row, column, column, row]).double()
    return images.expand(batch, 4, height, width), (row * width + column).expand(batch, height, width)


sizes = st.tuples(st.integers(1, 4), st.integers(4, 24), st.integers(4, 24))


@given(size=sizes, crop=st.floats(0.3, 1.0), seed=st.integers(0, 2**31))
@settings(max_examples=80, deadline=None)
def test_both_modalities_and_labels_are_moved_alike(size, crop, seed):
    images, labels = coordinates(*size)
    moved, ids = augment(images, labels, smallest_crop=crop, generator=seeded(seed))
    # RGB (channels 0 to 2) and thermal (channel 3) hold the same coordinates before, so they must
    # after.
    assert torch.equal(moved[:, 0], moved[:, 3])
    assert torch.equal(moved[:, 1], moved[:, 2])
    # The nearest pixel, which gives the label, is at most half a pixel from where the images were
    # read.
    row, column = ids // size[2], ids % size[2]
    assert (moved[:, 0] - row).abs().max() <= 0.5 + 1e-6
    assert (moved[:, 1] - column).abs().max() <= 0.5 + 1e-6


@given(size=sizes, crop=st.floats(0.3, 0.99), seed=st.integers(0, 2**31))
@settings(max_examples=80, deadline=None)
def test_a_crop_keeps_a_share_within_bounds_and_inside_the_frame(size, crop, seed):
    _, height, width = size
    images, labels = coordinates(*size)
    moved, _ = augment(images, labels, smallest_crop=crop, generator=seeded(seed))
    # Away from the border, where rows and columns are clamped, steps between neighbours are the
    # crop's share.
    for sample in moved:
        for step in (sample[0].diff(dim=0), sample[1].diff(dim=1)):
            share = step.abs().flatten().max()
            assert crop - 1e-6 <= share <= 1 + 1e-6
        assert sample.min() >= 0
        assert sample[0].max() <= height - 1 + 1e-9
        assert sample[1].max() <= width - 1 + 1e-9
    assert (moved[:, 0].diff(dim=1) >= -1e-9).all(), "never upside down"


def test_without_crop_pixels_are_moved_and_never_changed():
    images, labels = (
        torch.rand(64, 4, 6, 8, generator=seeded(0)),
        torch.randint(0, 9, (64, 6, 8), generator=seeded(1)),
    )
    moved, ids = augment(images, labels, smallest_crop=1.0, generator=seeded(2))
    mirrored = 0
    for index in range(64):
        if torch.equal(moved[index], images[index]):
            assert torch.equal(ids[index], labels[index])
        else:
            assert torch.equal(moved[index], images[index].flip(-1))
            assert torch.equal(ids[index], labels[index].flip(-1))
            mirrored += 1
    assert 16 <= mirrored <= 48


def test_half_of_the_frames_are_mirrored():
    images, labels = coordinates(2000, 2, 4)
    for crop in (1.0, 0.8):
        moved, _ = augment(images, labels, smallest_crop=crop, generator=seeded(3))
        share = float((moved[:, 1, 0, 0] > moved[:, 1, 0, -1]).double().mean())
        assert abs(share - 0.5) < 4 * math.sqrt(0.25 / 2000)


def test_shares_and_positions_are_uniform_and_independent_of_each_other():
    images, labels = coordinates(4000, 16, 16)
    moved, _ = augment(images[:, :2], labels, smallest_crop=0.5, generator=seeded(4))
    share = torch.stack([moved[:, 0, 8, 0] - moved[:, 0, 7, 0], moved[:, 1, 0, 8] - moved[:, 1, 0, 7]]).abs()
    centre = torch.stack([moved[:, 0, 7:9, 0].mean(dim=-1), moved[:, 1, 0, 7:9].mean(dim=-1)])
    position = ((centre - 7.5) / 8 / (1 - share) + 1) / 2
    for values, low, high in ((share, 0.5, 1.0), (position, 0.0, 1.0)):
        quantiles = torch.quantile(values, torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64), dim=1)
        expected = low + (high - low) * torch.tensor([[0.1], [0.5], [0.9]], dtype=torch.float64)
        assert (quantiles - expected).abs().max() < 0.04 * (high - low)
    correlation = torch.corrcoef(torch.cat([share, position]))
    assert (correlation - torch.eye(4)).abs().max() < 0.06


def test_labels_never_mix():
    labels = torch.where(torch.arange(32) < 16, 2, 8).expand(8, 24, 32)
    _, ids = augment(torch.zeros(8, 4, 24, 32), labels, smallest_crop=0.3, generator=seeded(5))
    assert set(ids.unique().tolist()) <= {2, 8}
    assert ids.dtype == labels.dtype


def test_the_result_is_a_function_of_the_generator():
    images, labels = torch.rand(4, 4, 12, 16, generator=seeded(6)), torch.randint(0, 9, (4, 12, 16))
    first, again, other = (
        augment(images, labels, smallest_crop=0.7, generator=seeded(seed)) for seed in (7, 7, 8)
    )
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])


def test_global_chance_is_left_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    augment(*coordinates(2, 8, 8), smallest_crop=0.5, generator=seeded(0))
    assert torch.equal(torch.rand(3), expected)


def test_arguments_are_not_written_to():
    images, labels = torch.rand(4, 4, 12, 16, generator=seeded(9)), torch.randint(0, 9, (4, 12, 16))
    originals = images.clone(), labels.clone()
    for crop in (1.0, 0.5):
        augment(images, labels, smallest_crop=crop, generator=seeded(1))
    assert torch.equal(images, originals[0])
    assert torch.equal(labels, originals[1])


@pytest.mark.parametrize("crop", [0.0, 1.5])
def test_shares_out_of_range(crop):
    with pytest.raises(AssertionError):
        augment(*coordinates(1, 4, 4), smallest_crop=crop, generator=seeded(0))


def test_to_float_maps_bytes_to_the_unit_interval():
    values = to_float(torch.tensor([0, 51, 255], dtype=torch.uint8))
    assert values.dtype == torch.float32
    assert values.tolist() == pytest.approx([0.0, 0.2, 1.0])
