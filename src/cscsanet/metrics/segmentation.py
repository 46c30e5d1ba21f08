"""Measures of a segmentation, all from confusion matrices: rows are truth, columns are prediction.

Counts are int64, measures float64. Leading axes of a confusion matrix are batch axes of every
measure.

Axes: C classes, N images, H x W pixels.
"""

import torch
from torch import Tensor


def confusion(predicted: Tensor, truth: Tensor, classes: int = 9, ignored: int | None = None) -> Tensor:
    """Return the number of pixels of each pair of classes, int64 (C truth, C prediction).

    predicted, truth: class ids 0..C-1 in one shape, of any integer types. ignored: a further id of the truth, whose
    pixels count nowhere; None: there is none. One bincount counts them all.
    """
    assert predicted.shape == truth.shape, "prediction and truth differ in shape"
    return _counts(predicted.reshape(1, -1), truth.reshape(1, -1), classes, ignored)[0]


def confusion_per_image(
    predicted: Tensor, truth: Tensor, classes: int = 9, ignored: int | None = None
) -> Tensor:
    """Return the confusion matrix of each image, int64 (N, C truth, C prediction), by one bincount.

    predicted, truth: class ids 0..C-1 (N, H, W), of any integer types. ignored: as in `confusion`.
    """
    assert predicted.shape == truth.shape, "prediction and truth differ in shape"
    images = predicted.shape[0]
    return _counts(predicted.reshape(images, -1), truth.reshape(images, -1), classes, ignored)


def iou_per_class(counts: Tensor) -> Tensor:
    """Return the intersection over union of each class (..., C) in [0, 1], the ratio in eq. (29).

    It is nan where a class occurs neither in truth nor in prediction. counts: (..., C, C).
    """
    counts = counts.to(torch.float64)
    hits = counts.diagonal(dim1=-2, dim2=-1)
    return hits / (counts.sum(dim=-1) + counts.sum(dim=-2) - hits)


def miou(counts: Tensor) -> Tensor:
    """Return the mean IoU (...) in [0, 1] over classes in truth or prediction, eq. (29).

    It is nan without pixels. counts: (..., C, C).
    """
    return iou_per_class(counts).nanmean(dim=-1)


def miou_mfnet(counts: Tensor) -> Tensor:
    """Return the mean IoU (...) as MFNet's code computes it, for comparison with published values.

    The row and the column of class 0 (unlabelled) are dropped, so a labelled pixel predicted as
    unlabelled, and the reverse, costs nothing. The IoU of class 0 is zero, and so is that of a
    class with an empty union. The sum is divided by the number of all classes, so with nine classes
    it is at most 8/9. counts: (..., C, C).
    """
    classes = counts.shape[-1]
    return iou_per_class(counts[..., 1:, 1:]).nan_to_num(0.0).sum(dim=-1) / classes


def pixel_accuracy(counts: Tensor) -> Tensor:
    """Return the share (...) of pixels that are predicted correctly.

    It is nan without pixels. counts: (..., C, C).
    """
    counts = counts.to(torch.float64)
    return counts.diagonal(dim1=-2, dim2=-1).sum(dim=-1) / counts.sum(dim=(-2, -1))


def _counts(predicted: Tensor, truth: Tensor, classes: int, ignored: int | None) -> Tensor:
    """Return the confusion matrix of each row of pixels (N, pixels), int64 (N, C, C)."""
    counted = None if ignored is None else truth != ignored
    if counted is not None:
        # Any class: these pixels are counted apart.
        truth = torch.where(counted, truth, 0)
    _check_ids(predicted, truth, classes)
    pairs, kinds = _pairs(predicted, truth, classes), classes**2
    if counted is not None:
        pairs, kinds = torch.where(counted, pairs.to(torch.int64), kinds), kinds + 1
    rows = predicted.shape[0]
    if rows > 1:
        pairs = pairs + torch.arange(rows, device=predicted.device).view(-1, 1) * kinds
    counts = torch.bincount(pairs.reshape(-1), minlength=rows * kinds).view(rows, kinds)
    return counts[:, : classes**2].reshape(rows, classes, classes)


def _pairs(predicted: Tensor, truth: Tensor, classes: int) -> Tensor:
    """Return the index, truth x C + prediction, of each pixel's pair of classes."""
    # A byte holds all pairs of up to 16 classes, and bytes are fast to move; more classes need a wider
    # type.
    if classes**2 - 1 > torch.iinfo(torch.promote_types(predicted.dtype, truth.dtype)).max:
        truth = truth.to(torch.int64)
    return torch.add(predicted, truth, alpha=classes)


def _check_ids(predicted: Tensor, truth: Tensor, classes: int) -> None:
    for ids in (predicted, truth):
        if ids.numel():
            low, high = ids.aminmax()
            # An id out of range would silently count as another pair of classes.
            assert 0 <= int(low) <= int(high) < classes, "class id out of range"
