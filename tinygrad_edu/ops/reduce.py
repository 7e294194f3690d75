"""Ops that sum up along axes. `axis` is an int, a tuple, or None for all axes, as in NumPy."""

from __future__ import annotations

import numpy as np

from .declare import op
from .elementwise import where
from .shape import broadcast_to


def _spread(g, shape, axis, keepdims):
    """`g` of a reduced output, repeated along the axes that the reduction took away."""
    return broadcast_to(_restored(g, shape, axis, keepdims), shape)


def _restored(x, shape, axis, keepdims):
    """A reduced array with the axes that the reduction took away put back at length 1."""
    if keepdims or not shape:
        return x
    axes = range(len(shape)) if axis is None else {a % len(shape) for a in (axis if isinstance(axis, tuple) else (axis,))}
    return x.reshape(tuple(1 if i in axes else n for i, n in enumerate(shape)))


def _count(shape, axis) -> int:
    """How many numbers each entry of a reduction summed up."""
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return int(np.prod([shape[a] for a in axes]))


@op(x=lambda g, x_shape, axis, keepdims: _spread(g, x_shape, axis, keepdims))
def sum(x, /, axis=None, keepdims=False):
    """Sum along `axis`."""
    return np.add.reduce(x, axis=axis, keepdims=keepdims)


@op(x=lambda g, x_shape, axis, keepdims: _spread(g, x_shape, axis, keepdims) / _count(x_shape, axis))
def mean(x, /, axis=None, keepdims=False):
    """Arithmetic mean along `axis`; nan over nothing."""
    return np.mean(x, axis=axis, keepdims=keepdims)


@op(x=lambda g, x, out, axis, keepdims: _to_extremes(g, x, out, axis, keepdims))
def max(x, /, axis=None, keepdims=False):
    """Largest value along `axis`. Ties share the gradient evenly."""
    return np.max(x, axis=axis, keepdims=keepdims)


@op(x=lambda g, x, out, axis, keepdims: _to_extremes(g, x, out, axis, keepdims))
def min(x, /, axis=None, keepdims=False):
    """Smallest value along `axis`. Ties share the gradient evenly."""
    return np.min(x, axis=axis, keepdims=keepdims)


def _to_extremes(g, x, out, axis, keepdims):
    """The gradient of max or min: split evenly among the elements that equal the result."""
    shape = x.shape
    extreme = _restored(out, shape, axis, keepdims)
    hits = where(extreme == extreme, x == extreme, x != x).astype(g.dtype)  # nan goes to nan
    shares = hits / hits.sum(axis=axis, keepdims=True)
    return _restored(g, shape, axis, keepdims) * shares


@op()
def argmax(x, /, axis=None, keepdims=False):
    """Position of the largest value, the first one at a tie. No gradient."""
    return np.argmax(x, axis=axis, keepdims=keepdims)


@op()
def argmin(x, /, axis=None, keepdims=False):
    """Position of the smallest value, the first one at a tie. No gradient."""
    return np.argmin(x, axis=axis, keepdims=keepdims)


@op()
def any(x, /, axis=None, keepdims=False):
    """Whether any value along `axis` holds. No gradient."""
    return np.any(x, axis=axis, keepdims=keepdims)


@op()
def all(x, /, axis=None, keepdims=False):
    """Whether all values along `axis` hold. No gradient."""
    return np.all(x, axis=axis, keepdims=keepdims)
