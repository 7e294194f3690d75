"""Ops that carry a result along an axis: running sums, running products, and the recurrence behind both."""

from __future__ import annotations

import numpy as np

from .declare import op
from .rearrange import flip, pad, roll


@op(x=lambda g, x_shape, axis: _sums_from_here(g, axis).reshape(x_shape))
def cumsum(x, /, axis=None):
    """Running sum along `axis`; of all numbers in a row if None."""
    return np.cumsum(x, axis=axis)


@op(x=lambda g, x, out, axis: _through_products(g, x, out, axis))
def cumprod(x, /, axis=None):
    """Running product along `axis`; of all numbers in a row if None. The gradient is right where x is 0."""
    return np.cumprod(x, axis=axis)


@op(
    a=lambda g, a, out, axis: _back_through(a, g, axis) * _previous(out, axis, 0),
    b=lambda g, a, axis: _back_through(a, g, axis),
)
def linear_recurrence(a, b, /, axis=-1):
    """y[t] = a[t] y[t-1] + b[t] along `axis`, from y[-1] = 0; a and b have one shape, and a[0] is not read."""
    if np.shape(a) != np.shape(b):
        raise ValueError(f"linear_recurrence expects a and b of one shape, got {np.shape(a)} and {np.shape(b)}.")
    out = np.array(b, np.result_type(a, b))
    steps, factors = np.moveaxis(out, axis, 0), np.moveaxis(a, axis, 0)
    for t in range(1, len(steps)):
        steps[t] += factors[t] * steps[t - 1]
    return out


def _sums_from_here(g, axis):
    along = 0 if axis is None else axis
    return flip(cumsum(flip(g, along), along), along)


def _back_through(a, g, axis):
    """What arrives at each step: y[t] = g[t] + a[t+1] y[t+1], the recurrence run backwards."""
    return flip(linear_recurrence(roll(flip(a, axis), 1, axis), flip(g, axis), axis=axis), axis)


def _through_products(g, x, out, axis):
    """The product p[t] = x[t] p[t-1] is a recurrence in x: what arrives at a step goes to x times the product before it."""
    along = 0 if axis is None else axis
    return (_back_through(x.reshape(g.shape), g, along) * _previous(out, along, 1)).reshape(x.shape)


def _previous(out, axis, first):
    """`out` one step earlier, `first` at the beginning."""
    axis %= len(out.shape)
    key = (slice(None),) * axis + (slice(None, -1),)
    width = [(1 if i == axis and n else 0, 0) for i, n in enumerate(out.shape)]
    return pad(out[key], width, constant_values=first)
