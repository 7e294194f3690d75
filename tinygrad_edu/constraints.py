"""Projections of weights, applied after each step of the optimizer: they hold a weight where it may be.

A constraint is any function from a weight to the weight that it becomes; it is not recorded, and takes no part in the
loss. What a weight begins with is not projected before the first step, and a frozen weight never is.

    >>> import numpy as np
    >>> kernel = np.array([[3.0, 0.3], [4.0, 0.4]])
    >>> print(MaxNorm(1.0)(kernel).round(3))
    [[0.6 0.3]
     [0.8 0.4]]

A norm is taken along `axis`: 0 for a Dense kernel (inputs, units), so that each unit has the norm of its incoming
weights; [0, 1, 2] for a convolution's (rows, columns, channels in, filters).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import ops
from .arguments import number
from .compat import spelled
from .config import epsilon
from .modes import mode
from .registry import Configurable, Registry

_registry = Registry("constraint", none=lambda: None)
serialize, deserialize = _registry.serialize, _registry.deserialize
unrecorded = mode(recording=False)


def get(identifier: Any) -> Any:
    """The constraint of a name ("max_norm"), a class, a config, or any callable; None is None.

    Raises:
        ValueError: for an unknown name; it lists the near ones.
        TypeError: for what is neither a name nor callable.
    """
    return _registry.get(identifier)


class Constraint(Configurable):
    """A projection of a weight, an array or a Tensor, to one of the same shape and dtype.

    A subclass says in `__call__(w)` which, and keeps its arguments as attributes. This one leaves w as it is.
    """

    def __call__(self, w: Any) -> Any:
        return w


class MaxNorm(Constraint):
    """w · min(n, max_value) / (n + ε), n being the norm of w along `axis`: no longer than max_value.

    Zeros stay zeros; ε is `backend.epsilon()`, as in Keras.

    Args:
        max_value: a number >= 0; legacy spelling `m`.
        axis: along which the norm is taken, one number or several; None means over all of w.

    Raises:
        ValueError: for a negative max_value.

    Source: Srebro & Shraibman (2005); Srivastava et al. (2014), section 5.1.
    """

    @spelled("max_norm")
    def __init__(self, max_value: float = 2, axis: int | Sequence[int] | None = 0):
        self.max_value, self.axis = _length("MaxNorm", "max_value", max_value), _axes("MaxNorm", axis)

    @unrecorded
    def __call__(self, w):
        n = _norm(w, self.axis)
        return w * (ops.minimum(n, self.max_value) / (n + epsilon()))


class NonNeg(Constraint):
    """max(w, 0): no weight is negative."""

    @unrecorded
    def __call__(self, w):
        return ops.relu(w)


class UnitNorm(Constraint):
    """w / (n + ε), n being the norm of w along `axis`: of length 1. Zeros stay zeros.

    Args:
        axis: along which the norm is taken, one number or several; None means over all of w.
    """

    def __init__(self, axis: int | Sequence[int] | None = 0):
        self.axis = _axes("UnitNorm", axis)

    @unrecorded
    def __call__(self, w):
        return w / (_norm(w, self.axis) + epsilon())


class MinMaxNorm(Constraint):
    """w · (rate · clip(n, min_value, max_value) + (1 - rate) · n) / (n + ε), n being the norm of w along `axis`.

    Args:
        min_value, max_value: bounds of the norm, 0 <= min_value <= max_value.
        rate: how far it is moved to its bound at each step, from 0 (not at all) to 1 (onto it).
        axis: along which the norm is taken, one number or several; None means over all of w.

    Raises:
        ValueError: for bounds or a rate that are not as above.
    """

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: int | Sequence[int] | None = 0
    ):
        self.min_value = _length("MinMaxNorm", "min_value", min_value)
        self.max_value = _length("MinMaxNorm", "max_value", max_value)
        self.rate, self.axis = number("MinMaxNorm", "rate", rate, high=1), _axes("MinMaxNorm", axis)
        if self.min_value > self.max_value:
            raise ValueError(f"MinMaxNorm expects min_value <= max_value, got {min_value} > {max_value}.")

    @unrecorded
    def __call__(self, w):
        n = _norm(w, self.axis)
        wanted = self.rate * ops.clip(n, self.min_value, self.max_value) + (1 - self.rate) * n
        return w / (n + epsilon()) * wanted  # in this order: wanted / ε is too large for float16


max_norm, non_neg, unit_norm, min_max_norm = MaxNorm, NonNeg, UnitNorm, MinMaxNorm
for _cls, _legacy in ((MaxNorm, "maxnorm"), (NonNeg, "nonneg"), (UnitNorm, "unitnorm"), (MinMaxNorm, "minmaxnorm")):
    _registry.add_class(_cls, _legacy)
    globals()[_legacy] = _cls


def _norm(w, axis):
    return ops.euclidean_norm(w, axis=axis, keepdims=True)


def _axes(owner: str, axis: Any) -> int | tuple[int, ...] | None:
    """An axis, or several, as plain numbers."""
    try:
        if axis is None or np.ndim(axis) == 0:
            return axis if axis is None else operator.index(axis)
        return tuple(map(operator.index, axis))
    except TypeError:
        raise TypeError(f"{owner} expects axis to be a whole number, several of them, or None, got {axis!r}.") from None


def _length(owner: str, name: str, value: Any) -> float:
    """`value` as a float >= 0; infinity is no bound."""
    return math.inf if value == math.inf else number(owner, name, value)
