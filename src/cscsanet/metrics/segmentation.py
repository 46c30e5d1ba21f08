"""Segmentation figures, all from confusion matrices: rows are truth, columns are prediction.

Counts are int64, figures float64; leading axes of a confusion matrix are batch axes of every figure.
"""

import torch
from torch import Tensor


def confusion(predicted: Tensor, truth: Tensor, classes: int = 9) -> Tensor:
    """Count the pixels of each pair of true and predicted class, by one bincount.

    Args:
        predicted: any integer dtype, any shape, ids 0..classes-1.
        truth: the same shape.
        classes: number of classes.

    Returns:
        int64 [classes (truth), classes (prediction)].
    """
    _check_ids(predicted, truth, classes)
    pairs = _pairs(predicted.reshape(-1), truth.reshape(-1), classes)
    return torch.bincount(pairs, minlength=classes**2).view(classes, classes)


def confusion_per_image(predicted: Tensor, truth: Tensor, classes: int = 9) -> Tensor:
    """Count like `confusion`, but for each image apart, still by one bincount.

    Args:
        predicted: any integer dtype, [N, H, W], ids 0..classes-1.
        truth: the same shape.
        classes: number of classes.

    Returns:
        int64 [N, classes (truth), classes (prediction)].
    """
    _check_ids(predicted, truth, classes)
    images = predicted.shape[0]
    first = torch.arange(images, device=predicted.device).view(-1, 1) * classes**2
    pairs = _pairs(predicted.reshape(images, -1), truth.reshape(images, -1), classes) + first
    return torch.bincount(pairs.view(-1), minlength=images * classes**2).view(images, classes, classes)


def iou_per_class(counts: Tensor) -> Tensor:
    """Intersection over union of each class, the ratio within eq. (29).

    Args:
        counts: [..., classes, classes].

    Returns:
        float64 [..., classes] in [0, 1]; nan where a class occurs neither in truth nor in prediction.
    """
    counts = counts.to(torch.float64)
    hits = counts.diagonal(dim1=-2, dim2=-1)
    return hits / (counts.sum(dim=-1) + counts.sum(dim=-2) - hits)


def miou(counts: Tensor) -> Tensor:
    """Mean IoU over the classes that occur in truth or in prediction, eq. (29).

    Args:
        counts: [..., classes, classes].

    Returns:
        float64 [...] in [0, 1]; nan where there are no pixels at all.
    """
    return iou_per_class(counts).nanmean(dim=-1)


def miou_mfnet(counts: Tensor) -> Tensor:
    """Mean IoU as MFNet's code computes it, for comparison with figures from there.

    The row and the column of class 0 (unlabelled) are dropped, so a labelled pixel predicted as unlabelled,
    and the reverse, costs nothing; the IoU of class 0 is fixed at zero, and of a class with an empty union
    too; the sum is divided by the number of all classes. So with nine classes the figure cannot pass 8/9.

    Args:
        counts: [..., classes, classes].

    Returns:
        float64 [...] in [0, (classes - 1) / classes].
    """
    classes = counts.shape[-1]
    return iou_per_class(counts[..., 1:, 1:]).nan_to_num(0.0).sum(dim=-1) / classes


def pixel_accuracy(counts: Tensor) -> Tensor:
    """Share of all pixels that are predicted right, float64 [...]; nan without pixels."""
    counts = counts.to(torch.float64)
    return counts.diagonal(dim1=-2, dim2=-1).sum(dim=-1) / counts.sum(dim=(-2, -1))


def mean_accuracy(counts: Tensor) -> Tensor:
    """Share of a class's pixels that are predicted right, mean over the classes in truth, float64 [...]."""
    counts = counts.to(torch.float64)
    return (counts.diagonal(dim1=-2, dim2=-1) / counts.sum(dim=-1)).nanmean(dim=-1)


def _pairs(predicted: Tensor, truth: Tensor, classes: int) -> Tensor:
    """Number each pair of true and predicted class."""
    # Bytes hold all pairs of nine classes, and moving bytes is what makes this fast; more classes need
    # wider numbers.
    if classes**2 - 1 > torch.iinfo(torch.promote_types(predicted.dtype, truth.dtype)).max:
        truth = truth.to(torch.int64)
    return torch.add(predicted, truth, alpha=classes)


def _check_ids(predicted: Tensor, truth: Tensor, classes: int) -> None:
    assert predicted.shape == truth.shape, "prediction and truth differ in shape"
    for ids in (predicted, truth):
        if ids.numel():
            low, high = ids.aminmax()
            # A prediction out of range would be counted as another pair of classes, silently.
            assert 0 <= int(low) <= int(high) < classes, "class id out of range"
