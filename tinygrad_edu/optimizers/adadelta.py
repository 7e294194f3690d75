"""Adadelta: steps as long as the steps before, so that no learning rate is needed."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..compat import Default
from ..kernel import kernel
from .arguments import fuzz_factor, share
from .optimizer import Optimizer, register
from .rate import at_once


@register
class Adadelta(Optimizer):
    """Divides the gradient by its running size and multiplies it by the running size of the steps.

        E <- rho E + (1-rho) g²        d = -sqrt(D + eps) / sqrt(E + eps) · g
        D <- rho D + (1-rho) d²        p <- p + rate · d

    Args:
        learning_rate: factor on the steps. The paper has none, which is 1.0, as in Keras 2.
        rho: share of the running sizes that lives on, in [0, 1).
        epsilon: where the steps begin: the first is about sqrt(eps); None means `backend.epsilon()`.
        **kwargs: as of `Optimizer`.

    Source: Zeiler (2012), algorithm 1.
    """

    slots = "gradients", "steps"

    def __init__(self, learning_rate: Any = Default(0.001), rho: float = 0.95, epsilon: float | None = 1e-7, **kwargs: Any):
        super().__init__(learning_rate, **kwargs)
        self.rho = share("Adadelta", "rho", rho, hint="Try 0.95.")
        self.epsilon = fuzz_factor("Adadelta", epsilon)

    @at_once
    def numbers(self, rate, step):
        return rate, self.rho, 1 - self.rho, self.epsilon

    @property
    def loop(self):
        return adadelta


@kernel
def adadelta(p, g, E, D, c):
    """Sizes of the gradients in E and of the steps in D; c being (rate, rho, 1 - rho, eps)."""
    rate, rho, rest, eps = c[0], c[1], c[2], c[3]
    for i in range(p.size):
        E[i] = rho * E[i] + rest * g[i] * g[i]
        d = np.sqrt((D[i] + eps) / (E[i] + eps)) * g[i]
        D[i] = rho * D[i] + rest * d * d
        p[i] -= rate * d
