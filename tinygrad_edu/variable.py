"""Variable: a Tensor with a name, which a layer owns and an optimizer changes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from .modes import detectors
from .protocols import plain
from .rerun import moves_on
from .tensor import Tensor


class Variable(Tensor):
    """A named Tensor whose array stays where it is, so that optimizers can change it in place.

    Args:
        data: initial numbers; copied.
        dtype: NumPy dtype; None keeps that of `data`.
        name: what it is called in its layer, "kernel".
        trainable: whether an optimizer may change it.
        regularizer: function from the weight to a penalty that is added to the loss, or None.
        constraint: function from the weight to the one it becomes after every step of an optimizer, or None.

    Attributes:
        path: the name after that of the layer, "dense_1/kernel".
    """

    __slots__ = ("constraint", "name", "path", "regularizer", "trainable")

    def __init__(
        self,
        data: Any,
        dtype: Any = None,
        name: str = "variable",
        trainable: bool = True,
        regularizer: Callable | None = None,
        constraint: Callable | None = None,
    ):
        super().__init__(data, dtype, requires_grad=trainable)
        self.array = np.ascontiguousarray(self.array).reshape(self.shape)  # optimizers change it in place, as a flat array
        self.name = self.path = name
        self.trainable = trainable
        self.regularizer, self.constraint = regularizer, constraint

    def relabel(self, path: str) -> None:
        """Say where this weight belongs: "dense_1/kernel"."""
        self.path = path
        if self.node is not None:
            self.node.label = path

    def assign_add(self, value: Any) -> Tensor:
        """Add other numbers, in place."""
        return self.assign(self._now() + plain(value))

    def assign_sub(self, value: Any) -> Tensor:
        """Subtract other numbers, in place."""
        return self.assign(self._now() - plain(value))

    def _now(self) -> Any:
        """The numbers as they are: an array, or a Tensor where somebody looks at what is computed."""
        return self.detach() if detectors else self.array

    def _write(self, key: Any, value: Any) -> Tensor:
        moves_on(self)
        return super()._write(key, value)

    def where_it_stands(self) -> tuple[Any, int]:
        """The numbers, and when they were changed, for `rerun`."""
        return self.array.copy(), self.changed.number if self.changed else 0

    def stand_at(self, place: tuple[Any, int]) -> None:
        """Hold the numbers that it held: changed just then, or, if it holds them already, when they were."""
        numbers, number = place
        if not np.array_equal(self.array, numbers, equal_nan=True):
            self.array[...] = numbers
            self.mark_changed()
        elif self.changed:
            self.changed.number = number

    def __repr__(self) -> str:
        return f"<Variable {self.path} {self.shape} {self.dtype}>"

    def __deepcopy__(self, memo: dict) -> Variable:
        """One of its own, whose regularizer and constraint are copies too: those that the copy of its layer has."""
        make, args = self.__reduce__()
        return make(*copy.deepcopy(args, memo))

    def __reduce__(self) -> tuple:
        return _again, (self.path, self.array, None, self.name, self.trainable, self.regularizer, self.constraint)


def _again(path: str, *args: Any) -> Variable:
    """A variable like the one that was copied or pickled."""
    variable = Variable(*args)
    variable.relabel(path)
    return variable
