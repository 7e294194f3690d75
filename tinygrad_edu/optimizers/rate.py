"""The learning rate of an optimizer: a number that can be changed, or a function that is asked at every step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..registry import serialize
from ..variable import Variable
from . import schedules
from .arguments import number, required_arguments


def at_once(numbers: Callable) -> Callable:
    """Say of a method `numbers` that it may be asked for many steps at once: for an array of steps, and one of rates or one rate.

    Compiled steps then ask once, not at every step; what comes out as a number is the same at all of them.
    """
    numbers.at_once = True  # type: ignore[attr-defined]
    return numbers


class LearningRate:
    """What `learning_rate=` was given.

    Args:
        owner: name of the optimizer's class, for messages.
        given: a number; a schedule, or a function of the number of steps done; a function without arguments;
            the config of a schedule.
    """

    def __init__(self, owner: str, given: Any):
        self.owner = owner
        self.number = Variable(0.0, "float64", name="learning_rate", trainable=False)
        self.schedule: Callable | None = None
        self.set(given)

    def set(self, given: Any) -> None:
        """Take another number, schedule or function. A schedule is not silently replaced by a number.

        Raises:
            TypeError: for a number where there is a schedule, and for what is neither.
            ValueError: for a number below 0, or that is not finite.
        """
        if isinstance(given, dict):
            given = schedules.get(given)
        if callable(given):
            self.counts, self.schedule = self._counts(given), given
            return
        if self.schedule is not None:
            raise TypeError(
                f"{self.owner} expects no other learning_rate while a schedule rules, got {given!r} beside {self.schedule!r}. "
                "Build the optimizer with a number if a callback is to change it."
            )
        self.number.array[...] = self._checked(given)

    def at(self, step: int) -> float:
        """The rate of a step, of which `step` have gone before."""
        if self.schedule is None:
            return float(self.number.array)
        return self._checked(self.schedule(step) if self.counts else self.schedule())

    def config(self) -> Any:
        """As plain data, from which `LearningRate` makes it again."""
        if self.schedule is None:
            return float(self.number.array)
        written = serialize(self.schedule)
        return {"class_name": "function", "config": written} if isinstance(written, str) else written

    def _counts(self, function: Callable) -> bool:
        """Whether a function wants to know the step."""
        required = required_arguments(function)
        if len(required) > 1:
            raise TypeError(f"{self.owner} expects a schedule or a function of the step or of nothing, got one of {required}.")
        return bool(required)

    def __str__(self) -> str:
        if self.schedule is None:
            return f"{float(self.number.array):g}"
        named = getattr(self.schedule, "name", None) or getattr(self.schedule, "__name__", None)
        return str(named or self.schedule)

    def _checked(self, rate: Any) -> float:
        if rate is None and self.schedule is not None:
            raise ValueError(f"{self.owner} expects its schedule to return a number >= 0, got None from {self.schedule!r}.")
        return number(self.owner, "learning_rate", rate, hint="Try 0.01.")


class Rate(float):
    """A learning rate as a number that remembers its optimizer, so that it can be assigned to.

    >>> from tinygrad_edu.optimizers import SGD
    >>> optimizer = SGD(0.5)
    >>> optimizer.lr.assign(optimizer.lr / 2)
    >>> optimizer.lr == 0.25
    True
    """

    optimizer: Any

    def __new__(cls, value: float, optimizer: Any) -> Rate:
        rate = super().__new__(cls, value)
        rate.optimizer = optimizer
        return rate

    def assign(self, value: Any) -> None:
        """`optimizer.learning_rate = value`."""
        self.optimizer.learning_rate = value

    def numpy(self) -> np.float64:
        """As a number of NumPy's."""
        return np.float64(self)

    def __reduce__(self) -> tuple:
        return float, (float(self),)
