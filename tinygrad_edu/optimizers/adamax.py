"""Adamax: Adam with the largest gradient in the place of the root mean square."""

from __future__ import annotations

from typing import Any

from ..compat import Default
from ..kernel import kernel
from .arguments import fuzz_factor, share
from .optimizer import Optimizer, register
from .rate import at_once


@register
class Adamax(Optimizer):
    """Momentum divided by the largest recent gradient, older ones counting less.

        m <- b1 m + (1-b1) g        u <- max(b2 u, |g|)
        p <- p - rate / (1-b1^t) · m / (u + eps),        t = 1, 2, ...

    Args:
        learning_rate: step size; 0.002 in the paper and in Keras 2.
        beta_1: b1, share of the mean that lives on, in [0, 1).
        beta_2: b2, share of the largest that lives on, in [0, 1).
        epsilon: keeps the quotient finite, the paper has none; None means `backend.epsilon()`.
        **kwargs: as of `Optimizer`.

    Source: Kingma & Ba (2015), algorithm 2.
    """

    slots = "m", "u"

    def __init__(
        self,
        learning_rate: Any = Default(0.001),
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        **kwargs: Any,
    ):
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2 = share("Adamax", "beta_1", beta_1), share("Adamax", "beta_2", beta_2, hint="Try 0.999.")
        self.epsilon = fuzz_factor("Adamax", epsilon)

    @at_once
    def numbers(self, rate, step):
        b1 = self.beta_1
        return rate / (1 - b1**step), b1, 1 - b1, self.beta_2, self.epsilon

    @property
    def loop(self):
        return adamax


@kernel
def adamax(p, g, m, u, c):
    """c is (rate with its correction, b1, 1 - b1, b2, eps)."""
    rate, b1, c1, b2, eps = c[0], c[1], c[2], c[3], c[4]
    for i in range(p.size):
        m[i] = b1 * m[i] + c1 * g[i]
        size = abs(g[i])
        u[i] = size if size > b2 * u[i] else b2 * u[i]
        p[i] -= rate * m[i] / (u[i] + eps)
