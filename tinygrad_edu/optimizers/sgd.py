"""Stochastic gradient descent, with momentum as an option."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..compat import Default
from ..kernel import kernel
from .optimizer import Optimizer, register


@register
class SGD(Optimizer):
    """Steps down the gradient; with momentum, a velocity remembers where it was going.

        v <- momentum · v - rate · g        p <- p + v
        with nesterov:                      p <- p + momentum · v - rate · g

    Args:
        learning_rate: step size.
        momentum: share of the velocity that lives on, in [0, 1].
        nesterov: look ahead along the velocity before stepping.

    Source: Polyak (1964); Nesterov's form as rewritten in Sutskever et al. (2013), section 2.
    """

    def __init__(self, learning_rate: float = Default(0.01), momentum: float = 0.0, nesterov: bool = False, **kwargs: Any):
        super().__init__(learning_rate, **kwargs)
        self.momentum, self.nesterov = momentum, bool(nesterov)

    @property
    def momentum(self) -> float:
        """Share of the velocity that lives on, in [0, 1]."""
        return self._momentum

    @momentum.setter
    def momentum(self, value: Any) -> None:
        if not (isinstance(value, (int, float, np.number)) and 0 <= value <= 1):
            raise ValueError(f"SGD expects momentum in [0, 1], got {value!r}. Try 0.9.")
        self._momentum = float(value)
        self.slots = ("velocity",) if value else ()

    def update(self, p, g, *slots):
        rate, momentum = p.dtype.type(self.learning_rate), p.dtype.type(self.momentum)
        if not slots:
            descend(p, g, rate)
        else:
            (descend_nesterov if self.nesterov else descend_momentum)(p, g, *slots, rate, momentum)

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}


@kernel
def descend(p, g, rate):
    """p <- p - rate g."""
    for i in range(p.size):
        p[i] -= rate * g[i]


@kernel
def descend_momentum(p, g, v, rate, momentum):
    """v <- momentum v - rate g, then p <- p + v."""
    for i in range(p.size):
        v[i] = momentum * v[i] - rate * g[i]
        p[i] += v[i]


@kernel
def descend_nesterov(p, g, v, rate, momentum):
    """v <- momentum v - rate g, then p <- p + momentum v - rate g."""
    for i in range(p.size):
        step = rate * g[i]
        v[i] = momentum * v[i] - step
        p[i] += momentum * v[i] - step
