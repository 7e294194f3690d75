"""Exponentially weighted averages: of a series of numbers, and of the weights of a model.

    v <- beta · v + (1 - beta) · x

looks back over about 1 / (1 - beta) values. It is the first half of momentum, RMSprop and Adam.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernel import kernel
from .arguments import share


def ewa(series: Any, beta: float = 0.9, bias_correction: bool = False) -> np.ndarray:
    """Exponentially weighted average of a series, from V_0 = 0: V_t = beta V_{t-1} + (1 - beta) S_t.

    The first values are too small, because V_0 counts as a value; the correction divides by what the weights of
    the true values sum to, 1 - beta^t, so that the first average is the first value.

    >>> ewa([1.0, 1.0, 1.0], beta=0.5)
    array([0.5  , 0.75 , 0.875])
    >>> ewa([1.0, 1.0, 1.0], beta=0.5, bias_correction=True)
    array([1., 1., 1.])

    Shapes: (steps, ...) -> (steps, ...).

    Args:
        series: numbers, or arrays along the first axis.
        beta: share of the past, in [0, 1): 0.9 looks back over about 10 values, 0.98 over 50.
        bias_correction: whether to divide by 1 - beta^t, t = 1, 2, ...

    Raises:
        ValueError: for beta outside [0, 1), or a series that is a single number.

    Source: Kingma & Ba (2015), section 3, for the correction.
    """
    beta = share("ewa", "beta", beta)
    values = np.asarray(series, float)
    if not values.ndim:
        raise ValueError(f"ewa expects a series of numbers, got {series!r}. Pass a list.")
    averages = np.empty_like(values)
    v = np.zeros(values.shape[1:])
    for t, value in enumerate(values, start=1):
        v = beta * v + (1 - beta) * value
        averages[t - 1] = v / (1 - beta**t) if bias_correction else v
    return averages


@kernel
def approach(average, p, c):
    """average <- average + c (p - average), c being 1 - beta."""
    share = c[0]
    for i in range(p.size):
        average[i] += share * (p[i] - average[i])
