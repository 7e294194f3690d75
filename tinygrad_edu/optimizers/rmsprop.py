"""RMSprop: Adagrad that forgets."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..compat import Default
from ..kernel import kernel
from .arguments import fuzz_factor, number, share
from .optimizer import Optimizer, register
from .rate import at_once


@register
class RMSprop(Optimizer):
    """Divides the gradient by the root of its running mean square.

        s <- rho s + (1-rho) g²        p <- p - rate · d,        d = g / sqrt(s + eps)
        centered:    a <- rho a + (1-rho) g,        d = g / sqrt(s - a² + eps)
        momentum:    v <- momentum · v - rate · d,        p <- p + v

    Args:
        learning_rate: step size.
        rho: share of the running means that lives on, in [0, 1).
        momentum: share of the velocity that lives on, in [0, 1]; 0 means no velocity.
        epsilon: keeps the root above 0; None means `backend.epsilon()`.
        centered: whether to divide by the deviation from the running mean instead.
        **kwargs: as of `Optimizer`.

    Source: Tieleman & Hinton (2012), lecture 6.5; centered: Graves (2013), section 4. As in Keras 3, epsilon is inside of the
    root; in Keras 2 it is outside.
    """

    def __init__(
        self,
        learning_rate: Any = Default(0.001),
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float | None = 1e-7,
        centered: bool = False,
        **kwargs: Any,
    ):
        super().__init__(learning_rate, **kwargs)
        self.rho, self.centered = share("RMSprop", "rho", rho), bool(centered)
        self.momentum = number("RMSprop", "momentum", momentum, 0, 1)
        self.epsilon = fuzz_factor("RMSprop", epsilon)
        self.slots = ("square", *("mean",) * self.centered, *("velocity",) * (self.momentum > 0))

    @at_once
    def numbers(self, rate, step):
        return rate, self.momentum, self.rho, 1 - self.rho, self.epsilon

    @property
    def loop(self):
        return LOOPS[self.centered, self.momentum > 0]


@kernel
def rmsprop(p, g, s, c):
    """s <- rho s + (1 - rho) g², then p <- p - rate d, d being g / sqrt(s + eps)."""
    rate, rho, rest, eps = c[0], c[2], c[3], c[4]
    for i in range(p.size):
        s[i] = rho * s[i] + rest * g[i] * g[i]
        p[i] -= rate * g[i] / np.sqrt(s[i] + eps)


@kernel
def rmsprop_momentum(p, g, s, v, c):
    """As `rmsprop`, then v <- momentum v - rate d and p <- p + v."""
    rate, momentum, rho, rest, eps = c[0], c[1], c[2], c[3], c[4]
    for i in range(p.size):
        s[i] = rho * s[i] + rest * g[i] * g[i]
        v[i] = momentum * v[i] - rate * (g[i] / np.sqrt(s[i] + eps))
        p[i] += v[i]


@kernel
def rmsprop_centered(p, g, s, a, c):
    """As `rmsprop`, divided by the deviation from the running mean a."""
    rate, rho, rest, eps = c[0], c[2], c[3], c[4]
    for i in range(p.size):
        s[i] = rho * s[i] + rest * g[i] * g[i]
        a[i] = rho * a[i] + rest * g[i]
        p[i] -= rate * (g[i] / np.sqrt(s[i] - a[i] * a[i] + eps))


@kernel
def rmsprop_centered_momentum(p, g, s, a, v, c):
    """As `rmsprop_momentum`, divided by the deviation from the running mean a."""
    rate, momentum, rho, rest, eps = c[0], c[1], c[2], c[3], c[4]
    for i in range(p.size):
        s[i] = rho * s[i] + rest * g[i] * g[i]
        a[i] = rho * a[i] + rest * g[i]
        v[i] = momentum * v[i] - rate * (g[i] / np.sqrt(s[i] - a[i] * a[i] + eps))
        p[i] += v[i]


LOOPS = {  # by whether it is centered, and whether it has momentum
    (False, False): rmsprop,
    (False, True): rmsprop_momentum,
    (True, False): rmsprop_centered,
    (True, True): rmsprop_centered_momentum,
}
