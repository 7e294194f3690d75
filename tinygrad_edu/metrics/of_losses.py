"""Losses as metrics: the mean of their number per sample over all samples of an epoch."""

from __future__ import annotations

import math

from .. import losses
from ..losses.formula import formula
from ..losses.probability import without_class
from .mean import FormulaMetric


class MeanSquaredError(FormulaMetric, of=losses.mean_squared_error, also=("mse",)): ...


class MeanAbsoluteError(FormulaMetric, of=losses.mean_absolute_error, also=("mae",)): ...


class MeanAbsolutePercentageError(FormulaMetric, of=losses.mean_absolute_percentage_error, also=("mape",)): ...


class MeanSquaredLogarithmicError(FormulaMetric, of=losses.mean_squared_logarithmic_error, also=("msle",)): ...


class LogCoshError(FormulaMetric, of=losses.log_cosh, name="logcosh", also=("log_cosh", "logcosh")): ...


class RootMeanSquaredError(FormulaMetric, of=losses.mean_squared_error, name="root_mean_squared_error", also=("rmse",)):
    """The root of the mean of (y_pred - y_true)² over all samples: an error in the unit of the labels.

    It is the root of the epoch's mean, not a mean of the batches' roots.

    Shapes: (..., n), (..., n) -> ().
    """

    def result(self):
        """The root of the mean so far."""
        return math.sqrt(super().result())


@formula("rows", arrays=True)
def cosine_similarity(y_true, y_pred, axis=-1):
    """Cosine of the angle between labels and predictions: 1 where they point the same way; 0 for a vector of length 0.

    The loss of this name is minus that.

    Shapes: (..., n), (..., n) -> (...).

    Args:
        axis: along which the vectors lie.

    Source: Salton & McGill (1983), "Introduction to Modern Information Retrieval".
    """
    return -losses.cosine_similarity(y_true, y_pred, axis)


class CosineSimilarity(FormulaMetric, of=cosine_similarity, also=("cosine_proximity",), direction="up"): ...


class BinaryCrossentropy(FormulaMetric, of=losses.binary_crossentropy, also=("bce",)): ...


class CategoricalCrossentropy(FormulaMetric, of=losses.categorical_crossentropy, also=("cce",)): ...


class SparseCategoricalCrossentropy(FormulaMetric, of=losses.sparse_categorical_crossentropy, also=("scce",)):
    ignore_class: int | None

    def mask_of(self, y_true, mask):
        """Samples of the class to be ignored do not count."""
        return without_class(y_true, self.ignore_class, mask)


class KLDivergence(FormulaMetric, of=losses.kl_divergence, also=("kld", "kullback_leibler_divergence")): ...


class Poisson(FormulaMetric, of=losses.poisson): ...


class Hinge(FormulaMetric, of=losses.hinge): ...


class SquaredHinge(FormulaMetric, of=losses.squared_hinge): ...


class CategoricalHinge(FormulaMetric, of=losses.categorical_hinge): ...
