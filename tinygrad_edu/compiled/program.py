"""A program: what a step computes, as numbered values and actions on them.

>>> values = Values()
>>> x, two, y = values.new((3,)), values.constant(2.0), values.new((3,))
>>> Action("multiply", (x, two), {}, y)[:2], values.shapes[y], values.is_all(two, 2)
(('multiply', (0, 1)), (3,), True)
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

import numpy as np

from .form import Held


class Action(NamedTuple):
    """What an op does: to which values, with which parameters, and what comes out."""

    name: str
    inputs: tuple[int, ...]
    params: dict[str, Any]
    out: int
    op: Any = None  # the op itself, of what has no opcode


class Values:
    """Numbered values: shapes, types that ops would give them, numbers of those that are constants, the calls they come from."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []
        self.dtypes: list[np.dtype] = []
        self.constants: dict[int, np.ndarray] = {}
        self.calls: dict[int, int] = {}
        self._same: dict[int, int] = {}

    def new(self, shape: tuple[int, ...], dtype: Any = np.float32) -> int:
        """Another value."""
        self.shapes.append(tuple(shape))
        self.dtypes.append(np.dtype(dtype))
        return len(self.shapes) - 1

    def found_for(self, value: int, shape: tuple[int, ...], dtype: Any) -> int:
        """A value that is needed to compute another one, and of the same call."""
        found = self.new(shape, dtype)
        if value in self.calls:
            self.calls[found] = self.calls[value]
        return found

    def constant(self, array: Any) -> int:
        """A value whose numbers are known."""
        array = np.asarray(array)
        number = self.new(array.shape, array.dtype)
        self.constants[number] = array
        return number

    def found_same(self, value: int, as_: int) -> None:
        """Note that a value is another one."""
        self._same[value] = as_

    def of(self, value: int) -> int:
        """The value itself, or the one that it is the same as."""
        while value in self._same:
            value = self._same[value]
        return value

    def is_all(self, value: int, number: float) -> bool:
        """Whether a value is a constant of which all is one number."""
        return value in self.constants and bool(np.all(self.constants[value] == number))


def frozen(value: Any) -> Hashable:
    """Parameters as a key: equal only if they say the same. An axis alone is one in a tuple of one."""
    if isinstance(value, dict):
        return tuple((name, frozen(one)) for name, one in value.items())
    if isinstance(value, (tuple, list)):
        return frozen(value[0]) if len(value) == 1 else tuple(map(frozen, value))
    if isinstance(value, slice):
        return "slice", value.start, value.stop, value.step
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    if isinstance(value, float):
        return type(value), value.hex()  # which tells -0.0 from 0.0, and nan from nothing else
    return (type(value), value) if value.__hash__ else Held(value)


class Program(NamedTuple):
    """Actions, and what of their values is wanted.

    Attributes:
        tables, weights: which values are the parts of the batch, and the weights, by their numbers.
        outputs: what is told of every row.
        parts, loss: the loss of every output by itself, where there are several, and of all; None if there is none.
        gradients: by the weights that are trained.
        moves: weights that have other numbers in the end, by their numbers, and which values.
        writes: what comes out of actions that write to weights on the way, which have to be done.
    """

    values: Values
    actions: list[Action]
    tables: dict[int, int]
    weights: dict[int, int]
    outputs: tuple[int, ...]
    parts: tuple[int, ...] = ()
    loss: int | None = None
    gradients: tuple[int, ...] = ()
    moves: tuple[tuple[int, int], ...] = ()
    writes: tuple[int, ...] = ()

    @property
    def wanted(self) -> list[int]:
        """All that is computed for its own sake."""
        loss = () if self.loss is None else (self.loss,)
        return [*self.outputs, *self.parts, *loss, *self.gradients, *(value for _, value in self.moves), *self.writes]

    def renamed(self, actions: list[Action]) -> Program:
        """The same with other actions, by values of which none is the same as another one."""
        of = self.values.of
        return self._replace(
            actions=actions,
            outputs=tuple(map(of, self.outputs)),
            parts=tuple(map(of, self.parts)),
            loss=None if self.loss is None else of(self.loss),
            gradients=tuple(map(of, self.gradients)),
            moves=tuple((weight, of(value)) for weight, value in self.moves),
        )
