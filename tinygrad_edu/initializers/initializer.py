"""What all initializers share: the call, the seed, and how they are found by name."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import random
from ..config import floatx
from ..registry import Configurable, Registry

registry = Registry("initializer", adopt=lambda found: _with_dtype(found), none=lambda: None)
serialize, deserialize = registry.serialize, registry.deserialize


class Initializer(Configurable):
    """Makes an array of a shape: `initializer(shape, dtype=None)`. Subclasses say how in `draw(shape)`.

        >>> class Checkered(Initializer):
        ...     def draw(self, shape):
        ...         return np.indices(shape).sum(axis=0) % 2
        >>> Checkered()((2, 3))
        array([[0., 1., 0.],
               [1., 0., 1.]], dtype=float32)

    Shapes: a sequence of whole numbers, None of which is negative -> an array of that shape, new at every call, of
    `dtype` or else of `backend.floatx()`.

    Raises:
        TypeError: for a shape that is no sequence of whole numbers.
        ValueError: for a length below 0.

    A subclass may also define `__call__(shape, dtype=None)` itself, as in Keras.
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        return fresh(self.draw(as_shape(shape)), dtype)

    def draw(self, shape: tuple[int, ...]) -> Any:
        """Values for an array of `shape`."""
        raise NotImplementedError(f"{type(self).__name__} expects a method draw(shape).")

    def clone(self) -> Initializer:
        """Another one like it; of an unseeded one, with numbers of its own."""
        return type(self).from_config(self.get_config())


class RandomInitializer(Initializer):
    """Draws at random. Subclasses say how in `sample(rng, shape)`.

    Args:
        seed: a whole number for the same numbers at every call, None for new ones at every call, or a
            `random.SeedGenerator` for a row of them that is the same in every run.

    Keras 3 gives the same numbers at every call without a seed too, and Keras 2 new ones even with a seed, but the
    same in every run, as a `SeedGenerator` does here.
    """

    def __init__(self, seed: Any = None):
        self.seed = random.as_seed(seed)

    def draw(self, shape):
        return self.sample(random.generator(self.seed), shape)

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Numbers of `shape`, drawn from `rng`."""
        raise NotImplementedError(f"{type(self).__name__} expects a method sample(rng, shape).")


@registry.add_class
class FunctionInitializer(Initializer):
    """A function as an initializer, for those that do not take (shape, dtype) by position: what `get` makes of them.

    Args:
        function: makes an array or a Tensor of a shape; it is told the dtype if it has an argument of that name.
    """

    def __init__(self, function: Callable):
        self.function = function

    def __call__(self, shape, dtype=None):
        wanted = {"dtype": dtype or floatx()} if "dtype" in _parameters(self.function) else {}
        return fresh(self.function(as_shape(shape), **wanted), dtype)

    @classmethod
    def from_config(cls, config):
        """The initializer of the function that `config` names."""
        return registry.get(config["function"])


def fresh(values: Any, dtype: Any) -> np.ndarray:
    """`values` as an array that nobody else holds, of `dtype`; None means `backend.floatx()`."""
    return np.array(values, dtype or floatx(), order="C")


def as_shape(shape: Any) -> tuple[int, ...]:
    """`shape` as a tuple of ints >= 0."""
    try:
        lengths = tuple(map(operator.index, shape))
    except TypeError:
        raise TypeError(f"An initializer expects a shape, a sequence of whole numbers, got {shape!r}. Try (3, 2).") from None
    if any(n < 0 for n in lengths):
        raise ValueError(f"An initializer expects lengths >= 0, got shape {lengths}.")
    return lengths


def _with_dtype(initializer: Callable) -> Callable:
    """Any callable as one of (shape, dtype)."""
    second = list(_parameters(initializer).values())[1:2]
    if any(p.kind is p.VAR_POSITIONAL or (p.name == "dtype" and p.kind is not p.KEYWORD_ONLY) for p in second):
        return initializer
    return FunctionInitializer(initializer)


def _parameters(function: Callable) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(function).parameters)
    except ValueError:  # written in C, and silent about itself
        return {}
