"""Adagrad: a step size for each number, which shrinks the faster the more that number has moved."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..compat import Default
from ..kernel import kernel
from .arguments import fuzz_factor, number
from .optimizer import Optimizer, register
from .rate import at_once


@register
class Adagrad(Optimizer):
    """Divides the gradient by the root of all its squares so far.

        G <- G + g²        p <- p - rate · g / sqrt(G + eps)

    Args:
        learning_rate: step size; Keras 2 began at 0.01.
        initial_accumulator_value: what G begins with.
        epsilon: keeps the root above 0; None means `backend.epsilon()`.
        **kwargs: as of `Optimizer`.

    Source: Duchi, Hazan & Singer (2011). As in Keras 3, epsilon is inside of the root and G begins at 0.1; in Keras 2 it is
    outside, and G begins at 0.
    """

    slots = ("accumulator",)

    def __init__(
        self,
        learning_rate: Any = Default(0.001),
        initial_accumulator_value: float = 0.1,
        epsilon: float | None = 1e-7,
        **kwargs: Any,
    ):
        super().__init__(learning_rate, **kwargs)
        self.initial_accumulator_value = number("Adagrad", "initial_accumulator_value", initial_accumulator_value)
        self.epsilon = fuzz_factor("Adagrad", epsilon)

    def start(self, slot):
        return self.initial_accumulator_value

    @at_once
    def numbers(self, rate, step):
        return rate, self.epsilon

    @property
    def loop(self):
        return adagrad


@kernel
def adagrad(p, g, G, c):
    """G <- G + g², then p <- p - rate g / sqrt(G + eps)."""
    rate, eps = c[0], c[1]
    for i in range(p.size):
        G[i] += g[i] * g[i]
        p[i] -= rate * g[i] / np.sqrt(G[i] + eps)
