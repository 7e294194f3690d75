"""Adam, and what was made of it with little: AMSGrad and AdamW."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..compat import Default
from ..kernel import kernel
from .arguments import fuzz_factor, share
from .optimizer import Optimizer, register
from .rate import at_once


@register
class Adam(Optimizer):
    """Momentum divided by the running size of the gradient.

        m <- b1 m + (1-b1) g        v <- b2 v + (1-b2) g²
        p <- p - rate · sqrt(1-b2^t)/(1-b1^t) · m / (sqrt(v) + eps),        t = 1, 2, ...
        amsgrad: h <- max(h, v) divides in the place of v

    Both averages begin at 0; the factors in t correct for that, so that the first step is `learning_rate` long.

    Args:
        learning_rate: step size: no number in a weight moves much further in one step.
        beta_1: b1, share of the mean that lives on, in [0, 1).
        beta_2: b2, share of the mean square that lives on, in [0, 1).
        epsilon: keeps the quotient finite; None means `backend.epsilon()`.
        amsgrad: whether step sizes may only shrink.
        **kwargs: as of `Optimizer`.

    Source: Kingma & Ba (2015); amsgrad: Reddi, Kale & Kumar (2018). As in Keras, the bias is corrected in the form of the end
    of section 2, with "epsilon hat": algorithm 1 and most textbooks write m̂ / (sqrt(v̂) + eps), which differs in the size of
    eps only, by sqrt(1-b2^t). AMSGrad compares what is not corrected.
    """

    slots: tuple[str, ...] = ("m", "v")

    def __init__(
        self,
        learning_rate: Any = Default(0.001),
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        amsgrad: bool = False,
        **kwargs: Any,
    ):
        super().__init__(learning_rate, **kwargs)
        kind = type(self).__name__
        self.beta_1, self.beta_2 = share(kind, "beta_1", beta_1), share(kind, "beta_2", beta_2, hint="Try 0.999.")
        self.epsilon, self.amsgrad = fuzz_factor(kind, epsilon), bool(amsgrad)
        self.slots = ("m", "v", *("v_max",) * self.amsgrad)

    @at_once
    def numbers(self, rate, step):
        b1, b2 = self.beta_1, self.beta_2
        return rate * (1 - b2**step) ** 0.5 / (1 - b1**step), b1, 1 - b1, b2, 1 - b2, self.epsilon

    @property
    def loop(self):
        return adam_amsgrad if self.amsgrad else adam


@register
class AdamW(Adam):
    """Adam, and apart from it every weight shrinks a little in every step.

        p <- p - rate · weight_decay · p, then as `Adam`

    Adding the penalty's gradient to g instead (`regularizers.L2`) is another thing: Adam would divide it by the running size.

    Args:
        learning_rate: step size.
        weight_decay: share of a weight, times the rate, that each step takes off.
        beta_1, beta_2, epsilon, amsgrad, **kwargs: as of `Adam`.

    Biases and gains are often left alone: `optimizer.exclude_from_weight_decay(var_names=["bias", "gamma"])`.

    Source: Loshchilov & Hutter (2019), algorithm 2.
    """

    def __init__(
        self,
        learning_rate: Any = Default(0.001),
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        amsgrad: bool = False,
        **kwargs: Any,
    ):
        if weight_decay is None:
            raise ValueError("AdamW expects weight_decay to be a number >= 0, got None. Use Adam for none.")
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **kwargs)


@kernel
def adam(p, g, m, v, c):
    """c is (rate with its corrections, b1, 1 - b1, b2, 1 - b2, eps)."""
    rate, b1, c1, b2, c2, eps = c[0], c[1], c[2], c[3], c[4], c[5]
    for i in range(p.size):
        m[i] = b1 * m[i] + c1 * g[i]
        v[i] = b2 * v[i] + c2 * g[i] * g[i]
        p[i] -= rate * m[i] / (np.sqrt(v[i]) + eps)


@kernel
def adam_amsgrad(p, g, m, v, h, c):
    """As `adam`, divided by the largest v so far."""
    rate, b1, c1, b2, c2, eps = c[0], c[1], c[2], c[3], c[4], c[5]
    for i in range(p.size):
        m[i] = b1 * m[i] + c1 * g[i]
        v[i] = b2 * v[i] + c2 * g[i] * g[i]
        h[i] = v[i] if v[i] > h[i] else h[i]
        p[i] -= rate * m[i] / (np.sqrt(h[i]) + eps)
