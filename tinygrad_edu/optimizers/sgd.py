"""Stochastic gradient descent, with momentum as an option."""

from __future__ import annotations

from typing import Any

from ..compat import Default
from ..kernel import kernel
from .arguments import number
from .optimizer import Optimizer, register
from .rate import at_once


@register
class SGD(Optimizer):
    """Steps down the gradient; with momentum, a velocity remembers where it was going.

        v <- momentum · v - rate · g        p <- p + v
        with nesterov:                      p <- p + momentum · v - rate · g

    Some texts average instead, V <- momentum · V + (1 - momentum) · g, W <- W - rate · V. That is the same walk with a rate
    that is 1 / (1 - momentum) times as large:

        >>> p, w, V = tinygrad_edu.Variable([1.0], "float64"), 1.0, 0.0
        >>> optimizer = SGD(0.5 * (1 - 0.75), momentum=0.75)
        >>> for _ in range(3):
        ...     optimizer.apply([2 * p.numpy()], [p])
        ...     V = 0.75 * V + (1 - 0.75) * (2 * w)
        ...     w = w - 0.5 * V
        >>> p.item() == w
        True

    Nesterov's look-ahead, V <- momentum · V + rate · g(W - momentum · V), W <- W - V, needs the gradient somewhere else than
    at the weights. The form here keeps the point looked at, p = W - momentum · V, as the weight: the same walk, seen from there.

    Args:
        learning_rate: step size.
        momentum: share of the velocity that lives on, in [0, 1].
        nesterov: look ahead along the velocity before stepping; nothing without momentum.
        **kwargs: as of `Optimizer`.

    Source: Polyak (1964); Nesterov's form as rewritten in Sutskever et al. (2013), section 2. As in Keras 2 and 3; PyTorch
    leaves the rate out of the velocity, so that a new rate reaches back.
    """

    def __init__(self, learning_rate: Any = Default(0.01), momentum: float = 0.0, nesterov: bool = False, **kwargs: Any):
        super().__init__(learning_rate, **kwargs)
        self.momentum, self.nesterov = momentum, bool(nesterov)

    @property
    def momentum(self) -> float:
        """Share of the velocity that lives on, in [0, 1]."""
        return self._momentum

    @momentum.setter
    def momentum(self, value: Any) -> None:
        self._momentum = number("SGD", "momentum", value, 0, 1, hint="Try 0.9.")
        self.slots = ("velocity",) if self._momentum else ()

    @at_once
    def numbers(self, rate, step):
        return rate, self.momentum

    @property
    def loop(self):
        if not self._momentum:
            return descend
        return descend_nesterov if self.nesterov else descend_momentum


@kernel
def descend(p, g, c):
    """p <- p - rate g, c being (rate, ...)."""
    rate = c[0]
    for i in range(p.size):
        p[i] -= rate * g[i]


@kernel
def descend_momentum(p, g, v, c):
    """v <- momentum v - rate g, then p <- p + v."""
    rate, momentum = c[0], c[1]
    for i in range(p.size):
        v[i] = momentum * v[i] - rate * g[i]
        p[i] += v[i]


@kernel
def descend_nesterov(p, g, v, c):
    """v <- momentum v - rate g, then p <- p + momentum v - rate g."""
    rate, momentum = c[0], c[1]
    for i in range(p.size):
        step = rate * g[i]
        v[i] = momentum * v[i] - step
        p[i] += momentum * v[i] - step
