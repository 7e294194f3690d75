"""Sums of exponentials that neither overflow nor lose their digits: the largest term is taken out first."""

from __future__ import annotations

import numpy as np

from .declare import elementwise, op
from .elementwise import exp, isfinite, log_of_sum, logical_or, sigmoid, where
from .large import log_softmax_large, on_large_rows, softmax_large
from .reduce import _restored


@op(x=lambda g, x, axis, keepdims: _restored(g, x.shape, axis, keepdims) * softmax(x, axis=axis))
def logsumexp(x, /, axis=None, keepdims=False):
    """log(Σ exp(x)) along `axis`; -inf over nothing. Where all of x is -inf the gradient is 0."""
    x = _floating(x)
    top = _top(x, axis)
    with np.errstate(divide="ignore", over="ignore"):
        out = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return out if keepdims else np.squeeze(out, _axes(x, axis))[()]


@op(x=lambda g, out, axis: out * (g - (g * out).sum(axis=axis, keepdims=True)))
@on_large_rows(softmax_large)
def softmax(x, /, axis=-1):
    """exp(x) / Σ exp(x): shares that sum to 1 along `axis`. Where all of x is -inf they are 0."""
    x = _floating(x)
    with np.errstate(invalid="ignore", over="ignore"):
        e = np.exp(x - _top(x, axis))
        total = np.sum(e, axis=axis, keepdims=True)
        return e / np.where(total == 0, 1, total)


@op(x=lambda g, out, axis: g - exp(out) * g.sum(axis=axis, keepdims=True))
@on_large_rows(log_softmax_large)
def log_softmax(x, /, axis=-1):
    """log(softmax(x)) along `axis`, exact where the softmax is nearly 0, and where all of x is far from 0."""
    x = _floating(x)
    with np.errstate(invalid="ignore", over="ignore"):
        below = x - _top(x, axis)
        total = np.sum(np.exp(below), axis=axis, keepdims=True)
        return below - np.log(np.where(total == 0, 1, total))


def _top(x, axis):
    """The largest term, which cancels; 0 where it is infinite and cannot."""
    top = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    return np.where(np.isfinite(top), top, 0).astype(top.dtype)


def _floating(x):
    """x as an array of floating-point numbers."""
    x = np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(float)


def _axes(x, axis):
    return tuple(range(np.ndim(x))) if axis is None else axis


@elementwise(
    "x if x == y and x - x != 0 else max(x, y) + log1p(exp(-abs(x - y)))",
    x=lambda g, x, y: g * _share(x, y),
    y=lambda g, x, y: g * _share(y, x),
)
def logaddexp(x, y, /):
    """log(exp(x) + exp(y)), without overflow. Where both are the same infinity the gradient is 0."""
    return log_of_sum(x, y)


def _share(x, y):
    """exp(x) / (exp(x) + exp(y)), and 0 where both are the same infinity."""
    alive = logical_or(x != y, isfinite(x))
    return where(alive, sigmoid(where(alive, x, 0) - where(alive, y, 0)), 0)
