"""Lion: only the sign of the momentum counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..compat import Default
from ..kernel import kernel
from .arguments import share
from .optimizer import Optimizer, register
from .rate import at_once


@register
class Lion(Optimizer):
    """Every number moves by the same amount, in the direction of a mean of gradients.

        p <- p - rate · sign(b1 m + (1-b1) g)        m <- b2 m + (1-b2) g

    Args:
        learning_rate: step size; about a tenth of what suits Adam.
        beta_1: b1, share of the mean in the direction, in [0, 1).
        beta_2: b2, share of the mean that lives on, in [0, 1).
        **kwargs: as of `Optimizer`.

    Source: Chen et al. (2023), algorithm 2; found by a search over programs.
    """

    slots = ("m",)

    def __init__(self, learning_rate: Any = Default(0.001), beta_1: float = 0.9, beta_2: float = 0.99, **kwargs: Any):
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2 = share("Lion", "beta_1", beta_1), share("Lion", "beta_2", beta_2, hint="Try 0.99.")

    @at_once
    def numbers(self, rate, step):
        return rate, self.beta_1, 1 - self.beta_1, self.beta_2, 1 - self.beta_2

    @property
    def loop(self):
        return lion


@kernel
def lion(p, g, m, c):
    """c is (rate, b1, 1 - b1, b2, 1 - b2)."""
    rate, b1, c1, b2, c2 = c[0], c[1], c[2], c[3], c[4]
    for i in range(p.size):
        p[i] -= rate * np.sign(b1 * m[i] + c1 * g[i])
        m[i] = b2 * m[i] + c2 * g[i]
