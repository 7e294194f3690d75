"""Counts of right and wrong answers at thresholds, and the shares that are made of them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..losses.formula import check_parameters
from ..losses.reduction import full_weights
from .mean import registry
from .metric import Metric, labelled, number, share

#   count             label  answer
COUNTS = {
    "true_positives":  (1, 1),
    "false_positives": (0, 1),
    "true_negatives":  (0, 0),
    "false_negatives": (1, 0),
}  # fmt: skip


def confusion(y_true: np.ndarray, y_pred: np.ndarray, levels: np.ndarray, weights: np.ndarray, counts: Iterable[str]) -> Any:
    """Some of COUNTS at each threshold: the weights of the entries of a label that lie above it, or do not.

    One pass, whatever the number of thresholds: each entry falls into a gap between two of them, and the gaps are
    summed from both ends.

    Shapes: y_true, y_pred, weights (entries,) -> (levels,) each; (entries, labels) -> (levels, labels).

    Args:
        levels: the thresholds, rising.
    """
    labels = y_pred.shape[1:]
    size = math.prod(labels)
    gaps = np.searchsorted(levels.astype(y_pred.dtype), y_pred, side="left")  # how many thresholds are exceeded
    places = (gaps.reshape(-1, size) * size + np.arange(size)).ravel()
    filled = [
        np.bincount(places, (ones * weights).ravel(), (len(levels) + 1) * size).reshape(-1, *labels)
        for ones in (1 - y_true, y_true)
    ]
    for label, answer in map(COUNTS.__getitem__, counts):
        in_gaps = filled[label]
        yield in_gaps[:0:-1].cumsum(axis=0)[::-1] if answer else in_gaps[:-1].cumsum(axis=0)


class ConfusionMetric(Metric):
    """What is made of COUNTS at thresholds. Subclasses say in `result` what."""

    counts: tuple[str, ...] = tuple(COUNTS)  # those that are needed
    class_id: int | None = None  # look at this label only, along the last axis
    _levels: np.ndarray  # the thresholds, rising
    _ranks: np.ndarray  # the place of each threshold among them

    def begin(self, levels: np.ndarray, labels: tuple[int, ...] = ()) -> None:
        """Make the states: the counts at each threshold, and for each label where `labels` says how many."""
        order = np.argsort(levels, kind="stable")
        self._levels, self._ranks = levels[order], np.argsort(order, kind="stable")
        for count in self.counts:
            setattr(self, count, self.add_weight((len(levels), *labels), name=count))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch: labels 0 or 1, and probabilities, (samples, ...); a weight for each sample or each entry."""
        y_true, y_pred, mask = labelled("entries", y_true, y_pred, self.name)
        wrong = (y_true != 0) & (y_true != 1)
        if wrong.any():
            raise ValueError(f"{self.name} expects labels 0 or 1, got {y_true[wrong][0]}. Map the labels to 0 and 1 first.")
        y_true, y_pred, weights = self.chosen(y_true, y_pred, full_weights(sample_weight, y_pred.shape, mask))
        for state, found in zip(self._states, confusion(y_true, y_pred, self._levels, weights, self.counts)):
            state.assign_add(found[self._ranks])

    def chosen(self, *entries: np.ndarray) -> tuple[np.ndarray, ...]:
        """Labels, predictions and weights of the entries that are looked at, as (entries,) or (entries, labels)."""
        if self.class_id is None:
            return tuple(x.ravel() for x in entries)
        shape = entries[0].shape
        if len(shape) < 2 or not -shape[-1] <= self.class_id < shape[-1]:
            raise ValueError(f"{self.name} expects predictions with a label {self.class_id} (class_id), got shape {shape}.")
        return tuple(x[..., self.class_id].ravel() for x in entries)

    def counted(self) -> list[np.ndarray]:
        """The counts so far, in the order of `counts`."""
        return [state.value for state in self._states]


class ThresholdMetric(ConfusionMetric):
    """What is made of COUNTS at the thresholds that were given. Subclasses say in `share` what.

    Shapes: labels and predictions (samples, ...) -> (), or (thresholds,) for several.

    Args:
        thresholds: one or several; a probability above it counts as 1, one equal to it as 0. None: 0.5.
        top_k: only the k largest predictions over the last axis can count as 1. None: all can. With it and without
            thresholds, exactly these do.
        class_id: look at this label only, along the last axis. None: at all of them together.
        name, dtype: see `Metric`.

    Raises:
        ValueError: for thresholds outside [0, 1], top_k < 1, or, in a batch, a class_id that it has no label of, and
            labels other than 0 and 1 (Keras takes all but 0 for 1).

    Source: Fawcett (2006), "An Introduction to ROC Analysis".
    """

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
        **unknown: Any,
    ):
        super().__init__(name, dtype, **unknown)
        check_parameters(type(self).__name__, {} if top_k is None else {"top_k": top_k})
        self.thresholds, self.top_k, self.class_id = thresholds, top_k, class_id
        none = np.array([0.5 if top_k is None else -np.inf])
        self.begin(none if thresholds is None else as_thresholds(type(self).__name__, thresholds))

    def chosen(self, *entries):
        y_true, y_pred, weights = entries
        return super().chosen(y_true, y_pred if self.top_k is None else _only_top(y_pred, self.top_k), weights)

    def result(self) -> Any:
        """What the counts come to so far: a number, or one per threshold if several were given."""
        found = self.share(*self.counted())
        return number(found[0] if len(found) == 1 else found)

    def share(self, *counts: np.ndarray) -> np.ndarray:
        """What the counts come to, threshold by threshold."""
        return counts[0]


@registry.add_class
class TruePositives(ThresholdMetric):
    """How many ones were answered with 1. Args: see `ThresholdMetric`."""

    counts, direction = ("true_positives",), "up"


@registry.add_class
class FalsePositives(ThresholdMetric):
    """How many zeros were answered with 1. Args: see `ThresholdMetric`."""

    counts, direction = ("false_positives",), "down"


@registry.add_class
class TrueNegatives(ThresholdMetric):
    """How many zeros were answered with 0. Args: see `ThresholdMetric`."""

    counts, direction = ("true_negatives",), "up"


@registry.add_class
class FalseNegatives(ThresholdMetric):
    """How many ones were answered with 0. Args: see `ThresholdMetric`."""

    counts, direction = ("false_negatives",), "down"


@registry.add_class
class Precision(ThresholdMetric):
    """Share of the answers 1 that are right: TP / (TP + FP); 0 if there are none. Args: see `ThresholdMetric`.

    >>> Precision()([0, 1, 1, 1], [0.9, 0.2, 0.8, 0.6])
    0.6666666666666666
    """

    counts, direction = ("true_positives", "false_positives"), "up"

    def share(self, *counts):
        """TP / (TP + FP)."""
        right, wrong = counts
        return share(right, right + wrong)


@registry.add_class
class Recall(ThresholdMetric):
    """Share of the ones that are found: TP / (TP + FN); 0 if there are none. Args: see `ThresholdMetric`."""

    counts, direction = ("true_positives", "false_negatives"), "up"

    def share(self, *counts):
        """TP / (TP + FN)."""
        found, missed = counts
        return share(found, found + missed)


def as_thresholds(owner: str, thresholds: Any) -> np.ndarray:
    """One or several thresholds as an array of one axis.

    Raises:
        ValueError: for none, or one outside [0, 1].
    """
    levels = np.atleast_1d(np.asarray(thresholds, float))
    if levels.ndim != 1 or not levels.size or not ((levels >= 0) & (levels <= 1)).all():
        raise ValueError(f"{owner} expects thresholds in [0, 1], got {thresholds!r}.")
    return levels


def _only_top(y_pred: np.ndarray, k: int) -> np.ndarray:
    """Predictions that are -inf but for the k largest over the last axis; of equals the first."""
    top = np.argsort(-y_pred, axis=-1, kind="stable")[..., :k]
    out = np.full(y_pred.shape, -np.inf, y_pred.dtype)
    np.put_along_axis(out, top, np.take_along_axis(y_pred, top, axis=-1), axis=-1)
    return out
