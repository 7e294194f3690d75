"""Arrays cut, joined and turned under the names that NumPy has for certain axes; all made of `rearrange` and `shape`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from .elementwise import where
from .rearrange import array_split, flip, moveaxis, own, ravel, split, transpose
from .shape import broadcast_to, concatenate, expand_dims, getitem, reshape

# More axes ---------------------------------------------------------------------------------------


def atleast_1d(*arrays):
    """Single numbers as vectors of length 1, others as they are; a tuple for several."""
    return _each(lambda x: expand_dims(x, 0) if len(x.shape) == 0 else x, arrays)


def atleast_2d(*arrays):
    """Vectors as rows, single numbers as 1 x 1, others as they are; a tuple for several."""
    return _each(lambda x: expand_dims(x, tuple(range(2 - len(x.shape)))) if len(x.shape) < 2 else x, arrays)


def atleast_3d(*arrays):
    """Matrices with a last axis of length 1, vectors between two such, others as they are; a tuple for several."""
    missing: dict[int, tuple] = {0: (0, 1, 2), 1: (0, 2), 2: (2,)}
    return _each(lambda x: expand_dims(x, missing[len(x.shape)]) if len(x.shape) < 3 else x, arrays)


def _each(function: Callable, arrays: tuple) -> Any:
    found = tuple(function(own(x)) for x in arrays)
    return found[0] if len(found) == 1 else found


def broadcast_arrays(*arrays):
    """A tuple of the arrays in their common shape."""
    arrays = tuple(map(own, arrays))
    shape = np.broadcast_shapes(*(x.shape for x in arrays))
    return tuple(broadcast_to(x, shape) for x in arrays)


def meshgrid(*xs, indexing="xy"):
    """A tuple: each vector along an axis of its own, in the common shape; "xy" puts the second one first."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid expects indexing 'xy' or 'ij', got {indexing!r}.")
    places = list(range(len(xs)))
    if indexing == "xy":
        places[:2] = places[:2][::-1]
    return broadcast_arrays(
        *(reshape(own(x), tuple(-1 if i == place else 1 for i in range(len(xs)))) for x, place in zip(xs, places))
    )


# Joining and cutting -----------------------------------------------------------------------------


def column_stack(arrays):
    """Matrices side by side; a vector counts as a column."""
    return concatenate([expand_dims(x, 1) if len(x.shape) == 1 else atleast_2d(x) for x in map(own, arrays)], axis=1)


def dstack(arrays):
    """Arrays joined along the third axis."""
    return concatenate([atleast_3d(x) for x in arrays], axis=2)


def hsplit(x, indices_or_sections):
    """`split` along the second axis, of a vector along its only one."""
    return split(x, indices_or_sections, axis=0 if len(own(x).shape) == 1 else 1)


def vsplit(x, indices_or_sections):
    """`split` along the first axis."""
    return split(x, indices_or_sections, axis=0)


def dsplit(x, indices_or_sections):
    """`split` along the third axis."""
    return split(x, indices_or_sections, axis=2)


def append(x, values, axis=None):
    """x and then `values`, along `axis`; all numbers of both in a row if None."""
    return concatenate([ravel(x), ravel(values)]) if axis is None else concatenate([own(x), own(values)], axis=axis)


def insert(x, obj, values, axis=None):
    """x with `values` before place `obj` (one whole number) along `axis`; in the row of all numbers if None."""
    x, axis = (ravel(x), 0) if axis is None else (own(x), axis)
    before, after = array_split(x, [int(obj)], axis)
    gap = list(x.shape)
    gap[axis] = 1
    values = own(values)
    if len(values.shape) < len(gap):  # one slice, or a single number for all of it
        values = broadcast_to(values if not values.shape else expand_dims(values, axis), tuple(gap))
    return concatenate([before, values.astype(x.dtype), after], axis=axis)


def delete(x, obj, axis=None):
    """x without the entries at `obj` (whole numbers or a slice) along `axis`; of all numbers in a row if None."""
    x, axis = (ravel(x), 0) if axis is None else (own(x), normalize_axis_index(axis, np.ndim(x)))
    left = np.delete(np.arange(x.shape[axis]), obj)
    return getitem(x, key=(*[slice(None)] * axis, left))


# Turning -----------------------------------------------------------------------------------------


def flipud(x):
    """The first axis reversed."""
    return flip(x, axis=0)


def fliplr(x):
    """The second axis reversed."""
    return flip(x, axis=1)


def rot90(x, k=1, axes=(0, 1)):
    """Turned by k quarters, from the first of `axes` towards the second."""
    x, (first, second) = own(x), normalize_axis_tuple(axes, np.ndim(x))
    order = list(range(len(x.shape)))
    order[first], order[second] = order[second], order[first]
    if k % 4 == 0:
        return x
    if k % 4 == 2:
        return flip(x, axis=(first, second))
    return transpose(flip(x, axis=second), order) if k % 4 == 1 else flip(transpose(x, order), axis=second)


def rollaxis(x, axis, start=0):
    """One axis moved before the place `start`. See `moveaxis`."""
    ndim = len(own(x).shape)
    axis, start = axis % ndim, start + ndim if start < 0 else start
    return moveaxis(x, axis, start - (axis < start))


# Choosing ----------------------------------------------------------------------------------------


def select(condlist, choicelist, default=0):
    """For each place the first choice whose condition holds, else `default`."""
    if len(condlist) != len(choicelist):
        raise ValueError(f"select expects as many choices as conditions, got {len(choicelist)} and {len(condlist)}.")
    found = default
    for condition, choice in zip(condlist[::-1], choicelist[::-1]):
        found = where(condition, choice, found)
    return found


def compress(condition, x, axis=None):
    """Entries at which the vector `condition` holds, along `axis`; of all numbers in a row if None."""
    x, axis = (ravel(x), 0) if axis is None else (own(x), normalize_axis_index(axis, np.ndim(x)))
    return getitem(x, key=(*[slice(None)] * axis, np.flatnonzero(condition)))
