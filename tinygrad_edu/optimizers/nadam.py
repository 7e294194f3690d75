"""Nadam: Adam whose momentum looks ahead."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..compat import Default
from ..kernel import kernel
from .arguments import fuzz_factor, number, share
from .optimizer import Optimizer, register
from .rate import at_once


@register
class Nadam(Optimizer):
    """Adam with Nesterov's look-ahead, and a momentum that warms up from b1 / 2 to b1.

        u_t = b1 (1 - 0.96^(t · schedule_decay) / 2),        P_t = u_1 u_2 ... u_t
        m <- b1 m + (1-b1) g        v <- b2 v + (1-b2) g²
        m̂ = u_{t+1} m / (1-P_{t+1}) + (1-u_t) g / (1-P_t)        v̂ = v / (1-b2^t)
        p <- p - rate · m̂ / (sqrt(v̂) + eps),        t = 1, 2, ...

    Args:
        learning_rate: step size; Keras 2 began at 0.002.
        beta_1: b1, share of the mean that lives on, in [0, 1).
        beta_2: b2, share of the mean square that lives on, in [0, 1).
        epsilon: keeps the quotient finite; None means `backend.epsilon()`.
        schedule_decay: how fast the momentum warms up; 1 as in Keras 3, 0.004 in the paper and in Keras 2.
        **kwargs: as of `Optimizer`.

    Source: Dozat (2016), algorithm 2 and section 2.1. Here, as in Keras 3, m is an average with the constant b1.
    """

    slots = "m", "v"

    def __init__(
        self,
        learning_rate: Any = Default(0.001),
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        schedule_decay: float = 1.0,
        **kwargs: Any,
    ):
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2 = share("Nadam", "beta_1", beta_1), share("Nadam", "beta_2", beta_2, hint="Try 0.999.")
        self.epsilon = fuzz_factor("Nadam", epsilon)
        self.schedule_decay = number("Nadam", "schedule_decay", schedule_decay)
        self._product = (0, 1.0)  # t and P_t, so that each step needs one factor more

    @at_once
    def numbers(self, rate, step):
        u, ahead = self._momentum(step), self._momentum(step + 1)
        product = self._product_of(step)
        along_m = rate * ahead / (1 - product * ahead)
        along_g = rate * (1 - u) / (1 - product)
        return along_m, along_g, self.beta_1, 1 - self.beta_1, self.beta_2, 1 - self.beta_2, 1 - self.beta_2**step, self.epsilon

    def _momentum(self, step: Any) -> Any:
        return self.beta_1 * (1 - 0.5 * 0.96 ** (step * self.schedule_decay))

    def _product_of(self, step: Any) -> Any:
        """P_t, from the one before where it is known; of steps in a row, if there are several."""
        if isinstance(step, np.ndarray):
            factors = self._momentum(step)
            factors[0] = self._product_of(int(step[0]))
            products = np.cumprod(factors)
            self._product = int(step[-1]), float(products[-1])
            return products
        t, product = self._product if self._product[0] <= step else (0, 1.0)
        self._product = step, math.prod(map(self._momentum, range(t + 1, step + 1)), start=product)
        return self._product[1]

    @property
    def loop(self):
        return nadam


@kernel
def nadam(p, g, m, v, c):
    """c is (rates along m and g with their corrections, b1, 1 - b1, b2, 1 - b2, 1 - b2^t, eps)."""
    along_m, along_g, b1, c1, b2, c2, correction, eps = c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]
    for i in range(p.size):
        m[i] = b1 * m[i] + c1 * g[i]
        v[i] = b2 * v[i] + c2 * g[i] * g[i]
        p[i] -= (along_m * m[i] + along_g * g[i]) / (np.sqrt(v[i] / correction) + eps)
