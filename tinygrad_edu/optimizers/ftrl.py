"""FTRL-Proximal: for many features of which few are ever used; L1 makes true zeros."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..compat import Default
from ..kernel import kernel
from .arguments import number
from .optimizer import Optimizer, register
from .rate import at_once


@register
class Ftrl(Optimizer):
    """Each weight is the best for all gradients so far together, each seen as a slope, and the penalties.

        n' = n + g²        s = (n'^-power - n^-power) / rate
        z <- z + g + 2 l2_shrinkage p - s p        n <- n'
        p <- (clip(z, -l1, l1) - z) / ((beta + n^-power) / rate + 2 l2)

    Args:
        learning_rate: step size, > 0.
        learning_rate_power: power, <= 0: how step sizes fall with n; -0.5 is the root, as in Adagrad.
        initial_accumulator_value: what n begins with.
        l1_regularization_strength: l1.
        l2_regularization_strength: l2, a penalty on the weights.
        l2_shrinkage_regularization_strength: l2_shrinkage, a penalty on the gradient's side.
        beta: makes the first steps smaller.
        **kwargs: as of `Optimizer`.

    Source: McMahan et al. (2013), algorithm 1.
    """

    slots = "n", "z"

    def __init__(
        self,
        learning_rate: Any = Default(0.001),
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **kwargs: Any,
    ):
        super().__init__(learning_rate, **kwargs)
        self.learning_rate_power = number("Ftrl", "learning_rate_power", learning_rate_power, float("-inf"), 0)
        self.initial_accumulator_value = number("Ftrl", "initial_accumulator_value", initial_accumulator_value)
        self.l1_regularization_strength = number("Ftrl", "l1_regularization_strength", l1_regularization_strength)
        self.l2_regularization_strength = number("Ftrl", "l2_regularization_strength", l2_regularization_strength)
        self.l2_shrinkage_regularization_strength = number(
            "Ftrl", "l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength
        )
        self.beta = number("Ftrl", "beta", beta)

    def start(self, slot):
        return self.initial_accumulator_value if slot == "n" else 0.0

    @at_once
    def numbers(self, rate, step):
        if not np.all(rate):
            raise ValueError("Ftrl expects learning_rate > 0, got 0: it divides by the rate.")
        l1, l2 = self.l1_regularization_strength, 2 * self.l2_regularization_strength + self.beta / rate
        return 1 / rate, -self.learning_rate_power, l1, l2, 2 * self.l2_shrinkage_regularization_strength

    @property
    def loop(self):
        return ftrl


@kernel
def ftrl(p, g, n, z, c):
    """c is (1 / rate, -power, l1, 2 l2 + beta / rate, 2 l2_shrinkage)."""
    inverse_rate, power, l1, l2, shrinkage = c[0], c[1], c[2], c[3], c[4]
    for i in range(p.size):
        before = n[i] ** power
        n[i] += g[i] * g[i]
        after = n[i] ** power
        z[i] += g[i] + shrinkage * p[i] - (after - before) * inverse_rate * p[i]
        p[i] = (min(max(z[i], -l1), l1) - z[i]) / (after * inverse_rate + l2)
