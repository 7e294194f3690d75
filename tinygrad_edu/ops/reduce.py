"""Ops that sum up along axes. `axis` is an int, a tuple, or None for all axes, as in NumPy."""

from __future__ import annotations

import numpy as np

from .declare import op
from .elementwise import where
from .large import on_large, sum_large
from .shape import broadcast_to, concatenate, transpose


def _spread(g, shape, axis, keepdims):
    """`g` of a reduced output, repeated along the axes that the reduction took away."""
    return broadcast_to(g if axis is None else _restored(g, shape, axis, keepdims), shape=shape)


def _restored(x, shape, axis, keepdims):
    """A reduced array with the axes that the reduction took away put back at length 1."""
    if keepdims or not shape:
        return x
    axes = _axes(shape, axis)
    return x.reshape(tuple(1 if i in axes else n for i, n in enumerate(shape)))


def _axes(shape, axis) -> list[int]:
    """The reduced axes, counted from the front."""
    if not shape:
        return []
    return list(range(len(shape))) if axis is None else [a % len(shape) for a in (axis if isinstance(axis, tuple) else (axis,))]


def _count(shape, axis) -> int:
    """How many numbers each entry of a reduction summed up."""
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return int(np.prod([shape[a] for a in axes]))


@op(x=lambda g, x_shape, axis, keepdims: _spread(g, x_shape, axis, keepdims))
@on_large(lambda x, axis=None, keepdims=False: NotImplemented if keepdims or axis is not None else sum_large(x))
def sum(x, /, axis=None, keepdims=False):
    """Sum along `axis`."""
    return np.add.reduce(x, axis=axis, keepdims=keepdims)


@op(x=lambda g, x_shape, axis, keepdims: _spread(g, x_shape, axis, keepdims) / _count(x_shape, axis))
def mean(x, /, axis=None, keepdims=False):
    """Arithmetic mean along `axis`; nan over nothing."""
    return np.mean(x, axis=axis, keepdims=keepdims)


@op(x=lambda g, x, axis, ddof, keepdims: _restored(g * 2 / _freedom(x, axis, ddof), x.shape, axis, keepdims) * _centred(x, axis))
def var(x, /, axis=None, ddof=0, keepdims=False):
    """Mean of the squared distances from the mean along `axis`; `ddof` is taken from the divisor."""
    return np.var(x, axis=axis, ddof=ddof, keepdims=keepdims)


@op(x=lambda g, x, out, axis, ddof, keepdims: _to_spread(g, x, out, axis, ddof, keepdims))
def std(x, /, axis=None, ddof=0, keepdims=False):
    """Square root of `var`. The gradient is 0 where all of x is equal."""
    return np.std(x, axis=axis, ddof=ddof, keepdims=keepdims)


def _to_spread(g, x, out, axis, ddof, keepdims):
    """The gradient of std; rounding may leave a std above 0 for equal numbers, so it is the extremes that tell."""
    equal = x.max(axis=axis, keepdims=True) == x.min(axis=axis, keepdims=True)
    spread = where(equal, 0, _restored(out, x.shape, axis, keepdims))
    return _restored(g / _freedom(x, axis, ddof), x.shape, axis, keepdims) * _direction(_centred(x, axis), spread)


def _centred(x, axis):
    return x - x.mean(axis=axis, keepdims=True)


def _freedom(x, axis, ddof):
    """What var divides by, as an array so that division by 0 gives inf or nan."""
    freedom = _count(x.shape, axis) - ddof
    return np.asarray(freedom if freedom > 0 else 0, x.dtype)


def _direction(x, length):
    """x / length, and 0 at 0."""
    return where(length == 0, 0, x) / where(length == 0, 1, length)


@op(x=lambda g, x, axis, keepdims: _restored(g, x.shape, axis, keepdims) * _product_of_others(x, axis))
def prod(x, /, axis=None, keepdims=False):
    """Product along `axis`. The gradient is right where x is 0: it is the product of the others."""
    return np.prod(x, axis=axis, keepdims=keepdims)


def _product_of_others(x, axis):
    """For each number the product of all others along `axis`."""
    axes = _axes(x.shape, axis)
    order = [i for i in range(len(x.shape)) if i not in axes] + axes
    moved = transpose(x, order)
    rows = moved.reshape((*moved.shape[: len(order) - len(axes)], _count(x.shape, tuple(axes))))
    return transpose(_others(rows).reshape(moved.shape), np.argsort(order).tolist())


def _others(x):
    """The product of all others along the last axis, by a tree: products of pairs, of pairs of pairs, and back."""
    levels = [x]
    while levels[-1].shape[-1] > 1:
        left, right, rest = _halves(levels[-1])
        levels.append(concatenate([left * right, rest], axis=-1))
    others = np.ones(levels[-1].shape, x.dtype)
    for level in levels[-2::-1]:
        left, right, _ = _halves(level)
        pairs, rest = others[..., : left.shape[-1]], others[..., left.shape[-1] :]
        others = concatenate([pairs * right, pairs * left, rest], axis=-1)
    return others


def _halves(x):
    """Two halves of the last axis, and the odd number that may be left."""
    half = x.shape[-1] // 2
    return x[..., :half], x[..., half : 2 * half], x[..., 2 * half :]


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


@op()
def count_nonzero(x, /, axis=None, keepdims=False):
    """How many values along `axis` are not 0. No gradient."""
    return np.asarray(np.count_nonzero(x, axis=axis, keepdims=keepdims))[()]
