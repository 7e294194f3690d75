"""LAMB: Adam whose steps are as long, beside their weight, in every layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..compat import Default
from ..kernel import kernel
from .arguments import fuzz_factor, share
from .optimizer import Optimizer, register
from .rate import at_once


@register
class Lamb(Optimizer):
    """Adam's direction, scaled to the length of the weight that it moves; for very large batches.

        m <- b1 m + (1-b1) g        v <- b2 v + (1-b2) g²
        d = m̂ / (sqrt(v̂) + eps),        m̂ = m / (1-b1^t),        v̂ = v / (1-b2^t)
        p <- p - rate · ‖p‖ / ‖d‖ · d;        the quotient is 1 where p or d is 0

    Args:
        learning_rate: length of a step, as a share of the weight's length.
        beta_1: b1, share of the mean that lives on, in [0, 1).
        beta_2: b2, share of the mean square that lives on, in [0, 1).
        epsilon: keeps the quotient finite; None means `backend.epsilon()`.
        **kwargs: as of `Optimizer`.

    Source: You et al. (2020), algorithm 2; its decay is here `weight_decay`, apart from the direction, as in Keras 3.
    """

    slots = "m", "v"

    def __init__(
        self,
        learning_rate: Any = Default(0.001),
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        **kwargs: Any,
    ):
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2 = share("Lamb", "beta_1", beta_1), share("Lamb", "beta_2", beta_2, hint="Try 0.999.")
        self.epsilon = fuzz_factor("Lamb", epsilon)

    @at_once
    def numbers(self, rate, step):
        b1, b2 = self.beta_1, self.beta_2
        return rate, b1, 1 - b1, b2, 1 - b2, 1 / (1 - b1**step), 1 / (1 - b2**step), self.epsilon

    @property
    def loop(self):
        return lamb


@kernel
def lamb(p, g, m, v, c):
    """c is (rate, b1, 1 - b1, b2, 1 - b2, 1 / (1 - b1^t), 1 / (1 - b2^t), eps)."""
    b1, c1, b2, c2, m_factor, v_factor, eps = c[1], c[2], c[3], c[4], c[5], c[6], c[7]
    for i in range(p.size):
        m[i] = b1 * m[i] + c1 * g[i]
        v[i] = b2 * v[i] + c2 * g[i] * g[i]
    rate = c[0] * p.dtype.type(lengths(p, m, v, c))
    for i in range(p.size):
        p[i] -= rate * (m_factor * m[i] / (np.sqrt(v_factor * v[i]) + eps))


@kernel(reorder=True)
def lengths(p, m, v, c):
    """‖p‖ / ‖d‖, in float64; d is computed again where it is needed, and kept nowhere."""
    m_factor, v_factor, eps = c[5], c[6], c[7]
    length = step = 0.0
    for i in range(p.size):
        d, w = np.float64(m_factor * m[i] / (np.sqrt(v_factor * v[i]) + eps)), np.float64(p[i])
        length += w * w
        step += d * d
    return math.sqrt(length) / math.sqrt(step) if length and step else 1.0
