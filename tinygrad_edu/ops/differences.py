"""Differences, slopes and areas of numbers in a row, and what lies between them."""

from __future__ import annotations

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..graph import Value
from ..modes import read
from .contraction import dot
from .elementwise import clip
from .rearrange import flip, moveaxis, own, pad
from .shape import broadcast_to, concatenate, getitem


def diff(x, n=1, axis=-1, prepend=None, append=None):
    """Each number less the one before it along `axis`, n times over; `prepend` and `append` are joined to x before."""
    if n < 0:
        raise ValueError(f"diff expects n of 0 or more, got {n}.")
    x = moveaxis(own(x), axis, -1)
    if n and not (prepend is None and append is None):
        parts = [x if part is x else _end(part, x, axis) for part in (prepend, x, append) if part is not None]
        x = concatenate(parts, axis=-1)
    for _ in range(n):
        x = x[..., 1:] - x[..., :-1] if x.dtype != bool else x[..., 1:] != x[..., :-1]
    return moveaxis(x, -1, axis)


def _end(end, x, axis):
    """What is joined to x: a single number stands for one in every row."""
    end = own(end) if isinstance(end, (Value, np.ndarray)) else np.asarray(end, x.dtype)
    return moveaxis(end, axis, -1) if end.shape else broadcast_to(end, (*x.shape[:-1], 1))


def gradient(x, *spacing, axis=None):
    """Slopes between neighbours, by two of them inside and by one at the ends; a tuple for several axes.

    Args:
        spacing: distance of neighbours: none for 1, one number for all axes, or one per axis.
        axis: an int, a tuple, or None for all axes.
    """
    x = own(x)
    axes = range(len(x.shape)) if axis is None else normalize_axis_tuple(axis, len(x.shape))
    steps = spacing * len(axes) if len(spacing) == 1 else spacing or (1.0,) * len(axes)
    if len(steps) != len(axes) or any(np.ndim(step) for step in steps):
        raise TypeError(
            f"gradient expects one distance or one for each of {len(axes)} axes, got {spacing}. Places are not known here."
        )
    found = tuple(_slopes(x, axis, step) for axis, step in zip(axes, steps))
    return found[0] if len(found) == 1 else found


def _slopes(x, axis, step):
    x = moveaxis(x, axis, -1)
    if x.shape[-1] < 2:
        raise ValueError(f"gradient expects two numbers at least along axis {axis}, got {x.shape[-1]}.")
    first, last = x[..., 1:2] - x[..., :1], x[..., -1:] - x[..., -2:-1]
    return moveaxis(concatenate([first, (x[..., 2:] - x[..., :-2]) / 2, last], axis=-1), -1, axis) / step


def trapezoid(y, x=None, dx=1.0, axis=-1):
    """Area under the line through the points (x, y) along `axis`; `dx` is their distance where x is None."""
    y = moveaxis(own(y), axis, -1)
    width = dx if x is None else diff(x) if np.ndim(x) == 1 else moveaxis(diff(x, axis=axis), axis, -1)
    return ((y[..., 1:] + y[..., :-1]) * width / 2).sum(axis=-1)


def linspace(start, stop, num=50, endpoint=True, axis=0):
    """`num` numbers from start to stop in equal steps, along a new `axis`; without the last one if not `endpoint`."""
    start, stop = own(start), own(stop)
    shares = np.linspace(0, 1, num, endpoint, dtype=np.result_type(start.dtype, stop.dtype, np.float16))
    shares = shares.reshape(-1, *(1,) * len(np.broadcast_shapes(start.shape, stop.shape)))
    return moveaxis(start * (1 - shares) + stop * shares, 0, axis)


def interp(x, xp, fp):
    """The height at x of the line through the points (xp, fp), which goes on level at both ends; xp rises and is constant."""
    x, xp, fp = own(x), np.asarray(read(xp) if isinstance(xp, Value) else xp), own(fp)
    if len(xp) < 2:
        raise ValueError(f"interp expects two points at least, got {len(xp)}.")
    x = clip(x, min=float(xp[0]), max=float(xp[-1]))
    right = np.clip(np.searchsorted(xp, read(x) if isinstance(x, Value) else x, side="right"), 1, len(xp) - 1)
    low, high = getitem(fp, key=right - 1), getitem(fp, key=right)
    return low + (high - low) * ((x - xp[right - 1]) / (xp[right] - xp[right - 1]))


def convolve(a, v, mode="full"):
    """Sums of products of the vector a and v run backwards, at every place where they meet ("full").

    Args:
        mode: "same" keeps the length of the longer one, "valid" the places where one lies within the other.
    """
    a, v = own(a), own(v)
    if mode not in ("full", "same", "valid"):
        raise ValueError(f"convolve expects mode 'full', 'same' or 'valid', got {mode!r}.")
    if len(a.shape) != 1 or len(v.shape) != 1:
        raise ValueError(f"convolve expects two vectors, got shapes {a.shape} and {v.shape}.")
    if a.shape[0] < v.shape[0]:
        a, v = v, a
    long, short = a.shape[0], v.shape[0]
    windows = np.arange(long + short - 1)[:, None] + np.arange(short)
    full = dot(getitem(pad(a, short - 1), key=windows), flip(v, axis=0))
    start, length = {"full": (0, long + short - 1), "same": ((short - 1) // 2, long), "valid": (short - 1, long - short + 1)}[
        mode
    ]
    return full[start : start + length]
