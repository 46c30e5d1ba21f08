"""Confusion matrices and the measures computed from them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.functional.classification import multiclass_confusion_matrix, multiclass_jaccard_index

from cscsanet.metrics.segmentation import (
    confusion,
    confusion_per_image,
    iou_per_class,
    miou,
    miou_mfnet,
    pixel_accuracy,
)


def draw(seed, shape, dtype=torch.int64, classes=9):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randint(0, classes, shape, generator=generator).to(dtype) for _ in range(2))


def naive_confusion(predicted, truth, classes=9):
    counts = np.zeros((classes, classes), dtype=np.int64)
    for guess, actual in zip(predicted.flatten().tolist(), truth.flatten().tolist(), strict=True):
        counts[actual, guess] += 1
    return torch.from_numpy(counts)


@given(
    seed=st.integers(0, 2**31),
    shape=st.lists(st.integers(1, 7), min_size=1, max_size=3),
    dtypes=st.tuples(*[st.sampled_from([torch.uint8, torch.int16, torch.int32, torch.int64])] * 2),
)
@settings(max_examples=60, deadline=None)
def test_confusion_is_the_naive_count_for_any_integer_types(seed, shape, dtypes):
    predicted, truth = draw(seed, shape)
    counts = confusion(predicted.to(dtypes[0]), truth.to(dtypes[1]))
    assert counts.dtype == torch.int64
    assert torch.equal(counts, naive_confusion(predicted, truth))


def test_rows_are_truth_and_columns_prediction():
    counts = confusion(torch.tensor([5, 5, 2]), torch.tensor([3, 3, 2]))
    assert counts[3, 5] == 2
    assert counts[2, 2] == 1
    assert counts.sum() == 3


def test_bytes_do_not_overflow_with_many_classes():
    predicted, truth = draw(4, (500,), torch.uint8, classes=40)
    assert torch.equal(confusion(predicted, truth, 40), naive_confusion(predicted, truth, 40))


def test_a_class_out_of_range_is_never_counted_as_another_pair():
    with pytest.raises(AssertionError):
        confusion(torch.tensor([9]), torch.tensor([0]))
    with pytest.raises(AssertionError):
        confusion_per_image(torch.tensor([[-1]]), torch.tensor([[1]]))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64])
def test_per_image_counts_are_those_of_each_image(dtype):
    predicted, truth = draw(1, (5, 6, 7), dtype)
    counts = confusion_per_image(predicted, truth)
    assert counts.shape == (5, 9, 9)
    for image in range(5):
        assert torch.equal(counts[image], naive_confusion(predicted[image], truth[image]))


def test_confusion_of_views_that_are_not_contiguous():
    predicted, truth = draw(2, (4, 6, 5))
    expected = naive_confusion(predicted, truth)
    assert torch.equal(confusion(predicted.transpose(0, 2), truth.transpose(0, 2)), expected)
    assert torch.equal(confusion_per_image(predicted.mT, truth.mT).sum(dim=0), expected)


def test_agrees_with_torchmetrics():
    predicted, truth = draw(3, (4, 16, 16))
    predicted = torch.where(
        torch.rand(predicted.shape, generator=torch.Generator().manual_seed(1)) < 0.6, truth, predicted
    )
    counts = confusion(predicted, truth)
    assert torch.equal(counts, multiclass_confusion_matrix(predicted, truth, num_classes=9))
    reference = multiclass_jaccard_index(predicted, truth, num_classes=9, average=None)
    assert torch.allclose(iou_per_class(counts).float(), reference, atol=1e-6)
    assert float(miou(counts)) == pytest.approx(float(reference.mean()), abs=1e-6)


# Rows are truth: 6 pixels of class 0 (one predicted as 1), 4 of class 1 (one as 0, one as 2), none
# of class 2.
HAND_MADE = torch.tensor([[5, 1, 0], [1, 2, 1], [0, 0, 0]])


def test_measures_of_a_hand_made_matrix():
    assert iou_per_class(HAND_MADE).tolist() == pytest.approx([5 / 7, 2 / 5, 0.0])
    assert float(miou(HAND_MADE)) == pytest.approx((5 / 7 + 2 / 5 + 0) / 3)
    assert float(pixel_accuracy(HAND_MADE)) == pytest.approx(7 / 10)


def test_mfnet_miou_drops_unlabelled_and_divides_by_all():
    # Without row and column 0: class 1 has 2 hits of a union of 3, class 2 none of 1.
    assert float(miou_mfnet(HAND_MADE)) == pytest.approx((0 + 2 / 3 + 0 / 1) / 3)


def test_mfnet_miou_of_a_perfect_prediction_is_eight_ninths():
    perfect = torch.diag(torch.arange(1, 10))
    assert float(miou(perfect)) == 1.0
    assert float(miou_mfnet(perfect)) == pytest.approx(8 / 9)


def test_mfnet_miou_counts_an_absent_class_as_zero():
    without_the_last = torch.diag(torch.tensor([9, 1, 1, 1, 1, 1, 1, 1, 0]))
    assert float(miou(without_the_last)) == 1.0
    assert float(miou_mfnet(without_the_last)) == pytest.approx(7 / 9)


def test_mfnet_miou_follows_the_published_recipe():
    counts = confusion(*draw(7, (2000,))).double()
    counts[:, 0] = 0
    counts[0, :] = 0
    expected = sum(
        float(counts[c, c] / (counts[c].sum() + counts[:, c].sum() - counts[c, c])) for c in range(1, 9)
    )
    assert float(miou_mfnet(confusion(*draw(7, (2000,))))) == pytest.approx(expected / 9)


def test_iou_is_nan_only_where_a_class_occurs_nowhere():
    counts = torch.zeros(9, 9, dtype=torch.int64)
    counts[0, 0], counts[0, 4] = 3, 1
    iou = iou_per_class(counts)
    assert iou[0] == 0.75
    assert iou[4] == 0.0
    assert iou[[1, 2, 3, 5, 6, 7, 8]].isnan().all()
    assert float(miou(counts)) == pytest.approx(0.375)


def test_measures_without_pixels_are_undefined():
    nothing = torch.zeros(9, 9, dtype=torch.int64)
    assert miou(nothing).isnan()
    assert pixel_accuracy(nothing).isnan()
    assert float(miou_mfnet(nothing)) == 0.0


@pytest.mark.parametrize("measure", [iou_per_class, miou, miou_mfnet, pixel_accuracy])
def test_leading_axes_are_batch_axes(measure):
    counts = torch.stack([confusion(*draw(seed, (60,))) for seed in range(6)]).view(2, 3, 9, 9)
    batched = measure(counts)
    assert batched.dtype == torch.float64
    for row in range(2):
        for column in range(3):
            assert torch.equal(batched[row, column], measure(counts[row, column]))


@given(seed=st.integers(0, 2**31), classes=st.permutations(list(range(9))))
@settings(max_examples=30, deadline=None)
def test_miou_does_not_depend_on_the_order_of_classes(seed, classes):
    counts = confusion(*draw(seed, (200,)))
    order = torch.tensor(classes)
    assert float(miou(counts[order][:, order])) == pytest.approx(float(miou(counts)))
