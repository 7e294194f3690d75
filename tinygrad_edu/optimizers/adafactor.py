"""Adafactor: running sizes of the gradient that cost almost no memory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..compat import Default
from .arguments import above_zero, number
from .optimizer import Optimizer, register


@register
class Adafactor(Optimizer):
    """Divides the gradient by its running size, of which a matrix keeps only the means of its rows and of its columns.

        s = g² + eps1        b = 1 - t^beta_2_decay,        t = 1, 2, ...
        R <- b R + (1-b) mean of s over columns        C <- b C + (1-b) mean of s over rows        V = R C / mean(R)
        u = g / sqrt(V)        u <- u / max(1, rms(u) / clip_threshold)
        p <- p - rate · max(eps2, rms(p)) · u

    A vector has a V of its own: V <- b V + (1-b) s. Of more than two axes the last two are those of the matrices.

    Args:
        learning_rate: step size, as a share of the root mean square of a weight.
        beta_2_decay: exponent <= 0 of t: how fast the past comes to count more.
        epsilon_1: eps1, keeps squares above 0.
        epsilon_2: eps2, the least size that a weight is taken to have, so that zeros can move.
        clip_threshold: root mean square above which a step is shortened.
        relative_step: whether the rate is at most 1 / sqrt(t); not where it has a schedule.
        **kwargs: as of `Optimizer`.

    Source: Shazeer & Stern (2018), algorithms 4 and 5; without momentum, as in Keras 3. There a matrix has a whole V beside R
    and C, and the rate is at most 1 / sqrt(t) whatever `relative_step` says.
    """

    slots = "rows", "columns", "square"
    flat_slots = False

    def __init__(
        self,
        learning_rate: Any = Default(0.001),
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **kwargs: Any,
    ):
        super().__init__(learning_rate, **kwargs)
        self.beta_2_decay = number("Adafactor", "beta_2_decay", beta_2_decay, -math.inf, 0.0, hint="Try -0.8.")
        self.epsilon_1, self.epsilon_2 = number("Adafactor", "epsilon_1", epsilon_1), number("Adafactor", "epsilon_2", epsilon_2)
        self.clip_threshold = above_zero("Adafactor", "clip_threshold", clip_threshold)
        self.relative_step = bool(relative_step)

    def numbers(self, rate, step):
        if self.relative_step and self.schedule is None:
            rate = min(rate, 1 / math.sqrt(step))
        b = 1 - step**self.beta_2_decay
        return rate, b, 1 - b, self.epsilon_1, self.epsilon_2, self.clip_threshold

    def update(self, p, g, *state):
        rows, columns, square, c = state
        rate, b, rest, eps1, eps2, limit = c
        if not p.size:
            return
        s = g * g + eps1
        if rows.size:
            s = s.reshape(*rows.shape, columns.shape[-1])
            rows[...] = b * rows + rest * s.mean(axis=-1)
            columns[...] = b * columns + rest * s.mean(axis=-2)
            shares = rows / rows.mean(axis=-1, keepdims=True)
            square = (shares[..., None] * columns[..., None, :]).reshape(-1)
        else:
            square = square.reshape(-1)  # a view
            square[:] = b * square + rest * s
        u = g / np.sqrt(square)
        p -= rate * max(eps2, _size(p)) / max(1, _size(u) / limit) * u

    def _new_slot(self, name, weight):
        of_matrix, shape = weight.ndim > 1, weight.shape
        if name not in self.slots:
            return super()._new_slot(name, weight)
        if of_matrix == (name == "square"):
            return np.zeros(0, weight.dtype)
        return np.zeros({"rows": shape[:-1], "columns": (*shape[:-2], *shape[-1:]), "square": shape}[name], weight.dtype)


def _size(x: np.ndarray) -> Any:
    """The root mean square."""
    return np.sqrt(np.mean(x * x))
