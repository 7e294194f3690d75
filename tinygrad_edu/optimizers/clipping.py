"""Clipping: gradients made small enough, as functions from gradients to gradients.

    >>> g = np.array([0.9, 100.0])
    >>> clip_by_value([g], 1.0)[0]  # another direction
    array([0.9, 1. ])
    >>> clip_by_norm([g], 1.0)[0]  # the same direction, and almost nothing left of the first
    array([0.00899964, 0.9999595 ])

Nothing is written into the arrays that are given. Source: Pascanu, Mikolov & Bengio (2013), section 3.2.
"""

from __future__ import annotations

import math

import numpy as np

from ..kernel import kernel

Arrays = list[np.ndarray]


def clip(gradients: Arrays, norm: float | None, value: float | None, global_norm: float | None) -> Arrays:
    """The one kind of clipping that is wanted; None and 0 are not."""
    if norm:
        return clip_by_norm(gradients, norm)
    if value:
        return clip_by_value(gradients, value)
    return clip_by_global_norm(gradients, global_norm) if global_norm else gradients


def clip_by_value(gradients: Arrays, limit: float) -> Arrays:
    """Each number cut to [-limit, limit]; nan stays nan."""
    return [np.clip(g, -limit, limit) for g in gradients]


def clip_by_norm(gradients: Arrays, limit: float) -> Arrays:
    """Each array shortened to the length `limit` if it is longer: g · limit / max(‖g‖, limit).

    Every weight has a length of its own, as in Keras 3; Keras 2 took the length over all (`clip_by_global_norm`).
    """
    return [_shortened(g, excess(math.sqrt(square_sum(g.ravel())), _in_type(limit, g.dtype))) for g in gradients]


def clip_by_global_norm(gradients: Arrays, limit: float) -> Arrays:
    """All arrays shortened by one factor, so that they are no longer than `limit` together."""
    length = math.sqrt(math.fsum(square_sum(g.ravel()) for g in gradients))
    factor = excess(length, _in_type(limit, np.result_type(np.float16, *(g.dtype for g in gradients))))
    return [_shortened(g, factor) for g in gradients]


@kernel(reorder=True)
def square_sum(g):
    """Σ g², in float64, where the square of no float32 overflows."""
    total = 0.0
    for i in range(g.size):
        x = np.float64(g[i])
        total += x * x
    return total


@kernel
def excess(length, limit):
    """How many times `limit` a length is, at least 1; nan if it is no finite number, because an explosion has to be seen."""
    return max(length / limit, 1.0) if math.isfinite(length) else math.nan


def _in_type(limit: float, dtype: np.dtype) -> float:
    """A limit as a number of the gradients' type, so that what is exactly as long in it stays as it is."""
    return float(dtype.type(limit))


def _shortened(g: np.ndarray, factor: float) -> np.ndarray:
    if factor == 1:
        return g
    out = np.empty(g.shape, g.dtype)
    divide(out.reshape(-1), g.ravel(), factor)
    return out


@kernel
def divide(out, g, factor):
    """out <- g / factor, rounded once, also where g is float32 and the factor, as always, float64."""
    for i in range(g.size):
        out[i] = np.float64(g[i]) / factor
