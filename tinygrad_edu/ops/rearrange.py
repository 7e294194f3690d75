"""Ops that reorder, repeat, cut and surround, under NumPy's names; most are made of those in `shape`."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..graph import Placeholder, Value, as_array
from .declare import op
from .elementwise import where
from .shape import broadcast_to, concatenate, expand_dims, getitem, reshape, transpose


def own(x) -> Any:
    """`x` itself if it is a Tensor, else as an array: what compositions start with, as they take lists too."""
    return x if isinstance(x, (Value, Placeholder)) else np.asarray(as_array(x))


# Axes in another order ---------------------------------------------------------------------------


def permute(x, axes):
    """Axes in another order: PyTorch's name for `transpose`."""
    return transpose(x, axes=axes)


def swapaxes(x, axis1, axis2):
    """Two axes exchanged."""
    axes = list(range(np.ndim(x)))
    axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
    return transpose(x, axes=axes)


def moveaxis(x, source, destination):
    """Axes moved to other places; the others keep their order."""
    ndim = np.ndim(x)
    sources, places = normalize_axis_tuple(source, ndim), normalize_axis_tuple(destination, ndim)
    if len(sources) != len(places):
        raise ValueError(f"moveaxis expects as many destinations as sources, got {source} and {destination}.")
    axes = [axis for axis in range(ndim) if axis not in sources]
    for place, axis in sorted(zip(places, sources)):
        axes.insert(place, axis)
    return transpose(x, axes=axes)


# Numbers in another order ------------------------------------------------------------------------


@op(x=lambda g, axis: flip(g, axis=axis))
def flip(x, /, axis=None):
    """Reversed along `axis` (an int or a tuple); along all axes if None."""
    return np.flip(x, axis)[()]


@op(x=lambda g, shift, axis: roll(g, shift=_minus(shift), axis=axis))
def roll(x, /, shift, axis=None):
    """Moved by `shift` places along `axis`; what leaves at the end comes in at the front. None: all numbers in a row."""
    return np.roll(x, shift, axis)[()]


def _minus(shift):
    return tuple(-n for n in shift) if isinstance(shift, (tuple, list)) else -shift


def repeat(x, repeats, axis=None):
    """Each entry `repeats` times along `axis` (an int, or one per entry); of all numbers in a row if None."""
    x = reshape(x, -1) if axis is None else own(x)
    axis = 0 if axis is None else normalize_axis_index(axis, len(x.shape))
    return getitem(x, key=(*[slice(None)] * axis, np.repeat(np.arange(x.shape[axis]), repeats)))


def tile(x, reps):
    """x itself `reps` times along each axis; a longer `reps` adds axes in front."""
    x, reps = own(x), tuple(np.atleast_1d(reps).tolist())
    shape = (1,) * (len(reps) - len(x.shape)) + x.shape
    reps = (1,) * (len(shape) - len(reps)) + reps
    apart = reshape(x, tuple(n for length in shape for n in (1, length)))
    copied = broadcast_to(apart, tuple(n for pair in zip(reps, shape) for n in pair))
    return reshape(copied, tuple(r * n for r, n in zip(reps, shape)))


# Cutting and joining -----------------------------------------------------------------------------


def split(x, indices_or_sections, axis=0):
    """A list of parts: so many of equal length, or cut before the given places.

    Raises:
        ValueError: where the axis cannot be cut into parts of equal length (see `array_split`).
    """
    length = own(x).shape[axis]
    if isinstance(indices_or_sections, (int, np.integer)) and length % indices_or_sections:
        raise ValueError(
            f"split expects a number of parts that divides the length {length} of axis {axis}, got {indices_or_sections}. "
            "Use array_split for parts of nearly equal length."
        )
    return array_split(x, indices_or_sections, axis)


def array_split(x, indices_or_sections, axis=0):
    """A list of parts as from `split`; the first ones are longer by 1 where the length does not divide."""
    x = own(x)
    axis = normalize_axis_index(axis, len(x.shape))
    if isinstance(indices_or_sections, (int, np.integer)):
        lengths = [len(part) for part in np.array_split(np.arange(x.shape[axis]), indices_or_sections)]
        indices_or_sections = np.cumsum(lengths)[:-1].tolist()
    cuts = [0, *indices_or_sections, None]
    return [getitem(x, key=(*[slice(None)] * axis, slice(start, stop))) for start, stop in pairwise(cuts)]


def unstack(x, axis=0):
    """A tuple of the entries along `axis`, which goes away."""
    x = own(x)
    axis = normalize_axis_index(axis, len(x.shape))
    return tuple(getitem(x, key=(*[slice(None)] * axis, i)) for i in range(x.shape[axis]))


def hstack(arrays):
    """Arrays joined side by side: along the second axis, vectors along their only one."""
    arrays = [_at_least(x, 1) for x in arrays]
    return concatenate(arrays, axis=0 if len(arrays[0].shape) == 1 else 1)


def vstack(arrays):
    """Arrays joined one below the other; a vector counts as a row."""
    return concatenate([_at_least(x, 2) for x in arrays], axis=0)


def _at_least(x, axes):
    """x with axes of length 1 in front until it has so many."""
    x = own(x)
    return x if len(x.shape) >= axes else expand_dims(x, tuple(range(axes - len(x.shape))))


def ravel(x):
    """All numbers in a row."""
    return reshape(x, -1)


# Around and within -------------------------------------------------------------------------------


@op(x=lambda g, x_shape, pad_width: getitem(g, key=_inside(x_shape, pad_width)))
def pad_constant(x, /, pad_width, constant_values=0):
    """x with a frame of `constant_values`. (The public `pad` knows other frames too.)"""
    return np.pad(x, pad_width, constant_values=constant_values)


def _inside(shape, pad_width):
    """The place of x within its frame."""
    widths = np.broadcast_to(pad_width, (len(shape), 2)).tolist()
    return tuple(slice(before, before + n) for (before, _), n in zip(widths, shape))


def pad(x, pad_width, mode="constant", *, constant_values=0):
    """x with a frame around it.

    Args:
        pad_width: entries before and after each axis: ((before, after), ...), (before, after) or one number for all.
        mode: "constant", or "edge", "reflect", "symmetric", "wrap", which repeat entries of x as NumPy does.
    """
    if mode == "constant":
        return pad_constant(x, pad_width=pad_width, constant_values=constant_values)
    if mode not in ("edge", "reflect", "symmetric", "wrap"):
        raise ValueError(f"pad expects mode 'constant', 'edge', 'reflect', 'symmetric' or 'wrap', got {mode!r}.")
    x = own(x)
    for axis, width in enumerate(np.broadcast_to(pad_width, (len(x.shape), 2)).tolist()):
        if any(width):
            x = getitem(x, key=(*[slice(None)] * axis, np.pad(np.arange(x.shape[axis]), width, mode)))
    return x


def triu(x, k=0):
    """The upper triangle of matrices from diagonal number `k` on; 0 below."""
    x = own(x)
    return where(_below(x.shape, k), x.dtype.type(0), x)


def tril(x, k=0):
    """The lower triangle of matrices up to diagonal number `k`; 0 above."""
    x = own(x)
    return where(_below(x.shape, k + 1), x, x.dtype.type(0))


def _below(shape, k):
    """Whether an entry lies below diagonal number `k`; a vector stands for as many equal rows as it is long."""
    if not shape:
        raise ValueError("A triangle expects a matrix or a vector, got a single number.")
    rows, columns = shape[-2:] if len(shape) > 1 else shape * 2
    return np.tri(rows, columns, k - 1, dtype=bool)
