"""Shares of samples that were answered right."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..losses.formula import formula
from ..losses.labels import class_numbers
from .mean import FormulaMetric


@formula(arrays=True)
def accuracy(y_true, y_pred):
    """Share of the numbers over the last axis that equal their label. For predictions that are classes, not probabilities.

    The string "accuracy" in `compile` means another one: see `get`.

    Shapes: (..., n), (..., n) -> (...).
    """
    return _share(y_true == y_pred)


class Accuracy(FormulaMetric, of=accuracy, direction="up"): ...


@formula(arrays=True)
def binary_accuracy(y_true, y_pred, threshold=0.5):
    """Share of the probabilities over the last axis that lie on their label's side of `threshold`.

    Shapes: (..., n), (..., n) -> (...).

    Args:
        threshold: above it counts as 1; a probability equal to it counts as 0.

    Any threshold will do, 0 for logits (Keras 3 asks for one between 0 and 1).

        >>> binary_accuracy([[1], [0], [0]], [[0.9], [0.5], [0.7]])
        array([1., 1., 0.])
    """
    return _share((y_pred > threshold) == y_true)


class BinaryAccuracy(FormulaMetric, of=binary_accuracy, direction="up"): ...


@formula("one_hot", arrays=True)
def categorical_accuracy(y_true, y_pred):
    """1 where the largest probability stands where the one-hot label is largest, else 0. Of equals the first counts.

    Shapes: (..., classes), (..., classes) -> (...).

        >>> categorical_accuracy([[0, 1, 0], [0, 0, 1]], [[0.1, 0.7, 0.2], [0.4, 0.4, 0.2]])
        array([1., 0.])
    """
    return (_label_of(y_true, "categorical_accuracy") == y_pred.argmax(-1)).astype(float)


class CategoricalAccuracy(FormulaMetric, of=categorical_accuracy, direction="up"): ...


@formula("classes", arrays=True)
def sparse_categorical_accuracy(y_true, y_pred):
    """1 where the largest probability stands at the label's number, else 0. Of equals the first counts.

    Shapes: (...) or (..., 1), (..., classes) -> (...).

    Raises:
        ValueError: for labels that are no whole number from 0 to classes - 1.

    Keras counts such a label as a wrong answer.
    """
    labels, _ = class_numbers(y_true, y_pred.shape[-1], "sparse_categorical_accuracy")
    return (labels == y_pred.argmax(-1)).astype(float)


class SparseCategoricalAccuracy(FormulaMetric, of=sparse_categorical_accuracy, direction="up"): ...


@formula("one_hot", arrays=True)
def top_k_categorical_accuracy(y_true, y_pred, k=5):
    """1 where fewer than `k` classes are given more than the one that came true, else 0, for one-hot labels.

    Shapes: (..., classes), (..., classes) -> (...).

    Args:
        k: how many guesses there are.

    Source: Russakovsky et al. (2015), "ImageNet Large Scale Visual Recognition Challenge".
    """
    return _among_the_top(_label_of(y_true, "top_k_categorical_accuracy"), y_pred, k)


class TopKCategoricalAccuracy(FormulaMetric, of=top_k_categorical_accuracy, direction="up", parameters_first=True): ...


@formula("classes", arrays=True)
def sparse_top_k_categorical_accuracy(y_true, y_pred, k=5):
    """1 where fewer than `k` classes are given more than the one that came true, else 0, for class numbers.

    Shapes: (...) or (..., 1), (..., classes) -> (...).

    Args:
        k: how many guesses there are.

    Source: Russakovsky et al. (2015), "ImageNet Large Scale Visual Recognition Challenge".

        >>> sparse_top_k_categorical_accuracy([2, 2], [[0.1, 0.6, 0.3], [0.5, 0.4, 0.1]], k=2)
        array([1., 0.])
    """
    labels, _ = class_numbers(y_true, y_pred.shape[-1], "sparse_top_k_categorical_accuracy")
    return _among_the_top(labels, y_pred, k)


class SparseTopKCategoricalAccuracy(
    FormulaMetric, of=sparse_top_k_categorical_accuracy, direction="up", parameters_first=True
): ...


def _share(right: np.ndarray) -> np.ndarray:
    """Of truth values over the last axis; np.mean takes twice as long for a few of them."""
    return np.add.reduce(right, axis=-1) / right.shape[-1]


def _label_of(y_true: Any, owner: str) -> np.ndarray:
    """The class of one-hot labels."""
    if y_true.shape[-1] < 2:
        raise ValueError(
            f"{owner} expects one-hot labels of two or more classes, got shape {y_true.shape}. "
            "Use 'accuracy', which chooses by the shapes."
        )
    return y_true.argmax(-1)


def _among_the_top(labels: np.ndarray, y_pred: np.ndarray, k: int) -> np.ndarray:
    score = np.take_along_axis(y_pred, labels[..., None], axis=-1)
    return (np.count_nonzero(y_pred > score, axis=-1) < k).astype(float) * np.isfinite(score[..., 0])
