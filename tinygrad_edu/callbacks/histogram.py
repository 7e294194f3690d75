"""How numbers are distributed: in steps of equal width, and in steps of equal factor.

Equal widths hide what vanishes and what explodes: ten thousand gradients of 1e-6 beside one of 1.0 all fall into the first
step. The logarithms of their absolute values, in quarters of a decade, show both.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_STEPS = 30  # as TensorBoard's own
_PER_DECADE = 4


class Histogram(NamedTuple):
    """Counts of numbers between edges, one more than there are counts; the smallest and the largest; sum, sum of squares."""

    edges: np.ndarray
    counts: np.ndarray
    low: float
    high: float
    sum: float
    squares: float


def linear(x: np.ndarray) -> Histogram | None:
    """The finite numbers of `x` in 30 steps of equal width, or in one if all are equal; None if there are none.

        >>> linear(np.array([0.0, 1.0, 1.0, np.nan])).counts[[0, -1]].tolist()
        [1, 2]
    """
    x = _finite(x)
    if not x.size:
        return None
    low, high = float(x.min()), float(x.max())
    if low == high:
        return _histogram(x, np.array([low, high]), np.zeros(x.size, int))
    places = (x / 2 - low / 2) / (high / 2 - low / 2)  # halves, which do not overflow
    return _histogram(x, np.linspace(low, high, _STEPS + 1), (places * _STEPS).astype(int))


def decades(x: np.ndarray) -> Histogram | None:
    """log10 |x| of the finite numbers other than 0, in quarters of a decade; None if there are none.

        >>> found = decades(np.array([1e-6, 1e-6, 0.0, 10.0]))
        >>> found.edges[[0, -1]].tolist(), found.counts[[0, -1]].tolist()
        ([-6.0, 1.25], [2, 1])
    """
    x = np.abs(_finite(x))
    x = np.log10(x[x > 0])
    if not x.size:
        return None
    steps = np.floor(x * _PER_DECADE).astype(int)
    first, last = int(steps.min()), int(steps.max())
    return _histogram(x, np.arange(first, last + 2) / _PER_DECADE, steps - first)


def _finite(x: np.ndarray) -> np.ndarray:
    x = np.asarray(x, float).reshape(-1)
    return x[np.isfinite(x)]


def _histogram(x: np.ndarray, edges: np.ndarray, steps: np.ndarray) -> Histogram:
    count = len(edges) - 1
    counts = np.bincount(np.minimum(steps, count - 1), minlength=count)
    with np.errstate(over="ignore"):
        return Histogram(edges, counts, float(x.min()), float(x.max()), float(x.sum()), float(x @ x))
