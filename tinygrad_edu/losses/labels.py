"""Which labels belong to which predictions. Nothing is ever broadcast: (n,) meets (n, 1) sample by sample.

    entries   each number predicted has its label, and counts by itself
    rows      of the same shapes, but the numbers of a row belong together: a direction, a distribution
    one_hot   rows that are 1 at the class that came true
    classes   the number of the class that came true, one where the predictions have an axis of classes
    any       what a function of the user's may ask for: entries, or class numbers of a whole-number type
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..graph import Value
from ..tensor import as_tensor

KINDS = ("entries", "rows", "one_hot", "classes", "any")


def match(kind: str, y_true: Any, y_pred: Any, owner: str, axis: int = -1) -> tuple[Any, Any]:
    """Labels and predictions that belong together: Tensors if the predictions are one, else arrays.

    Labels come in the shape and dtype of the predictions; class numbers as whole numbers, without the axis of classes.

    Args:
        kind: which labels belong to the predictions, one of the words above.
        owner: what asks for them, for messages.
        axis: where the classes are.

    Raises:
        ValueError: for shapes that disagree; both are named.
        TypeError: for labels or predictions that are no numbers.
    """
    y_true, y_pred = _numbers("labels", y_true, owner), _floating(_numbers("predictions", y_pred, owner))
    if isinstance(axis, int) and axis != -1 and not -y_pred.ndim <= axis < y_pred.ndim:
        raise ValueError(f"{owner} expects predictions with an axis {axis}, got shape {y_pred.shape}.")
    check_shapes(y_true.shape, y_pred.shape, kind, owner, axis)
    if kind == "classes" or (kind == "any" and not fits("entries", y_true.shape, y_pred.shape)):
        if kind == "any" and y_true.dtype.kind not in "iu":
            raise ValueError(_refusal(y_true.shape, y_pred.shape, "entries", owner))
        return _like(y_pred, y_true, _without(y_pred.shape, axis), y_true.dtype), y_pred
    return _like(y_pred, y_true, y_pred.shape, y_pred.dtype), y_pred


def check_shapes(labels: tuple, predictions: tuple, kind: str = "entries", owner: str = "A loss", axis: int = -1) -> None:
    """Refuse labels that do not belong to the predictions. None stands for any length."""
    if not fits(kind, labels, predictions, axis):
        raise ValueError(_refusal(labels, predictions, kind, owner, axis))


def fits(kind: str, labels: tuple, predictions: tuple, axis: int = -1) -> bool:
    """Whether labels and predictions of these shapes belong together."""
    if labels == predictions and kind != "classes":
        return True
    forms = []
    if kind != "classes":
        forms += [predictions, (*predictions, 1), _without_unit(predictions)]
    if kind in ("classes", "any") and predictions:
        forms += [_without(predictions, axis), _with_unit(predictions, axis)]
    return labels in forms or any(_same(labels, form) for form in forms)


def by_shapes(labels: tuple, predictions: tuple) -> str:
    """What "accuracy" and "crossentropy" mean: "binary" for one unit, "sparse" for class numbers, else "categorical"."""
    if not predictions or predictions[-1] == 1:
        return "binary"
    return "sparse" if len(labels) < len(predictions) or labels[-1] == 1 else "categorical"


def beside(labels: Any, predictions: Any) -> Any:
    """Labels (n,) as (n, 1) for predictions (n, 1), and the other way round, so that operators do not broadcast them."""
    if labels.shape == (*predictions.shape, 1) or (*labels.shape, 1) == predictions.shape:
        return labels.reshape(predictions.shape)
    return labels


def class_numbers(labels: np.ndarray, classes: int, owner: str, ignored: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Labels as numbers of classes, and which of them count: those that are not `ignored`, whose number becomes 0.

    Raises:
        ValueError: names a label that is no whole number from 0 to classes - 1, and where it stands.
    """
    counts = np.ones(labels.shape, bool) if ignored is None else labels != ignored
    right = (labels >= 0) & (labels < classes)
    if labels.dtype.kind == "f":
        right &= labels == np.floor(labels)
    if not right.all():
        _refuse_wrong(labels, counts & ~right, classes, owner)
        labels = np.where(counts, labels, 0)
    return labels.astype(np.int64, copy=False), counts


def as_classes(labels: Any, classes: int, owner: str, ignored: int | None = None) -> Any:
    """`labels`, an array or a Tensor, as whole numbers: what `class_numbers` says, and refuses, computed with ops."""
    class_numbers(plain(labels), classes, owner, ignored)
    if ignored is not None:
        labels = ops.where(ops.not_equal(labels, ignored), labels, 0)
    return labels if labels.dtype.kind in "iu" else labels.astype(np.int64)


def _refuse_wrong(labels: np.ndarray, wrong: np.ndarray, classes: int, owner: str) -> None:
    if wrong.any():
        place = tuple(np.argwhere(wrong)[0].tolist())
        raise ValueError(
            f"{owner} expects class numbers from 0 to {classes - 1}, got {labels[place]} at {place}. "
            "Number the classes from 0, and give the output layer a unit for each."
        )


def plain(x: Any) -> np.ndarray:
    """`x` as an array, also if it is a Tensor."""
    return np.asarray(unwrapped(x))


def unwrapped(x: Any) -> Any:
    """The array of a Tensor; anything else as it is."""
    return x.array if isinstance(x, Value) else x


def one_sample_each(x: Any) -> Any:
    """n numbers as n samples of one number."""
    return x.reshape(-1, 1)


# Shapes ------------------------------------------------------------------------------------------


def _refusal(labels: tuple, predictions: tuple, kind: str, owner: str, axis: int = -1) -> str:
    if kind == "classes":
        law, remedy = f"a class number per sample, shape {_without(predictions, axis)}", "One-hot labels go without 'sparse_'."
        return f"{owner} expects {law}, got {labels} for predictions {predictions}. {remedy}"
    remedy = "Give the output layer as many units as there are labels per sample, or reshape the labels."
    if kind == "one_hot" and fits("classes", labels, predictions, axis):
        remedy = "Class numbers go with sparse_categorical_crossentropy and its like, or make them one-hot."
    return f"{owner} expects labels of the shape of the predictions {predictions}, got {labels}. {remedy}"


def _numbers(what: str, x: Any, owner: str) -> Any:
    """`x` as an array, unless it is a Tensor."""
    if isinstance(x, Value):
        return x
    array = np.asarray(x)
    if array.dtype.kind not in "fiub":
        got = array.dtype.name if array.ndim else type(array.item()).__name__
        raise TypeError(f"{owner} expects numbers as {what}, got {got}. Encode text and objects as numbers first.")
    return array


def _floating(x: Any) -> Any:
    return x if x.dtype.kind == "f" else x.astype(float)


def _like(y_pred: Any, y_true: Any, shape: tuple, dtype: Any) -> Any:
    """Labels in a shape and a dtype; as a Tensor if the predictions are one. Labels that were computed stay so."""
    if isinstance(y_true, Value) and y_true.node is None and not isinstance(y_pred, Value):
        y_true = y_true.array
    y_true = y_true if y_true.shape == shape else y_true.reshape(shape)
    y_true = y_true if y_true.dtype == dtype else y_true.astype(dtype)
    return as_tensor(y_true) if isinstance(y_pred, Value) else y_true


def _without_unit(shape: tuple) -> tuple:
    return shape[:-1] if shape and shape[-1] == 1 else shape


def _without(shape: tuple, axis: int) -> tuple:
    return tuple(n for i, n in enumerate(shape) if i != axis % len(shape))


def _with_unit(shape: tuple, axis: int) -> tuple:
    return tuple(1 if i == axis % len(shape) else n for i, n in enumerate(shape))


def _same(a: tuple, b: tuple) -> bool:
    return len(a) == len(b) and all(m == n or None in (m, n) for m, n in zip(a, b))
