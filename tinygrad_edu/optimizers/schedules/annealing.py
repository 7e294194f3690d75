"""Rates that reach an end: in a polynomial, or in half a wave of the cosine, once or again and again."""

from __future__ import annotations

import math
from typing import Any

from ..arguments import number
from .schedule import LearningRateSchedule, register


@register
class PolynomialDecay(LearningRateSchedule):
    """rate(t) = (initial - end) · (1 - t / T)^power + end, and `end` from T = decay_steps on.

    Args:
        initial_learning_rate: rate at step 0.
        decay_steps: T.
        end_learning_rate: the last rate.
        power: 1 is a straight line.
        cycle: whether to start again at the height the curve has when T is the next multiple of `decay_steps`.

    Source: Chen et al. (2017), "DeepLab", whose "poly" policy it is.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.initial_learning_rate = self._rate("initial_learning_rate", initial_learning_rate)
        self.decay_steps = self._span("decay_steps", decay_steps)
        self.end_learning_rate = self._rate("end_learning_rate", end_learning_rate)
        self.power, self.cycle = self._rate("power", power), bool(cycle)

    def __call__(self, step):
        end = self.decay_steps * max(1, math.ceil(step / self.decay_steps)) if self.cycle else self.decay_steps
        left = 1 - min(step, end) / end
        return (self.initial_learning_rate - self.end_learning_rate) * left**self.power + self.end_learning_rate


@register
class CosineDecay(LearningRateSchedule):
    """rate(t) = top · ((1 - alpha) · (1 + cos(π t / T)) / 2 + alpha), after a straight way up to the top.

    Args:
        initial_learning_rate: rate at step 0, and the top if there is no way up.
        decay_steps: T, counted from the top.
        alpha: the last rate, as a share of the top.
        warmup_target: the top; None means no way up.
        warmup_steps: length of the way up.

    Source: Loshchilov & Hutter (2017), SGDR; the way up: Goyal et al. (2017).
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        warmup_target: float | None = None,
        warmup_steps: float = 0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.initial_learning_rate = self._rate("initial_learning_rate", initial_learning_rate)
        self.decay_steps = self._span("decay_steps", decay_steps)
        self.alpha, self.warmup_steps = self._rate("alpha", alpha), self._rate("warmup_steps", warmup_steps)
        self.warmup_target = None if warmup_target is None else self._rate("warmup_target", warmup_target)

    def __call__(self, step):
        if self.warmup_target is None:
            return self.initial_learning_rate * _cosine(step / self.decay_steps, self.alpha)
        if step < self.warmup_steps:
            return self.initial_learning_rate + (self.warmup_target - self.initial_learning_rate) * step / self.warmup_steps
        return self.warmup_target * _cosine((step - self.warmup_steps) / self.decay_steps, self.alpha)


@register
class CosineDecayRestarts(LearningRateSchedule):
    """Cosine decay that starts again and again: each period `t_mul` times as long and `m_mul` times as high.

    Args:
        initial_learning_rate: rate at step 0.
        first_decay_steps: length of the first period.
        t_mul: length of a period by that of the one before, >= 1.
        m_mul: height of a period by that of the one before.
        alpha: the last rate of a period, as a share of its height.

    Source: Loshchilov & Hutter (2017), SGDR.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.initial_learning_rate = self._rate("initial_learning_rate", initial_learning_rate)
        self.first_decay_steps = self._span("first_decay_steps", first_decay_steps)
        self.t_mul = number(type(self).__name__, "t_mul", t_mul, 1.0)
        self.m_mul, self.alpha = self._rate("m_mul", m_mul), self._rate("alpha", alpha)

    def __call__(self, step):
        spans = step / self.first_decay_steps
        if self.t_mul == 1:
            period = math.floor(spans)
            done = spans - period
        else:  # the periods are a geometric series
            period = math.floor(math.log(1 - spans * (1 - self.t_mul), self.t_mul) + 1e-12)
            done = (spans - (1 - self.t_mul**period) / (1 - self.t_mul)) / self.t_mul**period
        return self.initial_learning_rate * self.m_mul**period * _cosine(done, self.alpha)


def _cosine(done: float, alpha: float) -> float:
    """From 1 at 0 down to `alpha` at 1, and no further."""
    return (1 - alpha) * (1 + math.cos(math.pi * min(max(done, 0), 1))) / 2 + alpha
