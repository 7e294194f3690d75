"""Losses: one formula each, of labels and predictions, per sample; `Loss` takes the mean.

Labels of shape (n,) meet predictions of shape (n, 1) sample by sample; they are never broadcast
against each other to (n, n), and other shapes that differ are an error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import compat, ops
from .config import epsilon, snake_case
from .registry import Registry
from .tensor import Tensor, as_tensor

_registry = Registry("loss")


def get(identifier: Any) -> Loss:
    """The loss of a name ("mse", "binary_crossentropy", ...), a class, a Loss, or a function of (y_true, y_pred)."""
    found = _registry.get(identifier)
    return found if isinstance(found, Loss) else FunctionLoss(found)


def align(y_true: Any, y_pred: Tensor) -> Tensor:
    """`y_true` as a constant Tensor of the shape and dtype of `y_pred`.

    Raises:
        ValueError: where the shapes differ by more than one trailing axis of length 1.
    """
    y_true = as_tensor(y_true)
    check_shapes(y_true.shape, y_pred.shape)
    return as_tensor(y_true.array.reshape(y_pred.shape), None if y_true.dtype == y_pred.dtype else y_pred.dtype)


def check_shapes(labels: tuple, predictions: tuple) -> None:
    """Refuse labels that do not belong to the predictions, sample by sample. None stands for any length."""
    if not any(_same(labels, form) for form in (predictions, (*predictions, 1), _without_unit(predictions))):
        raise ValueError(
            f"A loss expects labels of the shape of the predictions {predictions}, got {labels}. "
            "Give the output layer as many units as there are labels per sample, or reshape the labels."
        )


def _without_unit(shape: tuple) -> tuple:
    return shape[:-1] if shape and shape[-1] == 1 else shape


def _same(a: tuple, b: tuple) -> bool:
    return len(a) == len(b) and all(m == n or None in (m, n) for m, n in zip(a, b))


class Loss:
    """Mean over all samples of `call(y_true, y_pred)`, which gives one number per sample.

    Args:
        reduction: "sum_over_batch_size" (the mean), "sum" or None (one number per sample).
        name: what it is called in messages.
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = None, **unknown: Any):
        compat.refuse_unknown(type(self), unknown)
        if reduction not in _REDUCTIONS:
            raise ValueError(f"A loss expects a reduction out of {list(_REDUCTIONS)}, got {reduction!r}.")
        self.reduction = reduction
        self.name = name or snake_case(type(self).__name__)

    def __call__(self, y_true: Any, y_pred: Any) -> Tensor:
        y_pred = as_tensor(y_pred)
        return _REDUCTIONS[self.reduction](as_tensor(self.call(align(y_true, y_pred), y_pred)))

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} expects a method call(y_true, y_pred).")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


_REDUCTIONS: dict[str | None, Callable] = {
    "sum_over_batch_size": ops.mean,
    "sum": ops.sum,
    "none": lambda x: x,
    None: lambda x: x,
}


class FunctionLoss(Loss):
    """A user's function of (y_true, y_pred) as a loss."""

    def __init__(self, function: Callable, reduction: str | None = "sum_over_batch_size", name: str | None = None):
        super().__init__(reduction, name or getattr(function, "__name__", "loss"))
        self.function = function

    def call(self, y_true, y_pred):
        return self.function(y_true, y_pred)


class MeanSquaredError(Loss):
    """Mean of the squared differences over the last axis."""

    def call(self, y_true, y_pred):
        return mean_squared_error(y_true, y_pred)


class MeanAbsoluteError(Loss):
    """Mean of the absolute differences over the last axis."""

    def call(self, y_true, y_pred):
        return mean_absolute_error(y_true, y_pred)


class BinaryCrossentropy(Loss):
    """-log of the probability given to what came true, for labels 0 or 1.

    Args:
        from_logits: whether predictions are logits instead of probabilities.
        label_smoothing: s moves labels from 0 and 1 to s/2 and 1 - s/2.
    """

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"BinaryCrossentropy expects label_smoothing in [0, 1], got {label_smoothing}.")
        self.from_logits, self.label_smoothing = from_logits, label_smoothing

    def call(self, y_true, y_pred):
        return binary_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing)


def mean_squared_error(y_true, y_pred):
    """mean (y_pred - y_true)² over the last axis."""
    return ops.mean(ops.square(y_pred - y_true), axis=-1)


def mean_absolute_error(y_true, y_pred):
    """mean |y_pred - y_true| over the last axis."""
    return ops.mean(ops.absolute(y_pred - y_true), axis=-1)


def binary_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0):
    """mean of -y log p - (1 - y) log(1 - p) over the last axis.

    A probability that came out of a sigmoid is taken back to its logit: same value, but the gradient
    p - y stays alive where the sigmoid saturates. Any other is limited to [ε, 1 - ε], as in Keras.
    """
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + label_smoothing / 2
    logits = y_pred if from_logits else getattr(y_pred, "logits", None)
    if logits is not None:
        return ops.mean(ops.sigmoid_cross_entropy(logits, y_true), axis=-1)
    p = ops.clip(y_pred, epsilon(), 1 - epsilon())
    return -ops.mean(y_true * ops.log(p) + (1 - y_true) * ops.log(1 - p), axis=-1)


for _cls, _aliases in ((BinaryCrossentropy, ("bce",)), (MeanSquaredError, ("mse",)), (MeanAbsoluteError, ("mae",))):
    _registry.add(_cls, snake_case(_cls.__name__), _cls.__name__, *_aliases)
