"""Ops that move numbers about without changing them, and their picking by index."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph import Value
from ..kernel import kernel
from ..modes import read
from ..rules import Part
from .declare import op
from .large import LARGE

LOOPED = (np.dtype(np.float32), np.dtype(np.float64))  # the types of rows that a loop adds up


@op(x=lambda g, x_shape: g.reshape(x_shape))
def reshape(x, /, shape):
    """The same numbers in another shape; one length may be -1, which takes what is left."""
    return np.reshape(x, shape)


@op(x=lambda g, axes: transpose(g, axes=_inverse(axes)))
def transpose(x, /, axes=None):
    """Axes in another order; reversed if `axes` is None."""
    return np.transpose(x, axes)


def _inverse(axes):
    """The order of axes that undoes `axes`, which may count from the end."""
    return None if axes is None else tuple(np.argsort([axis % len(axes) for axis in axes]).tolist())


@op(x=lambda g: g.mT)
def matrix_transpose(x, /):
    """The last two axes swapped."""
    return np.swapaxes(x, -1, -2)


@op(x=lambda g, x_shape: g.reshape(x_shape))
def expand_dims(x, /, axis):
    """A new axis of length 1 at `axis` (an int or a tuple)."""
    return np.expand_dims(x, axis)


@op(x=lambda g, x_shape: g.reshape(x_shape))
def squeeze(x, /, axis=None):
    """Without the axes of length 1 named in `axis`; all of them if None."""
    return np.squeeze(x, axis)[()]


@op(x=lambda g: g)
def broadcast_to(x, /, shape):
    """x repeated along new axes and axes of length 1; the engine sums the gradient back."""
    if isinstance(x, np.generic) and type(shape) is tuple:  # the gradient of a sum: in a fifth of the time
        return np.ndarray(shape, x.dtype, x, strides=(0,) * len(shape))
    return np.broadcast_to(x, shape)


@op(xs=lambda g, xs_shape, index, axis: _part(g, xs_shape, index, axis))
def concatenate_all(*xs, axis=0):
    """Arrays joined along an existing axis. (The public `concatenate` takes them as one list.)"""
    return np.concatenate(xs, axis)


def _part(g, shapes, index, axis):
    """That part of `g` which input number `index` of a concatenation contributed."""
    starts, key = shapes.starts_along(axis), [slice(None)] * len(g.shape)
    key[axis] = slice(starts[index], starts[index + 1])
    return g[tuple(key)]


def concatenate(arrays, axis=0):
    """Arrays joined along an existing axis; the numbers of all in a row if `axis` is None.

    Shapes: [(..., n_i, ...)] -> (..., Σ n_i, ...), equal elsewhere.
    """
    if axis is None:
        arrays, axis = [reshape(x, -1) for x in arrays], 0
    return concatenate_all(*arrays, axis=axis)


def stack(arrays, axis=0):
    """Arrays of one shape joined along a new axis."""
    return concatenate_all(*(expand_dims(x, axis) for x in arrays), axis=axis)


def own_key(key: Any) -> Any:
    """An index of plain arrays and numbers that nobody else can change: the gradient will need it again."""
    if isinstance(key, (tuple, list)):
        return type(key)(map(own_key, key))
    array = read(key) if isinstance(key, Value) else key
    return array.copy() if isinstance(array, np.ndarray) else array


def by_own_key(function: Callable) -> Callable:
    """Let an op whose parameter `key` is an index own it."""

    @functools.wraps(function)
    def call(*inputs, key, **params):
        return function(*inputs, key=own_key(key), **params)

    return call


@by_own_key
@op(x=lambda g, x_shape, key: _placed(g, x_shape, key))
def getitem(x, /, key):
    """x[key]: basic slices, whole-number arrays and truth-value masks, as in NumPy."""
    return x[key]


def _placed(g, shape, key):
    """The gradient of x[key] by x."""
    if isinstance(g, Value) or not shape:
        return scatter_add(g, shape=shape, key=key)
    return Part(lambda total: add_at(total, key, g))


@by_own_key
@op(x=lambda g, key: getitem(g, key=key))
def scatter_add(x, /, shape, key):
    """Zeros of `shape` to which x is added at `key`; entries that `key` names twice add up."""
    out = np.zeros(shape, x.dtype)
    add_at(out, key, x)
    return out


def add_at(total, key, x) -> None:
    """total[key] += x, in place, where entries that `key` names twice add up."""
    rows = key[0] if isinstance(key, tuple) and len(key) == 1 else key
    if _is_basic(key):
        total[key] += x
    elif isinstance(rows, np.ndarray) and rows.dtype.kind in "iu" and total.ndim > 1 and total.flags.c_contiguous:
        _add_rows(total, rows.ravel(), x)
    else:
        np.add.at(total, key, x)


def _add_rows(total, rows, x) -> None:
    """Add whole rows: by a loop if there are many, which is twenty times as fast."""
    rows, width = np.where(rows < 0, rows + len(total), rows), math.prod(total.shape[1:])
    if rows.size and not 0 <= rows.min() <= rows.max() < len(total):
        raise IndexError(f"Rows of {len(total)} are expected, got some from {rows.min()} to {rows.max()}. The first is 0, the last -1.")
    if x.size >= LARGE and x.dtype == total.dtype and x.dtype in LOOPED:
        add_rows(total.reshape(len(total), width), rows, np.ascontiguousarray(x).reshape(len(rows), width))
    else:  # np.add.at is three times as fast where one number tells the place
        np.add.at(total.reshape(-1), (rows[:, None] * width + np.arange(width)).ravel(), x.ravel())


@kernel
def add_rows(total, rows, x):
    """total[rows[i]] += x[i], one after the other, as np.add.at does."""
    for i in range(len(rows)):
        for j in range(x.shape[1]):
            total[rows[i], j] += x[i, j]


def _is_basic(key) -> bool:
    """Whether indexing by `key` names every element at most once."""
    parts = key if isinstance(key, tuple) else (key,)
    return all(part is None or part is ... or isinstance(part, (int, slice, np.integer)) for part in parts)
