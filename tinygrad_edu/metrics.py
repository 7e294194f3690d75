"""Metrics: what is counted over an epoch, on plain arrays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from . import losses
from .config import snake_case
from .registry import Registry

_registry = Registry("metric")


class Metric:
    """A mean over all samples seen since `reset_state()`. Subclasses say what of in `values`."""

    def __init__(self, name: str | None = None):
        self.name = name or snake_case(type(self).__name__)
        self.reset_state()

    def reset_state(self) -> None:
        self._total, self._count = 0.0, 0.0

    def update_state(self, y_true: np.ndarray, y_pred: np.ndarray) -> None:
        """Count a batch: labels and predictions as arrays."""
        values = self.values(np.asarray(y_true), np.asarray(y_pred))
        self._total += float(np.sum(values))
        self._count += np.size(values)

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        raise NotImplementedError(f"{type(self).__name__} expects a method values(y_true, y_pred).")

    def result(self) -> float:
        """The mean; 0 before anything was counted."""
        return self._total / self._count if self._count else 0.0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} {self.result():.4f}>"


class Mean(Metric):
    """Mean of the numbers given, each with a weight."""

    def update_state(self, value: float, weight: float = 1) -> None:  # type: ignore[override]
        self._total += float(value) * weight
        self._count += weight


class BinaryAccuracy(Metric):
    """Share of samples whose probability lies on the label's side of `threshold`; p = threshold counts as 0."""

    def __init__(self, name: str | None = None, threshold: float = 0.5):
        super().__init__(name)
        self.threshold = threshold

    def values(self, y_true, y_pred):
        losses.check_shapes(y_true.shape, y_pred.shape)
        return (y_pred > self.threshold) == y_true.reshape(y_pred.shape)


class CategoricalAccuracy(Metric):
    """Share of samples whose largest probability stands where the one-hot label stands."""

    def values(self, y_true, y_pred):
        if y_true.shape != y_pred.shape or y_pred.shape[-1] < 2:
            raise ValueError(
                f"CategoricalAccuracy expects one-hot labels of the shape of the predictions, two or more classes, "
                f"got {y_true.shape} and {y_pred.shape}. Use 'accuracy', which chooses by the shapes."
            )
        return y_true.argmax(-1) == y_pred.argmax(-1)


class SparseCategoricalAccuracy(Metric):
    """Share of samples whose largest probability stands at the label's number."""

    def values(self, y_true, y_pred):
        if y_true.shape not in (y_pred.shape[:-1], (*y_pred.shape[:-1], 1)):
            raise ValueError(
                f"SparseCategoricalAccuracy expects a class number per sample, shape {y_pred.shape[:-1]}, got {y_true.shape}. "
                "Use 'accuracy', which chooses by the shapes."
            )
        return y_true.reshape(y_pred.shape[:-1]) == y_pred.argmax(-1)


class FunctionMetric(Metric):
    """A function of (y_true, y_pred), one number per sample, as a metric."""

    def __init__(self, function: Callable, name: str | None = None):
        super().__init__(name or getattr(function, "__name__", "metric"))
        self.function = function

    def values(self, y_true, y_pred):
        losses.check_shapes(y_true.shape, y_pred.shape)
        return np.asarray(self.function(y_true.reshape(y_pred.shape), y_pred))


def get_all(identifiers: list, y_shape: tuple = (), output_shape: tuple = ()) -> list[Metric]:
    """The metrics of several identifiers; of equal names the later ones get a number."""
    found = [get(identifier, y_shape, output_shape) for identifier in identifiers]
    seen: Counter[str] = Counter()
    for metric in found:
        seen[metric.name] += 1
        metric.name += f"_{seen[metric.name] - 1}" if seen[metric.name] > 1 else ""
    return found


def get(identifier: Any, y_shape: tuple = (), output_shape: tuple = ()) -> Metric:
    """The metric of a name, a class, a Metric, or a function of (y_true, y_pred).

    "accuracy" means what the shapes say: binary for one output unit, sparse for labels that are
    numbers, categorical for one-hot labels. The metric keeps the name that the user gave.
    """
    if isinstance(identifier, str) and identifier.lower() in ("accuracy", "acc"):
        return _accuracy(y_shape, output_shape)(identifier)
    found = identifier if isinstance(identifier, Metric) else _registry.get(identifier)
    if isinstance(found, Metric):
        found.name = identifier if isinstance(identifier, str) else found.name
        return found
    return FunctionMetric(found, identifier if isinstance(identifier, str) else None)


def _accuracy(y_shape: tuple, output_shape: tuple) -> type[Metric]:
    if not output_shape or output_shape[-1] == 1:
        return BinaryAccuracy
    sparse = len(y_shape) < len(output_shape) or y_shape[-1] == 1
    return SparseCategoricalAccuracy if sparse else CategoricalAccuracy


for _cls in (BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy):
    _registry.add_class(_cls)
for _name, _function in (("mse", losses.mean_squared_error), ("mae", losses.mean_absolute_error),
                         ("binary_crossentropy", losses.binary_crossentropy)):  # fmt: skip
    _registry.add_function(_function, _name)
_registry.add(BinaryAccuracy, "accuracy", "acc")
