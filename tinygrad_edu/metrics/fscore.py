"""Precision and recall in one number, class by class."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..losses.reduction import full_weights
from .mean import registry
from .metric import Metric, State, labelled, number, share

AVERAGES = (None, "micro", "macro", "weighted")


@registry.add_class
class FBetaScore(Metric):
    """(1 + β²) TP / ((1 + β²) TP + β² FN + FP), for each class: the weighted harmonic mean of precision and recall.

    Shapes: labels 0 or 1 and predictions (samples, classes).

    Args:
        average: None gives a number per class; "macro" their mean, "weighted" with the number of true samples as weights;
            "micro" counts all classes together.
        beta: how many times as much recall weighs as precision; whole numbers will do (Keras asks for a float).
        threshold: a prediction above it counts as 1. None: the largest of each sample does, of equals the first.
        name, dtype: see `Metric`.

    Raises:
        ValueError: for an unknown average, beta <= 0, or a threshold outside [0, 1].

    Source: van Rijsbergen (1979), "Information Retrieval", chapter 7.

        >>> round(FBetaScore("macro", beta=2)([[1, 0], [0, 1], [1, 0]], [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]]), 4)
        0.6944
    """

    direction = "up"
    default_name = "fbeta_score"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = None,
        dtype: Any = None,
        **unknown: Any,
    ):
        super().__init__(name, dtype, **unknown)
        if average not in AVERAGES:
            raise ValueError(f"{type(self).__name__} expects an average out of {list(AVERAGES)}, got {average!r}.")
        if not beta > 0:
            raise ValueError(f"{type(self).__name__} expects beta > 0, got {beta!r}.")
        if threshold is not None and not 0 <= threshold <= 1:
            raise ValueError(f"{type(self).__name__} expects a threshold in [0, 1], got {threshold!r}.")
        self.average, self.beta, self.threshold = average, float(beta), threshold
        self._counts: list[State] = []

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch, (samples, classes); a weight for each sample."""
        y_true, y_pred, mask = labelled("rows", y_true, y_pred, self.name)
        if y_pred.ndim != 2:
            raise ValueError(f"{self.name} expects predictions (samples, classes), got shape {y_pred.shape}.")
        weights = full_weights(sample_weight, y_pred.shape, mask)
        if not self._counts:
            names = "true_positives", "false_positives", "false_negatives"
            self._counts = [self.add_weight(y_pred.shape[-1:], name=name) for name in names]
        answers = _largest(y_pred) if self.threshold is None else y_pred > self.threshold
        for state, hits in zip(self._counts, (y_true * answers, (1 - y_true) * answers, y_true * ~answers)):
            state.assign_add(np.sum(hits * weights, axis=0))

    def result(self) -> Any:
        """The score so far: a number, or one per class if nothing is averaged; 0 before anything was counted."""
        if not self._counts:
            return 0.0
        tp, fp, fn = (np.sum(state.value) if self.average == "micro" else state.value for state in self._counts)
        squared = self.beta**2
        scores = share((1 + squared) * tp, (1 + squared) * tp + squared * fn + fp)
        if self.average == "weighted":
            return share(np.sum(scores * (tp + fn)), np.sum(tp + fn))
        return number(np.mean(scores) if self.average == "macro" else scores)


@registry.add_class
class F1Score(FBetaScore):
    """2 TP / (2 TP + FN + FP), for each class: the harmonic mean of precision and recall.

    Args:
        average, threshold, name, dtype: see `FBetaScore`.
    """

    default_name = "f1_score"

    def __init__(self, average: str | None = None, threshold: float | None = None, name: str | None = None, dtype: Any = None):
        super().__init__(average, 1.0, threshold, name, dtype)


def _largest(y_pred: np.ndarray) -> np.ndarray:
    """True at the largest of each row."""
    return np.arange(y_pred.shape[-1]) == y_pred.argmax(axis=-1)[:, None]
