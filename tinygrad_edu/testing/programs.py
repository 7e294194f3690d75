"""Programs: lists of steps that each apply an op to earlier values. Every graph is one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import ops
from ..record import Op


def half_sum(x, y):
    """(x + y) / 2, which does not grow from step to step."""
    return (x + y) * 0.5


def bounded_product(x, y):
    """sin(x) y, which does not grow either."""
    return ops.sin(x) * y


SMOOTH: tuple[Callable, ...] = (ops.tanh, ops.sin, ops.cos, ops.sigmoid, ops.negative, half_sum, ops.subtract, bounded_product)


class Step(NamedTuple):
    """One op and the places of its inputs: leaves first, then the results of earlier steps."""

    function: Callable
    places: tuple[int, ...]


class Program:
    """A function of some leaves: step by step, then the sum of all values that no step used, so that nothing is lost.

    >>> program = Program(2, [Step(ops.tanh, (0,)), Step(half_sum, (2, 2)), Step(ops.subtract, (3, 1))])
    >>> program
    v2 = tanh(v0)
    v3 = half_sum(v2, v2)
    v4 = subtract(v3, v1)
    return v4.sum()
    >>> print(program(np.zeros(3), np.ones(3)))
    -3.0
    """

    def __init__(self, leaves: int, steps: Sequence[Step]):
        self.leaves = leaves
        self.steps = list(steps)
        used = {place for step in self.steps for place in step.places}
        self.ends = [place for place in range(leaves + len(self.steps)) if place not in used]

    def __call__(self, *leaves: Any) -> Any:
        """The sum of the values at the ends, for Tensors or for arrays."""
        values = self.values(*leaves)
        total = ops.sum(values[self.ends[0]])
        for end in self.ends[1:]:
            total = total + ops.sum(values[end])
        return total

    def values(self, *leaves: Any) -> list:
        """The leaves, then the result of every step."""
        if len(leaves) != self.leaves:
            raise TypeError(f"A program of {self.leaves} leaves expects as many values, got {len(leaves)}. Pass one for each.")
        values = list(leaves)
        for function, places in self.steps:
            values.append(function(*(values[place] for place in places)))
        return values

    @property
    def diamonds(self) -> int:
        """How many values are used more than once: where gradients must add up."""
        uses = np.bincount([place for step in self.steps for place in step.places], minlength=1)
        return int((uses > 1).sum())

    def __repr__(self) -> str:
        lines = [
            f"v{self.leaves + n} = {name_of(function)}({', '.join(f'v{place}' for place in places)})"
            for n, (function, places) in enumerate(self.steps)
        ]
        return "\n".join([*lines, "return " + " + ".join(f"v{end}.sum()" for end in self.ends)])


def name_of(function: Callable) -> str:
    """What an op or a plain function is called."""
    return getattr(function, "__name__", repr(function))


def arity_of(function: Callable) -> int:
    """How many Tensors a function takes: its inputs if it is an op, else its arguments without a default.

    >>> arity_of(ops.tanh), arity_of(ops.where), arity_of(half_sum), arity_of(lambda x, scale=2: x * scale)
    (1, 3, 2, 1)
    """
    op = getattr(function, "op", None)
    if isinstance(op, Op):
        return op.arity
    wanted = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    arity = sum(p.kind in wanted and p.default is p.empty for p in parameters)
    if not arity:
        raise TypeError(f"A step expects a function whose Tensors have names, got {name_of(function)}. Write lambda x: f(x).")
    return arity
