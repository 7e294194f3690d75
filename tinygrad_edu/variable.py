"""Variable: a Tensor with a name, which a layer owns and an optimizer changes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .tensor import Tensor


class Variable(Tensor):
    """A named Tensor whose array stays where it is, so that optimizers can change it in place.

    Args:
        data: initial numbers; copied.
        name: what it is called in its layer, "kernel".
        trainable: whether an optimizer may change it.
    """

    __slots__ = ("name", "path", "trainable")

    def __init__(self, data: Any, dtype: Any = None, name: str = "variable", trainable: bool = True):
        super().__init__(data, dtype, requires_grad=trainable)
        self.array = np.ascontiguousarray(self.array).reshape(self.shape)  # optimizers change it in place, as a flat array
        self.name = self.path = name
        self.trainable = trainable

    def relabel(self, path: str) -> None:
        """Say where this weight belongs: "dense_1/kernel"."""
        self.path = path
        if self.node is not None:
            self.node.label = path

    def __repr__(self) -> str:
        return f"<Variable {self.path} {self.shape} {self.dtype}>"

    def __reduce__(self) -> tuple:
        return Variable, (self.array, None, self.name, self.trainable)
