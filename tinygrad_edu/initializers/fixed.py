"""Initializers that give the same at every call: constants, given values, the identity."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arguments import number
from .initializer import Initializer, registry


class Zeros(Initializer):
    """All 0. As kernels they never learn: every unit of a layer stays the same as every other.

        >>> Zeros()((2, 3), dtype="int64").tolist()
        [[0, 0, 0], [0, 0, 0]]

    Source: Rumelhart, Hinton & Williams (1986) say why: equal weights get equal gradients.
    """

    def draw(self, shape):
        return np.zeros(shape)


class Ones(Initializer):
    """All 1: what a scale begins with, that of BatchNormalization for one."""

    def draw(self, shape):
        return np.ones(shape)


class Constant(Initializer):
    """The same number everywhere, or an array repeated along the axes that it has not.

        >>> Constant([1, 2])((3, 2)).tolist()
        [[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]

    Args:
        value: a number, or an array that broadcasts to the shapes asked for.

    Raises:
        ValueError: in the call, for a shape that the value does not broadcast to.
    """

    def __init__(self, value: Any = 0.0):
        self.value = value

    def draw(self, shape):
        own = np.shape(self.value)
        if not self._fits(own, shape):
            raise ValueError(f"{type(self).__name__} expects a shape that its value of shape {own} fits, got {shape}.")
        return np.broadcast_to(self.value, shape)

    def _fits(self, own: tuple[int, ...], shape: tuple[int, ...]) -> bool:
        return len(own) <= len(shape) and all(n in (1, m) for n, m in zip(own[::-1], shape[::-1]))


class FixedValues(Constant):
    """Given values, for weights of just their shape; what an array stands for where an initializer is expected.

        >>> from tinygrad_edu.layers import Dense
        >>> Dense(2, kernel_initializer=np.array([[1.0, 2.0], [3.0, 4.0]]))([[1.0, 1.0]]).tolist()
        [[4.0, 6.0]]

    Args:
        value: the values: an array, a Tensor or nested lists; copied.

    Raises:
        ValueError: in the call, for another shape.

    Not in Keras under a name.
    """

    def __init__(self, value: Any):
        super().__init__(np.array(value))

    def _fits(self, own, shape):
        return own == shape


class Identity(Initializer):
    """`gain` on the diagonal of a matrix, square or not, 0 elsewhere: a layer that begins as `gain` times its input.

        >>> Identity(2)((2, 3)).tolist()
        [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]

    Args:
        gain: the number on the diagonal.

    Raises:
        ValueError: in the call, for a shape that is no matrix's.

    Source: Le, Jaitly & Hinton (2015), for recurrent kernels.
    """

    def __init__(self, gain: float = 1.0):
        self.gain = number("Identity", "gain", gain, low=-np.inf)

    def draw(self, shape):
        if len(shape) != 2:
            raise ValueError(f"Identity expects the shape of a matrix, got {shape}. Use Orthogonal for more axes.")
        return self.gain * np.eye(*shape)


registry.add_class(Zeros, "zero")
registry.add_class(Ones, "one")
registry.add_class(Constant)
registry.add_class(FixedValues)
registry.add_class(Identity, "IdentityInitializer")
