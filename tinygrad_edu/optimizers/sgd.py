"""Stochastic gradient descent, with momentum as an option."""

from __future__ import annotations

from typing import Any

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

    def __init__(self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False, **kwargs: Any):
        super().__init__(learning_rate, **kwargs)
        if not 0 <= momentum <= 1:
            raise ValueError(f"SGD expects momentum in [0, 1], got {momentum!r}. Try 0.9.")
        self.momentum, self.nesterov = float(momentum), bool(nesterov)
        self.slots = ("velocity",) if momentum else ()

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
    for i in range(p.size):
        p[i] -= rate * g[i]


@kernel
def descend_momentum(p, g, v, rate, momentum):
    for i in range(p.size):
        v[i] = momentum * v[i] - rate * g[i]
        p[i] += v[i]


@kernel
def descend_nesterov(p, g, v, rate, momentum):
    for i in range(p.size):
        step = rate * g[i]
        v[i] = momentum * v[i] - step
        p[i] += momentum * v[i] - step
