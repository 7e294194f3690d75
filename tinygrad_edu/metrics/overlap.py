"""Intersection over union: how well regions of classes cover each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..losses.formula import check_parameters
from ..losses.labels import class_numbers, plain
from ..losses.reduction import full_weights, without_padding
from .mean import registry
from .metric import Metric, carried_mask


@registry.add_class
class IoU(Metric):
    """Mean over some classes of TP / (TP + FP + FN), the overlap of what is and what was predicted; 0 to 1.

    Classes that neither occur nor are predicted are left out of the mean.

    Shapes: class numbers, or `num_classes` along `axis`, of as many labels as predictions -> ().

    Args:
        num_classes: how many there are.
        target_class_ids: the classes to take the mean over. None: all.
        name, dtype: see `Metric`.
        ignore_class: label of samples that do not count, such as 255 for void pixels.
        sparse_y_true, sparse_y_pred: whether these are class numbers, not one-hot or probabilities.
        axis: where the classes are, if not.

    Raises:
        ValueError: for classes that are not there, also in a batch.

    Source: Everingham et al. (2010), "The PASCAL Visual Object Classes (VOC) Challenge".

        >>> round(IoU(2, [1])([0, 0, 1, 1], [0, 1, 0, 1]), 4)
        0.3333
    """

    direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int] | None = None,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
        **unknown: Any,
    ):
        super().__init__(name, dtype, **unknown)
        check_parameters(type(self).__name__, {"num_classes": num_classes})
        self.num_classes, self.ignore_class, self.axis = num_classes, ignore_class, axis
        self.total_cm = self.add_weight((num_classes, num_classes), name="total_confusion_matrix")
        self.target_class_ids = list(range(num_classes) if target_class_ids is None else target_class_ids)
        if not all(0 <= target < num_classes for target in self.target_class_ids):
            raise ValueError(f"{type(self).__name__} expects classes below {num_classes}, got {self.target_class_ids}.")
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch: classes of labels and predictions, of one size; a weight for each."""
        labels = plain(y_true) if self.sparse_y_true else plain(y_true).argmax(self.axis)
        answers, mask = self.answers(plain(y_pred)), carried_mask(y_pred)
        if labels.size != answers.size:
            raise ValueError(f"{self.name} expects a label for each prediction, got shapes {labels.shape} and {answers.shape}.")
        weights = full_weights(sample_weight, answers.shape, mask)
        labels = without_padding(labels.reshape(answers.shape), mask)
        labels, counts = class_numbers(labels.ravel(), self.num_classes, self.name, self.ignore_class)
        answers, _ = class_numbers(answers.ravel(), self.num_classes, self.name)
        places = labels * self.num_classes + answers
        counted = np.bincount(places, weights.ravel() * counts, self.num_classes**2)
        self.total_cm.assign_add(counted.reshape(self.num_classes, self.num_classes))

    def answers(self, y_pred: np.ndarray) -> np.ndarray:
        """The classes that were predicted."""
        return y_pred if self.sparse_y_pred else y_pred.argmax(self.axis)

    def result(self) -> float:
        """The mean overlap so far; 0 before anything was counted."""
        matrix = self.total_cm.value
        both = np.diag(matrix)
        either = matrix.sum(axis=0) + matrix.sum(axis=1) - both
        targets = [target for target in self.target_class_ids if either[target]]
        return float(np.mean(both[targets] / either[targets])) if targets else 0.0


@registry.add_class
class MeanIoU(IoU):
    """Mean over all classes of TP / (TP + FP + FN). Args: see `IoU`, without `target_class_ids`."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ):
        super().__init__(num_classes, None, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)


@registry.add_class
class BinaryIoU(IoU):
    """Mean over classes 0 and 1 of TP / (TP + FP + FN), for probabilities of class 1.

    Args:
        target_class_ids: the classes to take the mean over.
        threshold: a probability from it on counts as class 1.
        name, dtype: see `Metric`.
    """

    def __init__(
        self, target_class_ids: Sequence[int] = (0, 1), threshold: float = 0.5, name: str | None = None, dtype: Any = None
    ):
        super().__init__(2, target_class_ids, name, dtype)
        if not isinstance(threshold, (int, float, np.number)):
            raise ValueError(f"BinaryIoU expects a threshold that is a number, got {threshold!r}.")
        self.threshold = threshold

    def answers(self, y_pred):
        """The classes that were predicted."""
        return (y_pred >= self.threshold).astype(int)


@registry.add_class
class OneHotIoU(IoU):
    """`IoU` for one-hot labels, and for probabilities unless `sparse_y_pred`."""

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int] | None = None,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ):
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)


@registry.add_class
class OneHotMeanIoU(OneHotIoU):
    """`MeanIoU` for one-hot labels, and for probabilities unless `sparse_y_pred`."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ):
        super().__init__(num_classes, None, name, dtype, ignore_class, sparse_y_pred, axis)
