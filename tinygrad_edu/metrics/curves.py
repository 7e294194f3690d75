"""What a threshold trades: the area under a curve, and the best of one share where another is good enough."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..budget import afford
from ..config import epsilon
from ..losses.formula import check_parameters
from ..registry import serialize
from .confusion import ConfusionMetric, as_thresholds
from .mean import registry
from .metric import number, share


@registry.add_class
class AUC(ConfusionMetric):
    """Area under the ROC curve (share of ones found over share of zeros mistaken), or under precision over recall.

    Approximate by design: the curve is known at `num_thresholds` points only, however many samples there are.

    Shapes: labels and predictions (samples, ...) -> ().

        >>> round(AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]), 6)
        0.75

    Args:
        num_thresholds: of points on the curve: two beyond either end of [0, 1], the others evenly between.
        curve: "ROC" or "PR".
        summation_method: "interpolation" (trapezoids; for PR the formula of the source), "minoring" or "majoring" (the
            lower or the higher end of each piece).
        name, dtype: see `Metric`.
        thresholds: the points inside of [0, 1], instead of their number, which then may be None. The attributes of these
            names count and hold the two beyond the ends, too, as in Keras.
        multi_label: an area for each label, along the last axis; their mean is the result. Else one for all entries.
        num_labels: taken from the first batch; here for Keras' sake.
        label_weights: how much each label counts. None: all the same.
        from_logits: whether predictions are logits instead of probabilities.

    Raises:
        ValueError: for an unknown curve or method, thresholds outside [0, 1], or fewer than two.

    Source: Davis & Goadrich (2006), "The Relationship Between Precision-Recall and ROC Curves", section 4.
    """

    direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
        **unknown: Any,
    ):
        super().__init__(name, dtype, **unknown)
        _one_of("curve", curve, ("ROC", "PR"))
        _one_of("summation_method", summation_method, tuple(_HEIGHTS))
        inner = _evenly(num_thresholds) if thresholds is None else np.setdiff1d(as_thresholds("AUC", thresholds), (0.0, 1.0))
        self.thresholds = np.concatenate([[-epsilon()], inner, [1 + epsilon()]])
        self.num_thresholds, self._given = len(self.thresholds), thresholds
        self.curve, self.summation_method, self.from_logits = curve, summation_method, from_logits
        self.multi_label, self.num_labels, self.label_weights = multi_label, num_labels, label_weights
        if not multi_label:
            self.begin(self.thresholds)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; the thresholds as they were given."""
        return {**super().get_config(), "thresholds": serialize(self._given)}

    def chosen(self, *entries):
        y_true, y_pred, weights = entries
        y_pred = ops.sigmoid(y_pred) if self.from_logits else y_pred
        if self.multi_label:
            if not self._states:
                self.begin(self.thresholds, y_pred.shape[-1:])
            return tuple(x.reshape(-1, x.shape[-1]) for x in (y_true, y_pred, weights))
        return super().chosen(y_true, y_pred, weights if self.label_weights is None else weights * np.asarray(self.label_weights))

    def result(self) -> Any:
        """The area so far; 0 before anything was counted."""
        if not self._states:
            return 0.0
        areas = self._areas(*self.counted())
        return float(np.average(areas, weights=self.label_weights)) if self.multi_label else number(areas)

    def _areas(self, tp, fp, tn, fn):
        if self.curve == "PR" and self.summation_method == "interpolation":
            return _under_precision(tp, fp, fn)
        recall = share(tp, tp + fn)
        x, y = (share(fp, fp + tn), recall) if self.curve == "ROC" else (recall, share(tp, tp + fp))
        return np.sum((x[:-1] - x[1:]) * _HEIGHTS[self.summation_method](y[:-1], y[1:]), axis=0)


_HEIGHTS: dict[str, Callable] = {
    "interpolation": lambda left, right: (left + right) / 2,
    "minoring": np.minimum,
    "majoring": np.maximum,
}


def _under_precision(tp, fp, fn):
    """Between two points of the curve TP and FP grow in proportion, so that precision does not run along a line."""
    p = tp + fp
    gained = tp[:-1] - tp[1:]
    slope = share(gained, p[:-1] - p[1:])
    offset = tp[1:] - slope * p[1:]
    both = (p[:-1] > 0) & (p[1:] > 0)
    ratio = np.where(both, p[:-1], 1) / np.where(both, p[1:], 1)
    return np.sum(share(slope * (gained + offset * np.log(ratio)), tp[1:] + fn[1:]), axis=0)


class BestAt(ConfusionMetric):
    """The best of one share over all thresholds at which another is large enough; 0 if it never is.

    Shapes: labels and predictions (samples, ...) -> ().

    Args:
        num_thresholds: how many are tried, evenly from 0 to 1.
        class_id: look at this label only, along the last axis. None: at all of them together.
        name, dtype: see `Metric`.

    Raises:
        ValueError: for a share outside [0, 1], or no thresholds.
    """

    direction = "up"
    shares: tuple[str, str]  # which is to be the best, and which must be good enough: as much as the attribute of its name

    def __init__(self, num_thresholds: int = 200, class_id: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        if not 0 <= self._least() <= 1:
            raise ValueError(f"{type(self).__name__} expects {self.shares[1]} in [0, 1], got {self._least()}.")
        check_parameters(type(self).__name__, {"num_thresholds": num_thresholds})
        afford((num_thresholds,), float)
        self.num_thresholds, self.class_id = num_thresholds, class_id
        self.begin(np.linspace(0, 1, num_thresholds) if num_thresholds > 1 else np.array([0.5]))

    def _least(self) -> float:
        return getattr(self, self.shares[1])

    def result(self) -> float:
        """The best share so far."""
        best, other = (_SHARES[name](*self.counted()) for name in self.shares)
        return float(np.max(best[other >= self._least()], initial=0.0))


_SHARES: dict[str, Callable] = {
    "sensitivity": lambda tp, fp, tn, fn: share(tp, tp + fn),
    "specificity": lambda tp, fp, tn, fn: share(tn, tn + fp),
    "precision": lambda tp, fp, tn, fn: share(tp, tp + fp),
    "recall": lambda tp, fp, tn, fn: share(tp, tp + fn),
}


@registry.add_class
class SensitivityAtSpecificity(BestAt):
    """Largest share of ones found, TP / (TP + FN), where TN / (TN + FP) is at least `specificity`. Args: see `BestAt`."""

    shares = "sensitivity", "specificity"

    def __init__(self, specificity: float, num_thresholds: int = 200, **kwargs: Any):
        self.specificity = specificity
        super().__init__(num_thresholds, **kwargs)


@registry.add_class
class SpecificityAtSensitivity(BestAt):
    """Largest share of zeros let be, TN / (TN + FP), where TP / (TP + FN) is at least `sensitivity`. Args: see `BestAt`."""

    shares = "specificity", "sensitivity"

    def __init__(self, sensitivity: float, num_thresholds: int = 200, **kwargs: Any):
        self.sensitivity = sensitivity
        super().__init__(num_thresholds, **kwargs)


@registry.add_class
class PrecisionAtRecall(BestAt):
    """Largest precision, TP / (TP + FP), where recall, TP / (TP + FN), is at least `recall`. Args: see `BestAt`."""

    shares = "precision", "recall"

    def __init__(self, recall: float, num_thresholds: int = 200, **kwargs: Any):
        self.recall = recall
        super().__init__(num_thresholds, **kwargs)


@registry.add_class
class RecallAtPrecision(BestAt):
    """Largest recall, TP / (TP + FN), where precision, TP / (TP + FP), is at least `precision`. Args: see `BestAt`."""

    shares = "recall", "precision"

    def __init__(self, precision: float, num_thresholds: int = 200, **kwargs: Any):
        self.precision = precision
        super().__init__(num_thresholds, **kwargs)


def _evenly(num_thresholds: int) -> np.ndarray:
    """The thresholds inside of [0, 1], if there are that many with one beyond either end."""
    if not num_thresholds >= 2:
        raise ValueError(f"AUC expects num_thresholds >= 2, got {num_thresholds!r}.")
    afford((num_thresholds,), float)
    return np.arange(1, num_thresholds - 1) / (num_thresholds - 1)


def _one_of(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"AUC expects {what} out of {list(known)}, got {value!r}.")
