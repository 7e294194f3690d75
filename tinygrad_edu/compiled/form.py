"""What Python holds of a model that its steps depend on, as one value to compare.

A step that was taken down has the numbers in it that Python's objects held then: the rate of a Dropout, the strength of a
penalty, the momentum of an average. A callback may set another one. Then the form is another one, and the step has to be
taken down anew.

    >>> from tinygrad_edu.layers import Dense, Dropout
    >>> from tinygrad_edu.models import Sequential
    >>> model = Sequential([Dense(2, input_shape=(3,)), Dropout(0.5)])
    >>> model.compile("sgd", "mse")
    >>> before = form_of(model)
    >>> form_of(model) == before
    True
    >>> model.layers[1].rate = 0.25
    >>> form_of(model) == before
    False

Seen are plain values in attributes, and in those of objects, lists and dicts in attributes: layers, regularizers, losses,
optimizers. Not seen is what a function reads from elsewhere: globals, closures, files.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import FunctionType
from typing import Any

import numpy as np

from ..config import floatx
from ..graph import Value
from ..initializers import Initializer
from ..modes import current
from ..random import SeedGenerator
from ..variable import Variable

PLAIN = frozenset((type(None), bool, int, float, complex, str, bytes, np.bool_, np.int64, np.float32, np.float64))
WHOLE = FunctionType, type, Value, np.ndarray, np.ufunc, SeedGenerator  # not looked into: what counts is which one it is
LONGEST = 64  # of a list that is looked into
UNSEEN = frozenset(
    (  # what is noted while they work by layers, losses and optimizers, and how they came about
        "built", "name", "named_by_user", "batch_input_shape", "_input_shape", "_output_shape", "_building", "_given_weights",
        "_calls", "_losses", "_trace", "_network", "_weights", "_attributes", "_warned", "_warned_of_one", "batch_loss",
        "history", "stop_training", "compiled_with", "steps_per_execution", "jit_compile", "_course", "_tried", "_frozen",
        "_why_eager", "_scores", "parts", "_states", "_built", "_rate", "_undecayed",
    )
)  # fmt: skip


def form_of(model: Any, weights: Sequence[Any] | None = None) -> tuple:
    """Everything that the steps of a compiled model depend on, but for the numbers in arrays and the learning rate.

    Args:
        weights: all that the model has. Then these and its layers are told by their places in it, so that models that are
            built alike have the same form.
    """
    places = {id(weight): number for number, weight in enumerate(weights or ())}
    names = {} if weights is None else {layer.name: number for number, layer in enumerate(model.layers)}
    found: list[Any] = [floatx(), current().phase]
    left, seen = [getattr(model, "optimizer", None), model], set()
    while left:
        x = left.pop()
        kind = type(x)
        if kind in PLAIN:
            found.append(names.get(x, x))
        elif isinstance(x, Variable):
            found += (places[id(x)], x.shape, x.dtype) if id(x) in places else (Held(x),)
            found.append(x.trainable)
        elif isinstance(x, Initializer):
            continue
        elif isinstance(x, WHOLE):
            found.append(Held(x))
        elif id(x) not in seen:
            seen.add(id(x))
            found.append(kind)
            _look_into(x, found, left)
    return tuple(found)


class Held:
    """Something that equals nothing but itself; it stays alive, so that nothing else can take its address."""

    __slots__ = ("thing",)

    def __init__(self, thing: Any):
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Held) and self.thing is other.thing

    def __hash__(self) -> int:
        return id(self.thing)


def _look_into(x: Any, found: list, left: list) -> None:
    """Note the plain values in an object or a structure; what else there is, is left for later."""
    if isinstance(x, (list, tuple, dict)):
        found.append(len(x))
        if len(x) <= LONGEST:
            left += (*x, *x.values()) if isinstance(x, dict) else x
        return
    attributes = getattr(x, "__dict__", None)
    if not attributes:
        found.append(Held(x))
        return
    for name, value in attributes.items():
        if name in UNSEEN:
            continue
        if type(value) in PLAIN:
            found.append(value)
        else:
            left.append(value)
