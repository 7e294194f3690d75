"""Penalties on the size of weights, which a layer adds to the loss: small weights make smooth functions.

A regularizer is any function from a Tensor to a Tensor of one number, recorded as every computation is:

    >>> import numpy as np
    >>> from tinygrad_edu import Tensor
    >>> kernel = Tensor([[1.0, -2.0], [0.0, 3.0]])
    >>> penalty = get("l2")(kernel)
    >>> penalty.backward()
    >>> print(penalty, kernel.grad.tolist())
    0.14 [[0.02, -0.04], [0.0, 0.06]]

It counts once a step, not once a sample, and stands in the reported loss, in that of validation too.
"""

from __future__ import annotations

from typing import Any

from . import ops
from .arguments import number
from .compat import spelled
from .config import epsilon
from .registry import Configurable, Registry

_registry = Registry("regularizer", none=lambda: None)
serialize, deserialize = _registry.serialize, _registry.deserialize


def get(identifier: Any) -> Any:
    """The regularizer of a name ("l2"), a class, a config, or any callable; None is None.

    Raises:
        ValueError: for an unknown name; it lists the near ones.
        TypeError: for what is neither a name nor callable.
    """
    return _registry.get(identifier)


class Regularizer(Configurable):
    """A penalty on a weight. A subclass says in `__call__(x)` which, and keeps its arguments as attributes."""

    def __call__(self, x: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} expects a method __call__(x).")


@_registry.add_class
class L1(Regularizer):
    """l1 · Σ |w|: every weight is drawn towards 0 with the same force, so that many end there.

    The gradient at 0 is 0.

    Args:
        l1: a number >= 0; legacy spelling `l`.

    Raises:
        TypeError: for what is no number.
        ValueError: for a negative or infinite l1, or nan.

    Source: Tibshirani (1996), the lasso.
    """

    @spelled("l1")
    def __init__(self, l1: float = 0.01):
        self.l1 = _strength("L1", "l1", l1)

    def __call__(self, x):
        return self.l1 * ops.sum(ops.absolute(x))


@_registry.add_class
class L2(Regularizer):
    """l2 · Σ w², without a factor 1/2: every weight is drawn towards 0 in proportion to its size.

    Args:
        l2: a number >= 0; legacy spelling `l`.

    Raises:
        TypeError: for what is no number.
        ValueError: for a negative or infinite l2, or nan.

    Source: Hoerl & Kennard (1970), ridge regression; Krogh & Hertz (1992) for networks.
    """

    @spelled("l2")
    def __init__(self, l2: float = 0.01):
        self.l2 = _strength("L2", "l2", l2)

    def __call__(self, x):
        return self.l2 * ops.sum(ops.square(x))


class L1L2(Regularizer):
    """l1 · Σ |w| + l2 · Σ w².

    Args:
        l1, l2: numbers >= 0. The class has the defaults 0, as in Keras 3, the function `l1_l2` has 0.01, as in Keras 2.

    Raises:
        ValueError: for a negative or infinite number, or nan.

    Source: Zou & Hastie (2005), the elastic net.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0):
        self.l1, self.l2 = _strength("L1L2", "l1", l1), _strength("L1L2", "l2", l2)

    def __call__(self, x):
        return self.l1 * ops.sum(ops.absolute(x)) + self.l2 * ops.sum(ops.square(x))


@_registry.add_class
class OrthogonalRegularizer(Regularizer):
    """factor · mean |cos| over all pairs of rows, or of columns, of a matrix: they are driven to right angles.

    A row of zeros has the cosine 0 with every other, and a matrix of one row has no pairs and the penalty 0.

    Args:
        factor: a number >= 0.
        mode: "rows" or "columns".

    Raises:
        ValueError: for other modes, a negative or infinite factor, and weights that are no matrix.

    Source: Brock et al. (2017), in spirit; the mean over pairs is Keras'.
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows"):
        if mode not in ("rows", "columns"):
            raise ValueError(f"OrthogonalRegularizer expects the mode 'rows' or 'columns', got {mode!r}.")
        self.factor, self.mode = _strength("OrthogonalRegularizer", "factor", factor), mode

    def __call__(self, x):
        if len(x.shape) != 2:
            raise ValueError(f"OrthogonalRegularizer expects a matrix, got shape {tuple(x.shape)}. Reshape the weight first.")
        rows = x if self.mode == "rows" else ops.matrix_transpose(x)
        rows = rows / ops.maximum(ops.euclidean_norm(rows, axis=1, keepdims=True), epsilon())
        n = rows.shape[0]
        cosines = ops.absolute(ops.triu(rows @ ops.matrix_transpose(rows), 1))
        return self.factor / max(n * (n - 1) // 2, 1) * ops.sum(cosines)


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """The regularizer L1L2 with the defaults of Keras 2: l1 · Σ |w| + l2 · Σ w²."""
    return L1L2(l1, l2)


l1, l2, orthogonal_regularizer = L1, L2, OrthogonalRegularizer
_registry.add(l1_l2, "l1_l2")
_registry.add(L1L2, "L1L2")


def _strength(owner: str, name: str, value: Any) -> float:
    """`value` as a float; a penalty below 0 would reward weights for growing without end."""
    return number(owner, name, value, hint="Try 0.01.")
