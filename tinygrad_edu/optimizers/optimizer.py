"""What all optimizers share: the learning rate, the slots, and the walk over the weights."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .. import compat
from ..config import snake_case
from ..registry import Registry
from ..variable import Variable

_registry = Registry("optimizer", callables=False)


def get(identifier: Any) -> Optimizer:
    """The optimizer of a name ("sgd"), new at every call, a class, or an Optimizer."""
    return identifier if isinstance(identifier, Optimizer) else _registry.get(identifier)


def register(cls: type[Optimizer]) -> type[Optimizer]:
    """Class decorator: offer an optimizer by name."""
    _registry.add(cls, snake_case(cls.__name__), cls.__name__)
    return cls


class Optimizer:
    """Changes weights in place, given the gradients of the loss by them.

    A subclass names its `slots`, arrays of a weight's shape that begin at 0, and says in
    `update(p, g, *slots)` how a flat weight and its slots move along a flat gradient.

    Args:
        learning_rate: step size; legacy spelling `lr`.
        name: what it is called in messages.
    """

    slots: tuple[str, ...] = ()

    def __init__(self, learning_rate: float, name: str | None = None, **legacy: Any):
        given = compat.take("optimizer", legacy)
        compat.refuse_unknown(type(self), legacy)
        self.learning_rate = compat.one_of(type(self).__name__, "optimizer", "learning_rate", learning_rate, given)
        self.name = name or snake_case(type(self).__name__)
        self.iterations = 0
        self._flat: dict[Variable, tuple[np.ndarray, ...]] = {}

    @property
    def learning_rate(self) -> float:
        """Step size, a number >= 0; `lr` is the same."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        try:
            rate = float(value)
        except (TypeError, ValueError):
            raise TypeError(f"{type(self).__name__} expects learning_rate to be a number, got {value!r}.") from None
        if not (rate >= 0 and math.isfinite(rate)):
            raise ValueError(f"{type(self).__name__} expects learning_rate >= 0, got {value!r}. Try 0.01.")
        self._learning_rate = rate

    lr = learning_rate

    def apply(self, gradients: Sequence[Any], variables: Sequence[Variable]) -> None:
        """One step: every weight moves along its gradient. A weight whose gradient is None stays."""
        if len(gradients) != len(variables):
            raise ValueError(f"{self} expects a gradient per variable, got {len(gradients)} for {len(variables)}.")
        if variables and all(g is None for g in gradients):
            raise ValueError(f"{self} expects at least one gradient, got None for all. Does the loss depend on the weights?")
        for variable, gradient in zip(variables, gradients):
            if gradient is not None:
                state = self._flat.get(variable, ())
                p, *slots = state if len(state) == 1 + len(self.slots) else self._begin(variable)
                self.update(p, np.ravel(gradient.array), *slots)
                variable.mark_changed()
        self.iterations += 1

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> None:
        """`apply` for pairs (gradient, variable)."""
        gradients, variables = zip(*grads_and_vars)
        self.apply(gradients, variables)

    def update(self, p: np.ndarray, g: np.ndarray, *slots: np.ndarray) -> None:
        raise NotImplementedError(f"{type(self).__name__} expects a method update(p, g, *slots).")

    def _begin(self, variable: Variable) -> tuple[np.ndarray, ...]:
        p = variable.array.reshape(-1)
        self._flat[variable] = (p, *(np.zeros_like(p) for _ in self.slots))
        return self._flat[variable]

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "learning_rate": self.learning_rate}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} learning_rate={self.learning_rate:g} iterations={self.iterations}>"
