"""Variable: a Tensor with a name, which a layer owns and an optimizer changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .tensor import Tensor


class Variable(Tensor):
    """A named Tensor whose array stays where it is, so that optimizers can change it in place.

    Args:
        data: initial numbers; copied.
        name: what it is called in its layer, "kernel".
        trainable: whether an optimizer may change it.

    Attributes:
        regularizer: function from the weight to a penalty that is added to the loss, or None.
        constraint: function from the weight to the one it becomes after every step of an optimizer, or None.
    """

    __slots__ = ("constraint", "name", "path", "regularizer", "trainable")

    def __init__(self, data: Any, dtype: Any = None, name: str = "variable", trainable: bool = True):
        super().__init__(data, dtype, requires_grad=trainable)
        self.array = np.ascontiguousarray(self.array).reshape(self.shape)  # optimizers change it in place, as a flat array
        self.name = self.path = name
        self.trainable = trainable
        self.regularizer: Callable | None = None
        self.constraint: Callable | None = None

    def relabel(self, path: str) -> None:
        """Say where this weight belongs: "dense_1/kernel"."""
        self.path = path
        if self.node is not None:
            self.node.label = path

    def __repr__(self) -> str:
        return f"<Variable {self.path} {self.shape} {self.dtype}>"

    def __reduce__(self) -> tuple:
        return Variable, (self.array, None, self.name, self.trainable)
