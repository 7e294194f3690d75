"""Rates that fall for ever: by a factor, by a quotient, by a power."""

from __future__ import annotations

import math
from typing import Any

from ..arguments import count, number
from .schedule import LearningRateSchedule, register


class _Decay(LearningRateSchedule):
    """What falls with `decay_rate`, each `decay_steps`; all at once at their end if `staircase`."""

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool = False, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.initial_learning_rate = self._rate("initial_learning_rate", initial_learning_rate)
        self.decay_steps = self._span("decay_steps", decay_steps)
        self.decay_rate = self._rate("decay_rate", decay_rate)
        self.staircase = bool(staircase)

    def _spans(self, step: float) -> float:
        """How many times `decay_steps` have gone by."""
        spans = step / self.decay_steps
        return math.floor(spans) if self.staircase else spans


@register
class ExponentialDecay(_Decay):
    """rate(t) = initial · decay_rate^(t / decay_steps): the same factor for each step.

    Args:
        initial_learning_rate: rate at step 0.
        decay_steps: after how many steps the rate is `decay_rate` times what it was.
        decay_rate: that factor.
        staircase: whether to wait for full multiples of `decay_steps`.

    Exponential scheduling "by 0.1 each s epochs" is `LearningRateScheduler(ExponentialDecay(initial, s, 0.1))`.
    """

    def __call__(self, step):
        return self.initial_learning_rate * self.decay_rate ** self._spans(step)


@register
class InverseTimeDecay(_Decay):
    """rate(t) = initial / (1 + decay_rate · t / decay_steps).

    Args: as of `ExponentialDecay`. With `decay_steps=1` it is Keras 2's `decay=decay_rate`.
    """

    def __call__(self, step):
        return self.initial_learning_rate / (1 + self.decay_rate * self._spans(step))


@register
class PowerDecay(LearningRateSchedule):
    """rate(t) = initial / (1 + t / k)^c: half at t = k, if c is 1, and then ever slower.

    Args:
        initial: rate at step 0.
        k: the steps that one more `initial` in the denominator takes; `k=1 / decay` is Keras 2's `decay`.
        c: the power.
    """

    def __init__(self, initial: float, k: float, c: float = 1.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.initial, self.k, self.c = self._rate("initial", initial), self._span("k", k), self._rate("c", c)

    def __call__(self, step):
        return self.initial / (1 + step / self.k) ** self.c


@register
class TimeBasedDecay(LearningRateSchedule):
    """rate(0) = initial, rate(e) = rate(e - 1) / (1 + decay · e): the decay adds up from epoch to epoch.

    This is what the widespread table 0.1, 0.0999, 0.0997, 0.0994, 0.0990 follows. It is not Keras 2's `decay`, whose
    denominator grows with the steps and does not multiply up.

    >>> [round(TimeBasedDecay(0.1, 0.001)(epoch), 11) for epoch in range(5)]
    [0.1, 0.0999000999, 0.0997006985, 0.09940249103, 0.09900646517]

    Args:
        initial: rate at epoch 0.
        decay: how much faster the rate falls with each epoch; `decay_over` proposes one.
    """

    def __init__(self, initial: float, decay: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.initial, self.decay = self._rate("initial", initial), self._rate("decay", decay)
        self._rates = [self.initial]

    def __call__(self, step):
        epoch = count("TimeBasedDecay", "epoch", int(step), 0)
        for e in range(len(self._rates), epoch + 1):
            self._rates.append(self._rates[-1] / (1 + self.decay * e))
        return self._rates[epoch]


def decay_over(initial: float, epochs: int) -> float:
    """A first guess at `decay`: the initial rate divided by the number of epochs.

    >>> decay_over(0.1, 50)
    0.002
    """
    return number("decay_over", "initial", initial) / count("decay_over", "epochs", epochs)
