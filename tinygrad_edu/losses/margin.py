"""Losses with a margin: an answer has to be right by at least 1; better than that is as good."""

from __future__ import annotations

from .. import ops
from .formula import formula
from .loss import FormulaLoss


@formula()
def hinge(y_true, y_pred):
    """Mean of max(1 - y_true · y_pred, 0) over the last axis, for labels -1 and 1.

    Labels that are all 0 or 1 are taken for -1 and 1.

    Shapes: (..., n), (..., n) -> (...).

    Source: Cortes & Vapnik (1995), "Support-Vector Networks".

        >>> hinge([[1.0], [-1.0], [1.0]], [[2.0], [-0.5], [-1.0]])
        array([0. , 0.5, 2. ])
    """
    return ops.mean(_shortfall(y_true, y_pred), axis=-1)


class Hinge(FormulaLoss, of=hinge): ...


@formula()
def squared_hinge(y_true, y_pred):
    """Mean of max(1 - y_true · y_pred, 0)² over the last axis, for labels -1 and 1; 0 and 1 are taken for them.

    Shapes: (..., n), (..., n) -> (...).

    Source: Tang (2013), "Deep Learning using Linear Support Vector Machines".
    """
    return ops.mean(ops.square(_shortfall(y_true, y_pred)), axis=-1)


class SquaredHinge(FormulaLoss, of=squared_hinge): ...


@formula("one_hot")
def categorical_hinge(y_true, y_pred):
    """max(0, 1 + the best score of a wrong class - the score of the right one), for labels of 0 and a single 1.

    A wrong class never scores below 0: max over (1 - y_true) · y_pred, whose entry at the right class is 0, as in Keras.

    Shapes: (..., classes), (..., classes) -> (...).

    Source: Crammer & Singer (2001), "On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines".

        >>> categorical_hinge([[0, 1, 0]], [[0.5, 1.2, 0.1]]).round(6)
        array([0.3])
    """
    wrong = ops.max((1 - y_true) * y_pred, axis=-1)
    return ops.relu(wrong - ops.sum(y_true * y_pred, axis=-1) + 1)


class CategoricalHinge(FormulaLoss, of=categorical_hinge): ...


def _shortfall(y_true, y_pred):
    """How much each answer lacks to be right by 1."""
    are_shares = ops.all(ops.logical_or(ops.equal(y_true, 0), ops.equal(y_true, 1)))
    return ops.relu(1 - ops.where(are_shares, 2 * y_true - 1, y_true) * y_pred)
