"""One step of training as calls of ops on a tape, of which every array is known to be what: data, a weight, a constant, a result.

What NumPy computes beside the ops is not on the tape: labels in another type, a mask that was drawn. So the step is taken down
twice, of different samples, and no array is believed to be a constant that was not the same both times:

* the result of an earlier call, or a weight: told by the array itself;
* data: an array that holds the numbers of a part of the batch, both times, in whatever shape or type;
* a constant: the same numbers both times;
* anything else depends on the samples in a way that nobody has seen, and the step cannot be compiled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..calculus import enable_grad, gradients
from ..random import SeedGenerator
from ..rerun import Moved
from ..variable import Variable
from .errors import NotCompiledError as NotCompiledError
from .tape import Call, Tape


class Taken(NamedTuple):
    """A step on one batch, taken down. Arrays are told apart by their identity."""

    calls: list[Call]
    tables: list[np.ndarray]  # the parts of the batch
    output: Any
    loss: Any
    gradients: list[Any]
    moved: list[int]  # the numbers of those of the trainable weights that the gradients are of


class Step(NamedTuple):
    """A step whose every array is known to be what.

    Attributes:
        taken: the calls, and what came out.
        kinds: by the id of an array that no call made: ("table", number), ("weight", number) or ("constant", array).
    """

    taken: Taken
    kinds: dict[int, tuple[str, Any]]


def known_step(model: Any, batches: Sequence[tuple]) -> Step:
    """The step of a model, taken down of two batches of one size, whose samples differ.

    Raises:
        NotCompiledError: if it cannot be told what an array is.
    """
    first, second = (take_down(model, batch) for batch in batches)
    if [_form(call) for call in first.calls] != [_form(call) for call in second.calls]:
        raise NotCompiledError("the model calls other ops for other samples")
    weights = {id(weight.array): number for number, weight in enumerate(model.weights)}
    kinds: dict[int, tuple[str, Any]] = {}
    made: set[int] = set()
    for one, other in zip(first.calls, second.calls):
        for x, y in zip(one.inputs, other.inputs):
            if id(x) in weights:
                kinds[id(x)] = "weight", weights[id(x)]
            elif id(x) not in made and id(x) not in kinds:
                kinds[id(x)] = _kind(x, y, first.tables, second.tables, one)
        made.add(id(one.out))
    return Step(first, kinds)


def take_down(model: Any, batch: tuple) -> Taken:
    """The step of a model on one batch: forward, loss, backward. Nothing is left behind of it.

    Raises:
        NotCompiledError: if the step draws random numbers or changes weights by itself.
    """
    x, y, sample_weight = batch
    with Moved() as moved, enable_grad(), Tape() as tape, np.errstate(all="ignore"):
        output = model(x, training=True)
        loss = model.compute_loss(x, y, output, sample_weight)
        found = gradients(model.optimizer.scale_loss(loss), model.trainable_weights, create_graph=True)
    moved.undo()
    for thing in moved.first:
        if isinstance(thing, SeedGenerator):
            raise NotCompiledError("a layer draws random numbers in every step")
        if isinstance(thing, Variable):
            raise NotCompiledError(f"the weight {thing.path!r} is changed by a layer, not by the optimizer")
    numbers = [number for number, g in enumerate(found) if g is not None]
    if not numbers:
        raise NotCompiledError("the loss does not depend on any weight")
    tables = [part.array if hasattr(part, "array") else part for part in (x, y, sample_weight) if part is not None]
    return Taken(tape.calls, tables, output.array, loss.array, [found[i].array for i in numbers], numbers)  # type: ignore[union-attr]


def _form(call: Call) -> tuple:
    return call.op.name, [np.shape(x) for x in call.inputs], repr(call.params), np.shape(call.out)


def _kind(x: Any, y: Any, tables: list, others: list, call: Call) -> tuple[str, Any]:
    """What an array is that was x in one step and y in the other, and that no call made."""
    for number, (table, other) in enumerate(zip(tables, others)):
        if _holds(x, table) and _holds(y, other) and not np.array_equal(table, other):
            return "table", number
    if np.array_equal(x, y, equal_nan=True):
        return "constant", np.asarray(x)
    raise NotCompiledError(f"an input of {call.op.name} {np.shape(x)} depends on the samples, and was not computed with ops")


def _holds(x: Any, table: np.ndarray) -> bool:
    """Whether x has the numbers of a table, in its order; in whatever shape or type."""
    return np.size(x) == table.size and np.array_equal(np.ravel(x), np.ravel(table))
