"""How much of what varies is explained."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..losses.formula import formula
from ..losses.labels import one_sample_each, plain
from ..losses.reduction import full_weights
from .mean import FormulaMetric, registry
from .metric import Metric, State, labelled, number, share

AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


@registry.add_class
class R2Score(Metric):
    """1 - Σ (y - p)² / Σ (y - mean of y)²: the share of the labels' variance that predictions explain.

    1 is perfect, 0 is no better than always predicting the mean. Where the labels do not vary it is 1 if all predictions
    are right, else 0, as in scikit-learn (Keras: nan, or 0).

    Shapes: labels and predictions (samples, outputs), or (samples,).

    Args:
        class_aggregation: "uniform_average" is the mean over outputs, "variance_weighted_average" weighs them by the
            variance of their labels, None gives a number per output.
        num_regressors: of the model, for the adjusted score 1 - (1 - R²) (n - 1) / (n - regressors - 1). 0: not adjusted.
        name, dtype: see `Metric`.

    Raises:
        ValueError: for an unknown aggregation, num_regressors < 0, or predictions of more than two axes.

    Source: Chan, Golub & LeVeque (1983), "Algorithms for Computing the Sample Variance", eq. 2.1, for the running variance.

        >>> round(R2Score()([1.0, 2.0, 4.0], [1.0, 2.5, 3.5]), 4)
        0.8929
    """

    direction = "up"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = None,
        dtype: Any = None,
        **unknown: Any,
    ):
        super().__init__(name, dtype, **unknown)
        if class_aggregation not in AGGREGATIONS:
            raise ValueError(f"R2Score expects a class_aggregation out of {list(AGGREGATIONS)}, got {class_aggregation!r}.")
        if num_regressors < 0:
            raise ValueError(f"R2Score expects num_regressors >= 0, got {num_regressors}.")
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        self.samples, self.weight = self.add_weight(name="samples"), self.add_weight(name="weight")
        self._sums: list[State] = []

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch, with a weight for each sample."""
        y_true, y_pred, mask = labelled("entries", y_true, y_pred, self.name)
        if y_pred.ndim == 1:
            y_true, y_pred = one_sample_each(y_true), one_sample_each(y_pred)
        if y_pred.ndim != 2:
            raise ValueError(f"R2Score expects predictions (samples, outputs), got shape {y_pred.shape}. Reshape them first.")
        if not self._sums:
            self._sums = [self.add_weight(y_pred.shape[-1:], name=name) for name in ("mean", "spread", "residual")]
        weights = full_weights(sample_weight, y_pred.shape[:1], mask)
        self._join(y_true.astype(float), y_pred.astype(float), weights[:, None])
        self.samples.assign_add(len(y_true) if mask is None else np.count_nonzero(plain(mask)))

    def _join(self, y_true: np.ndarray, y_pred: np.ndarray, weights: np.ndarray) -> None:
        """Add a batch to the mean and to the squared distances from it, without the difference of two large sums."""
        mean, spread, residual = self._sums
        before, here = self.weight.value, np.sum(weights)
        centre = share(np.sum(weights * y_true, axis=0), here)
        apart, part = centre - mean.value, share(here, before + here)
        mean.assign_add(apart * part)
        spread.assign_add(np.sum(weights * (y_true - centre) ** 2, axis=0) + apart**2 * before * part)
        residual.assign_add(np.sum(weights * (y_true - y_pred) ** 2, axis=0))
        self.weight.assign_add(here)

    def result(self) -> Any:
        """The score so far: a number, or one per output if nothing is averaged; 0 before anything was counted."""
        if not self.weight:
            return 0.0
        _, spread, residual = (state.value for state in self._sums)
        constant = np.where(residual == 0, 1.0, 0.0)
        scores = np.where(spread == 0, constant, 1 - residual / np.where(spread == 0, 1, spread))
        if self.class_aggregation is not None:
            weighted = self.class_aggregation == "variance_weighted_average" and spread.any()
            scores = np.average(scores, weights=spread if weighted else None)
        return number(self._adjusted(scores))

    def _adjusted(self, scores: Any) -> Any:
        free = float(self.samples) - self.num_regressors - 1
        if not self.num_regressors or free <= 0:
            return scores
        return 1 - (1 - scores) * (float(self.samples) - 1) / free


@formula("rows", arrays=True)
def pearson_correlation(y_true, y_pred, axis=-1):
    """Cosine of the angle between labels and predictions, each less its mean: 1 where one is a rising line of the other.

    0 where either does not vary.

    Shapes: (..., n), (..., n) -> (...).

    Args:
        axis: along which is compared.

    Source: Pearson (1895). Keras adds ε to the deviations, so that even a line gives a little less than 1.
    """
    y_true, y_pred = _centred(y_true, axis), _centred(y_pred, axis)
    sizes = np.sum(y_true**2, axis=axis) * np.sum(y_pred**2, axis=axis)
    return share(np.sum(y_true * y_pred, axis=axis), np.sqrt(sizes))


class PearsonCorrelation(FormulaMetric, of=pearson_correlation, direction="up"): ...


@formula("rows", arrays=True)
def concordance_correlation(y_true, y_pred, axis=-1):
    """2 cov(y, p) / (var y + var p + (mean y - mean p)²): 1 only where labels and predictions are the same.

    Shapes: (..., n), (..., n) -> (...).

    Args:
        axis: along which is compared.

    Source: Lin (1989), "A Concordance Correlation Coefficient to Evaluate Reproducibility".
    """
    together = 2 * np.mean(_centred(y_true, axis) * _centred(y_pred, axis), axis=axis)
    apart = (np.mean(y_true, axis=axis) - np.mean(y_pred, axis=axis)) ** 2
    return share(together, np.var(y_true, axis=axis) + np.var(y_pred, axis=axis) + apart)


class ConcordanceCorrelation(FormulaMetric, of=concordance_correlation, direction="up"): ...


def _centred(x, axis):
    return x - np.mean(x, axis=axis, keepdims=True)
