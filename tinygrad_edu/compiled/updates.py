"""An optimizer and its weights, as compiled steps need them: arrays, functions, and what each step is told.

What changes from step to step lies in a row for each step, or in one for all if it does not:

    scale | decay | limit | share | overwrites | the `numbers` of the optimizer | five for each constraint that bounds a norm
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ..backward import call_hooks
from ..config import epsilon
from ..constraints import MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from ..optimizers import Optimizer
from .moves import HOOKS, UPDATE, hooks_of, move_of


class Updates:
    """An optimizer that moves some weights, as compiled steps see it.

    Args:
        optimizer: whose slots are made if there are none yet.
        weights: that may be trained.
        numbers: of those that have a gradient, in its order; None means all. The optimizer warns of the others.

    Attributes:
        weights: that it moves.
        missing: paths of those that have no gradient.
        move: how; see `Move`.
        states: of the weights.
    """

    def __init__(self, optimizer: Optimizer, weights: Sequence[Any], numbers: Sequence[int] | None = None):
        self.optimizer, self.trainable = optimizer, list(weights)
        self.numbers = range(len(weights)) if numbers is None else numbers
        self.weights = [self.trainable[number] for number in self.numbers if number < len(weights)]
        self.move, self.states = move_of(optimizer, self.weights), optimizer._states_of(self.weights)
        self.missing = [weight.path for i, weight in enumerate(self.trainable) if i not in self.numbers]

    @property
    def key(self) -> tuple:
        """What it comes to: the same as long as it does the same to the same arrays. Numbers are asked for in every call."""
        arrays = [array for array in self.homes(range(len(self.weights))).values() if isinstance(array, np.ndarray)]
        return self.move, self.optimizer.loss_scale_factor, [id(one) for one in (self.optimizer, *self.trainable, *arrays)]

    def homes(self, numbers: Sequence[int]) -> dict[Any, Any]:
        """What lies outside of an arena, for weights of some numbers; and what is called in Python."""
        found: dict[Any, Any] = {
            (HOOKS, number): functools.partial(_call_hooks, state.variable) for number, state in zip(numbers, self.states)
        }
        if self.move.loop is None:
            return {**found, UPDATE: self._apply}
        for number, state in zip(numbers, self.states):
            found |= {("slot", number, slot): array for slot, array in enumerate(state.arrays)}
            if self.move.averages:
                found["average", number] = state.slots["average"].array
        return found

    def rows(self, count: int, dtype: Any) -> np.ndarray:
        """What the next steps are told: a row for each of them, or one row if it is the same for all."""
        if self.move.loop is None:
            return np.zeros((1, 1), dtype)
        first = self.optimizer.iterations + 1
        columns = self._columns(np.arange(first, first + count))
        if not any(isinstance(column, np.ndarray) for column in columns):
            return np.array([columns], dtype)
        rows = np.empty((count, len(columns)), dtype)
        for i, column in enumerate(columns):
            rows[:, i] = column
        return rows

    def _columns(self, steps: np.ndarray) -> list[Any]:
        """Each a number for every step, or one for all."""
        optimizer, move = self.optimizer, self.move
        rates = _rates(optimizer, steps)
        return [
            optimizer.loss_scale_factor or 1,
            rates * (optimizer.weight_decay or 0),
            getattr(optimizer, move.clip, 0) if move.clip else 0,
            np.where(steps == 1, 1, 1 - optimizer.ema_momentum) if move.averages else 0,
            steps % optimizer.ema_overwrite_frequency == 0 if move.overwrites else 0,
            *_numbers(optimizer, rates, steps),
            *(number for weight in self.weights for number in _bounds(weight.constraint)),
        ]

    def _apply(self, *gradients: np.ndarray) -> None:
        by_number = dict(zip(self.numbers, gradients))
        self.optimizer.apply([by_number.get(i) for i in range(len(self.trainable))], self.trainable)

    def warn(self) -> None:
        """Say which weights have no gradient, as `apply` does."""
        if self.missing and self.move.loop is not None:
            self.optimizer.warn_of_missing(self.missing)

    def done(self, steps: int) -> None:
        """Note that so many steps were taken; Python counts them itself."""
        for state in self.states:
            state.variable.mark_changed()
        if self.move.loop is not None:
            self.optimizer.iterations += steps


@contextlib.contextmanager
def without_hooks(weights: Iterable[Any]) -> Iterator[None]:
    """Let the gradients of some weights be watched by nobody in a block, in which a step is only taken down."""
    kept = [(weight.node.notes, hooks_of(weight)) for weight in weights if hooks_of(weight)]
    for notes, _ in kept:
        notes.hooks = {}
    try:
        yield
    finally:
        for notes, hooks in kept:
            notes.hooks = hooks


def _call_hooks(weight: Any, out: np.ndarray, gradient: np.ndarray) -> None:
    out[...] = call_hooks(weight.node, gradient, None)


def _rates(optimizer: Optimizer, steps: np.ndarray) -> Any:
    """The learning rates of some steps; a number if they are all the same."""
    if optimizer.schedule is not None or type(optimizer).rate_at is not Optimizer.rate_at:
        return np.array([optimizer.rate_at(step) for step in steps.tolist()])
    return optimizer.rate_at(steps if optimizer.decay else 1)  # type: ignore[arg-type]


def _numbers(optimizer: Any, rates: Any, steps: np.ndarray) -> Sequence[Any]:
    if getattr(type(optimizer).numbers, "at_once", False):
        return optimizer.numbers(rates, steps)
    each = np.broadcast_to(rates, steps.shape).tolist()
    return np.array([optimizer.numbers(rate, step) for rate, step in zip(each, steps.tolist())]).T  # type: ignore[return-value]


def _bounds(constraint: Any) -> tuple[float, ...]:
    """What `stretch` is told."""
    if constraint is None or isinstance(constraint, NonNeg):
        return ()
    low, high, rate = {
        MaxNorm: lambda: (0.0, constraint.max_value, 1.0),
        UnitNorm: lambda: (1.0, 1.0, 1.0),
        MinMaxNorm: lambda: (constraint.min_value, constraint.max_value, constraint.rate),
    }[type(constraint)]()
    return low, high, rate, 1 - rate, epsilon()
