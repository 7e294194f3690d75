"""Losses of numbers: how far predictions are from what they should be."""

from __future__ import annotations

import math

from .. import ops
from ..config import epsilon
from .formula import formula
from .loss import FormulaLoss


@formula()
def mean_squared_error(y_true, y_pred):
    """Mean of (y_pred - y_true)² over the last axis.

    Its gradient grows with the error, so that a far outlier outweighs many small errors.

    Shapes: (..., n), (..., n) -> (...).

    Source: Legendre (1805), the method of least squares.

        >>> mean_squared_error([[0.0, 2.0]], [[1.0, 5.0]])
        array([5.])
    """
    return ops.mean(ops.square(y_pred - y_true), axis=-1)


class MeanSquaredError(FormulaLoss, of=mean_squared_error, also=("mse",)): ...


@formula()
def mean_absolute_error(y_true, y_pred):
    """Mean of |y_pred - y_true| over the last axis.

    Its gradient is a sign: an outlier pulls no harder than any other sample. Where an error is 0 so is the gradient.

    Shapes: (..., n), (..., n) -> (...).

    Source: Boscovich (1757), half a century before squares.

        >>> mean_absolute_error([[0.0, 2.0]], [[1.0, 5.0]])
        array([2.])
    """
    return ops.mean(ops.absolute(y_pred - y_true), axis=-1)


class MeanAbsoluteError(FormulaLoss, of=mean_absolute_error, also=("mae",)): ...


@formula()
def mean_absolute_percentage_error(y_true, y_pred):
    """100 times the mean of |y_pred - y_true| / |y_true| over the last axis: a share of the label, in percent.

    A label nearer to 0 than ε = `backend.epsilon()` is divided by ε.

    Shapes: (..., n), (..., n) -> (...).

    Source: Hyndman & Koehler (2006), "Another Look at Measures of Forecast Accuracy", also for its flaws.

        >>> mean_absolute_percentage_error([[10.0, -4.0]], [[11.0, -5.0]])
        array([17.5])
    """
    return 100 * ops.mean(ops.absolute((y_pred - y_true) / ops.maximum(ops.absolute(y_true), epsilon())), axis=-1)


class MeanAbsolutePercentageError(FormulaLoss, of=mean_absolute_percentage_error, also=("mape",)): ...


@formula()
def mean_squared_logarithmic_error(y_true, y_pred):
    """Mean of (log(1 + y_pred) - log(1 + y_true))² over the last axis: counts ratios, not differences.

    Numbers below ε = `backend.epsilon()` are taken for ε, and get no gradient.

    Shapes: (..., n), (..., n) -> (...).
    """
    distance = ops.log1p(ops.maximum(y_pred, epsilon())) - ops.log1p(ops.maximum(y_true, epsilon()))
    return ops.mean(ops.square(distance), axis=-1)


class MeanSquaredLogarithmicError(FormulaLoss, of=mean_squared_logarithmic_error, also=("msle",)): ...


@formula()
def huber(y_true, y_pred, delta=1.0):
    """Half the squared error up to delta, a line from there on: mean over the last axis of e²/2, or delta (|e| - delta/2).

    Shapes: (..., n), (..., n) -> (...).

    Args:
        delta: the error at which the parabola goes over into its tangent.

    Raises:
        ValueError: for delta <= 0.

    Source: Huber (1964), "Robust Estimation of a Location Parameter".

        >>> huber([[0.0], [0.0]], [[0.5], [3.0]])
        array([0.125, 2.5  ])
    """
    error = ops.absolute(y_pred - y_true)
    return ops.mean(ops.where(error <= delta, ops.square(error) / 2, delta * (error - delta / 2)), axis=-1)


class Huber(FormulaLoss, of=huber, name="huber_loss", also=("huber_loss",)): ...


@formula()
def log_cosh(y_true, y_pred):
    """Mean of log(cosh(y_pred - y_true)) over the last axis: near e²/2 for small errors, |e| - log 2 for large ones.

    Computed as e + softplus(-2e) - log 2, which does not overflow.

    Shapes: (..., n), (..., n) -> (...).

    Source: Saleh & Saleh (2022), "Statistical Properties of the log-cosh Loss Function Used in Machine Learning".
    """
    error = y_pred - y_true
    return ops.mean(error + ops.softplus(-2 * error) - math.log(2), axis=-1)


class LogCosh(FormulaLoss, of=log_cosh, also=("logcosh",)): ...


@formula("rows")
def cosine_similarity(y_true, y_pred, axis=-1):
    """Minus the cosine of the angle between labels and predictions: -1 where they point the same way, 0 at right angles.

    A vector of length 0 has no direction: the loss is 0 there. The metric of this name is the cosine itself.

    Shapes: (..., n), (..., n) -> (...).

    Args:
        axis: along which the vectors lie.

    Source: Salton & McGill (1983), "Introduction to Modern Information Retrieval".

        >>> cosine_similarity([[0.0, 1.0], [1.0, 1.0]], [[1.0, 0.0], [2.0, 2.0]]).round(6) + 0.0
        array([ 0., -1.])
    """
    return -ops.sum(_direction(y_true, axis) * _direction(y_pred, axis), axis=axis)


class CosineSimilarity(FormulaLoss, of=cosine_similarity, also=("cosine_proximity",)): ...


def _direction(x, axis):
    return x / ops.maximum(ops.euclidean_norm(x, axis=axis, keepdims=True), epsilon())
