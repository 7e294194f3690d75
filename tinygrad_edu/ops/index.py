"""Picking and replacing by index, and what is made of it: sorting, diagonals. `getitem` is in `shape`.

Nothing is changed in place: `set_at(x, key, value)` is a new array, with gradients to x and to value.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..graph import Value
from ..modes import read
from ..rules import Part
from .declare import op
from .elementwise import where
from .rearrange import moveaxis, own
from .reduce import mean
from .shape import _is_basic, add_at, by_own_key, getitem, reshape, scatter_add

# One index for all -------------------------------------------------------------------------------


@op(x=lambda g, indices, x_shape, axis: _slices_placed(g, indices, x_shape, axis))
def take_slices(x, indices, /, axis=0, from_end=True):
    """Slices number `indices` along `axis`, as often as they are named; negative ones are counted from the end, or refused.

    (The public `take` has NumPy's default axis.)
    """
    if not from_end and np.any(np.less(indices, 0)):
        raise IndexError(f"take_slices expects numbers from 0 on, got {np.min(indices)}. Let negative ones count from_end.")
    return np.take(x, indices, axis)


def _slices_placed(g, indices, shape, axis):
    """The gradient of take_slices by x."""
    if isinstance(g, Value):
        return add_slices(g, indices, shape=shape, axis=axis)
    return Part(lambda total: _add_slices_at(total, g, indices, axis))


@op(x=lambda g, indices, axis: take_slices(g, indices, axis=axis))
def add_slices(x, indices, /, shape, axis=0):
    """Zeros of `shape` to whose slices number `indices` along `axis` x is added; slices that are named twice add up."""
    out = np.zeros(shape, x.dtype)
    _add_slices_at(out, x, indices, axis)
    return out


def _add_slices_at(total, x, indices, axis) -> None:
    axis, count = axis % total.ndim, np.ndim(indices)
    add_at(np.moveaxis(total, axis, 0), np.asarray(indices), np.moveaxis(x, range(axis, axis + count), range(count)))


def take(x, indices, axis=None):
    """Entries at `indices` (whole numbers, in any shape) along `axis`; of all numbers in a row if None."""
    indices = indices if isinstance(indices, Value) else np.array(indices)
    return take_slices(reshape(x, -1), indices) if axis is None else take_slices(x, indices, axis=axis)


@by_own_key
@op(x=lambda g, key: replace_at(g, 0, key=key), value=lambda g, value_shape, key: _of_last_written(g, value_shape, key))
def replace_at(x, value, /, key):
    """x with `value` in the place of x[key]; where `key` names an entry twice, the last value stays."""
    out = np.array(x)
    if out.dtype.kind != "f":
        out = out.astype(np.result_type(x, value))
    out[key] = value
    return out[()]


def set_at(x, key, value):
    """A copy of x in which x[key] is `value`; gradients go to both.

    The recorded form of `x[key] = value`, with the same keys and the same broadcasting.
    """
    return replace_at(x, value, key=key)


def _of_last_written(g, value_shape, key):
    """The gradient of the entries that were written and not written over."""
    part = getitem(g, key=key)
    if not _is_basic(key):
        writers = np.arange(part.size).reshape(part.shape)
        last = np.full(g.shape, -1)
        last[key] = writers
        part = where(last[key] == writers, part, 0)
    extra = len(value_shape) - len(part.shape)  # NumPy lets a value have more axes, of length 1
    return part.reshape((1,) * extra + part.shape) if extra > 0 else part


def _plain(x) -> Any:
    return read(x) if isinstance(x, Value) else x


# One index for each row --------------------------------------------------------------------------


@op(x=lambda g, indices, x_shape, axis: _placed_along_axis(g, indices, x_shape, axis))
def take_along_axis(x, indices, /, axis=-1):
    """x[..., indices[..., i], ...] for each i along `axis`, row by row. The shapes agree or broadcast elsewhere."""
    return np.take_along_axis(x, indices, axis)


def _placed_along_axis(g, indices, shape, axis):
    """The gradient of take_along_axis by x."""
    if isinstance(g, Value):
        return add_along_axis(g, indices, shape=shape, axis=axis)
    return Part(lambda total: _add_along_axis_at(total, g, indices, axis))


@op(x=lambda g, indices, axis: take_along_axis(g, indices, axis=axis))
def add_along_axis(x, indices, /, shape, axis=-1):
    """Zeros of `shape` to which x is added at `indices` along `axis`; entries that are named twice add up."""
    out = np.zeros(shape, x.dtype.newbyteorder("="))
    _add_along_axis_at(out, x, indices, axis)
    return out


def _add_along_axis_at(total, x, indices, axis) -> None:
    shape = total.shape
    if not total.flags.c_contiguous:
        np.add.at(total, tuple(along(indices, shape, axis)), x)
        return
    positions = np.zeros((), int)
    for i, (length, key) in enumerate(zip(shape, along(indices, shape, axis))):
        if i == axis % len(shape):
            if key.size and not -length <= key.min() <= key.max() < length:
                raise IndexError(f"add_along_axis expects indices from {-length} to {length - 1}, got {key.min()} to {key.max()}.")
            key = np.where(key < 0, key + length, key)
        positions = positions * length + key
    positions, x = np.broadcast_arrays(positions, x)
    np.add.at(total.reshape(-1), positions.ravel(), x.ravel())


def set_along_axis(x, indices, values, axis=-1):
    """A copy of x in which `values` stand at `indices` along `axis`, row by row: np.put_along_axis, recorded."""
    x = own(x)
    return set_at(x, tuple(along(_plain(indices), x.shape, axis)), values)


def along(indices, shape, axis) -> list:
    """The key that picks `indices` along `axis` and every other place where it is."""
    axis %= len(shape)
    grid = np.ogrid[tuple(slice(n) for n in shape)]
    return [np.array(indices) if i == axis else places for i, places in enumerate(grid)]


# Order -------------------------------------------------------------------------------------------


@op()
def argsort(x, /, axis=-1, kind=None):
    """Positions of the numbers of x from the smallest to the largest; nan comes last.

    Equal numbers keep their order, whatever `kind` of algorithm is asked for in NumPy's words.
    """
    return np.argsort(x, axis=axis, kind="stable")


def sort(x, axis=-1, kind=None):
    """From the smallest to the largest along `axis`; of all numbers in a row if None. nan comes last."""
    x = reshape(x, -1) if axis is None else own(x)
    axis = -1 if axis is None else axis
    return take_along_axis(x, argsort(x, axis=axis), axis=axis)


@op()
def top_positions(x, /, k, axis=-1, largest=True):
    """Positions of the k largest (or smallest) numbers along `axis`, best first; of equal ones the first."""
    length = x.shape[axis]
    if not 0 <= k <= length:
        raise ValueError(f"topk expects k between 0 and the length {length} of axis {axis}, got {k}.")
    if largest:
        order = length - 1 - np.flip(np.argsort(np.flip(x, axis), axis=axis, kind="stable"), axis)
    else:
        order = np.argsort(x, axis=axis, kind="stable")
    return np.take(order, range(k), axis)


def topk(x, k, axis=-1, largest=True):
    """The k largest (or smallest) numbers along `axis`, best first, and their positions."""
    x = own(x)
    positions = top_positions(x, k=k, axis=axis, largest=largest)
    return take_along_axis(x, positions, axis=axis), positions


def median(x, axis=None, keepdims=False):
    """The middle of the sorted numbers along `axis` (an int, or None for all), or the mean of the middle two; nan if there is a nan."""
    x = own(x)
    axis = None if axis is None else normalize_axis_index(axis, len(x.shape))
    shape = [1 if axis is None or i == axis else n for i, n in enumerate(x.shape)]
    rows = moveaxis(sort(x, axis), -1 if axis is None else axis, -1)
    length = rows.shape[-1]
    middle = mean(rows[..., (length - 1) // 2 : length // 2 + 1], axis=-1)
    out = where(rows[..., -1] == rows[..., -1], middle, rows[..., -1])
    return reshape(out, tuple(shape)) if keepdims else out


# Diagonals ---------------------------------------------------------------------------------------


def diagonal(x, offset=0, axis1=0, axis2=1):
    """Diagonal number `offset` of the matrices in two axes, as a new last axis."""
    x = moveaxis(x, (axis1, axis2), (-2, -1))
    return getitem(x, key=(..., *_diagonal_key(x.shape[-2], x.shape[-1], offset)))


def diag(x, k=0):
    """Diagonal number `k` of a matrix, or the matrix that has a vector there and 0 elsewhere."""
    x = own(x)
    if len(x.shape) not in (1, 2):
        raise ValueError(f"diag expects a vector or a matrix, got shape {x.shape}. See diagonal.")
    if len(x.shape) == 2:
        return diagonal(x, k)
    size = x.shape[0] + abs(k)
    return scatter_add(x, shape=(size, size), key=_diagonal_key(size, size, k))


def trace(x, offset=0, axis1=0, axis2=1):
    """Sum of diagonal number `offset` of the matrices in two axes."""
    return diagonal(x, offset, axis1, axis2).sum(axis=-1)


def _diagonal_key(rows, columns, offset):
    """Rows and columns of the entries of a diagonal."""
    above, left = max(-offset, 0), max(offset, 0)
    places = np.arange(max(min(rows - above, columns - left), 0))
    return places + above, places + left
