"""Lengths of vectors and sizes of matrices, under the numbers and names that NumPy gives them."""

from __future__ import annotations

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from .declare import op
from .decompositions import svdvals
from .elementwise import absolute, sign, where
from .rearrange import moveaxis, own
from .reduce import _direction, _restored, count_nonzero, max, min, sum
from .shape import expand_dims, reshape


@op(
    x=lambda g, x, out, axis, keepdims: (
        _restored(g, x.shape, axis, keepdims) * _direction(x, _restored(out, x.shape, axis, keepdims))
    )
)
def euclidean_norm(x, /, axis=None, keepdims=False):
    """Square root of the sum of squares along `axis`. The gradient at 0 is 0."""
    return np.sqrt(np.sum(np.square(x), axis=axis, keepdims=keepdims))


@op(
    x=lambda g, x, out, ord, axis, keepdims: _restored(g, x.shape, axis, keepdims) * _power_direction(x, out, ord, axis, keepdims)
)
def power_norm(x, /, ord, axis=None, keepdims=False):
    """(Σ |x|^ord)^(1/ord) along `axis`. The gradient at 0 is 0."""
    return np.sum(np.abs(x) ** ord, axis=axis, keepdims=keepdims) ** (1 / ord)


def _power_direction(x, out, ord, axis, keepdims):
    share = absolute(_direction(x, _restored(out, x.shape, axis, keepdims)))
    return where(share == 0, 0, sign(x) * where(share == 0, 1, share) ** (ord - 1))


def vector_norm(x, axis=None, keepdims=False, ord=2):
    """Length of vectors along `axis`, over all numbers if None: `ord` as for `norm`. (The order of arguments is the array API's.)"""
    known = {0: count_nonzero, 1: sum, np.inf: max, -np.inf: min}
    if ord == 2:
        return euclidean_norm(x, axis=axis, keepdims=keepdims)
    if ord in known:
        return known[ord](absolute(x), axis=axis, keepdims=keepdims)
    if not isinstance(ord, (int, float)):
        raise ValueError(f"norm expects a number for ord of vectors, got {ord!r}. Pass two axes for norms of matrices.")
    return power_norm(x, ord=ord, axis=axis, keepdims=keepdims)


def matrix_norm(x, keepdims=False, ord="fro"):
    """Size of the matrices in the last two axes: `ord` as for `norm`. (The order of arguments is the array API's.)"""
    x = own(x)
    if ord == "fro":
        return euclidean_norm(x, axis=(-2, -1), keepdims=keepdims)
    if ord in (1, -1, np.inf, -np.inf):
        lengths = sum(absolute(x), axis=-2 if abs(ord) == 1 else -1)
        found = (max if ord > 0 else min)(lengths, axis=-1)
    elif ord in (2, -2, "nuc"):
        found = {2: max, -2: min, "nuc": sum}[ord](svdvals(x), axis=-1)
    else:
        raise ValueError(f"norm expects ord 'fro', 'nuc', 1, -1, 2, -2, inf or -inf of matrices, got {ord!r}.")
    return expand_dims(found, (-2, -1)) if keepdims else found


def norm(x, ord=None, axis=None, keepdims=False):
    """Length of vectors (one axis) or size of matrices (two); Euclidean over all numbers if neither ord nor axis is given.

    Args:
        ord: of vectors a number p for (Σ |x|^p)^(1/p), inf or -inf for the largest or smallest |x|, 0 for how many are not 0.
            Of matrices "fro" for the root of the sum of squares, "nuc" for the sum of singular values, 2 or -2 for the
            largest or smallest of them, 1, -1, inf, -inf for the largest or smallest sum of |x| of a column or row.
        axis: an int or a pair; None takes all axes of a vector or of a matrix.
    """
    x = own(x)
    if ord is None:
        return euclidean_norm(x, axis=axis, keepdims=keepdims)
    axes = tuple(range(len(x.shape))) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if len(axes) == 1:
        return vector_norm(x, axes[0], keepdims, ord)
    if len(axes) != 2:
        raise ValueError(
            f"norm expects one axis or two for ord={ord!r} of an array of shape {x.shape}, got {axis}. Pass axis, or ravel x."
        )
    found = matrix_norm(moveaxis(x, axes, (-2, -1)), ord=ord)
    gone = normalize_axis_tuple(axes, len(x.shape))
    return reshape(found, tuple(1 if i in gone else n for i, n in enumerate(x.shape))) if keepdims else found
