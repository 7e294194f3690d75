"""Rates that stay for a while and then drop."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .schedule import LearningRateSchedule, register


@register
class StepDecay(LearningRateSchedule):
    """rate(e) = initial · drop^floor((e + offset) / epochs_drop): a drop every so many epochs.

    >>> [StepDecay(0.1, drop=0.5, epochs_drop=10)(epoch) for epoch in (0, 8, 9, 19)]
    [0.1, 0.1, 0.05, 0.025]

    Args:
        initial: rate before the first drop.
        drop: what the rate is multiplied by.
        epochs_drop: epochs between two drops.
        offset: 1 counts epochs from 1, as the well-known `step_decay` does, so that the first drop comes one epoch
            early, after `epochs_drop - 1` epochs; 0 waits for full `epochs_drop`.
    """

    def __init__(self, initial: float, drop: float, epochs_drop: float, offset: float = 1, **kwargs: Any):
        super().__init__(**kwargs)
        self.initial, self.drop = self._rate("initial", initial), self._rate("drop", drop)
        self.epochs_drop, self.offset = self._span("epochs_drop", epochs_drop), self._rate("offset", offset)

    def __call__(self, step):
        return self.initial * self.drop ** math.floor((step + self.offset) / self.epochs_drop)


@register
class PiecewiseConstantDecay(LearningRateSchedule):
    """rate(t) = values[i] for the first boundary i with t <= boundaries[i], the last value beyond all.

    A boundary still belongs to the value before it: where a function says `if epoch < 5`, the boundary is 4.

    >>> [PiecewiseConstantDecay([4, 14], [0.01, 0.005, 0.001])(epoch) for epoch in (4, 5, 14, 15)]
    [0.01, 0.005, 0.005, 0.001]

    Args:
        boundaries: steps in increasing order.
        values: rates, one more than boundaries.
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], **kwargs: Any):
        super().__init__(**kwargs)
        self.boundaries, self.values = list(boundaries), [self._rate("values", value) for value in values]
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                f"{self.name} expects one value more than boundaries, got {len(self.values)} values "
                f"for {len(self.boundaries)} boundaries."
            )
        if sorted(self.boundaries) != self.boundaries:
            raise ValueError(f"{self.name} expects boundaries in increasing order, got {self.boundaries}.")

    def __call__(self, step):
        return self.values[int(np.searchsorted(self.boundaries, step, side="left"))]
