"""A step that was taken down, done again with NumPy on other data: what every faster way is measured by."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu import gradients
from tinygrad_edu.calculus import enable_grad
from tinygrad_edu.compiled.kinds import Step
from tinygrad_edu.compiled.tape import Call, Draw, Move, Update
from tinygrad_edu.graph import NUMBERS, Value
from tinygrad_edu.rerun import Moved
from tinygrad_edu.structure import flatten


class Again:
    """What a step computes of other tables.

    Attributes:
        wanted: the results.
        moved: the numbers of each Variable that was moved, in the order of the list.
        updates: optimizer and gradients of each update.
    """

    def __init__(self, step: Step, tables: list):
        self.step, self.tables = step, tables
        self.made: dict[int, Any] = {}
        self.moved: list[tuple[Any, np.ndarray]] = []
        self.updates: list[tuple[Any, list]] = []
        self.starts: dict[Any, int] = {}
        for call in step.taken.calls:
            self._do(call)
        self.wanted = [self._number(x) for x in step.taken.wanted]
        for generator, start in self.starts.items():
            generator.counter = start

    def _do(self, call: Any) -> None:
        if isinstance(call, Call):
            self.made[id(call.out)] = call.op.body(*map(self._number, call.inputs), **call.params)
        elif isinstance(call, Draw):
            start = self.starts.setdefault(call.generator, call.generator.counter)
            self.made[id(call.out)] = call.again(start)
        elif isinstance(call, Move):
            new = np.asarray(self._number(call.value)).astype(call.variable.dtype)
            self.made[id(call.variable.array)] = new
            self.moved.append((call.variable, new))
        elif isinstance(call, Update):
            self.updates.append((call.optimizer, [None if g is None else self._number(g) for g in call.gradients]))

    def _number(self, x: Any) -> Any:
        if id(x) in self.made and type(x) not in NUMBERS:
            return self.made[id(x)]
        kind, what = self.step.kinds[id(x)]
        if kind == "constant":
            return x
        found = self.tables[what] if kind == "table" else self.step.taken.weights[what].array
        return np.asarray(found).reshape(np.shape(x)).astype(x.dtype)


def parts(x: Any) -> list:
    return [part.array if isinstance(part, Value) else part for part in flatten(x)[0]]


def eager(model: Any, batch: tuple) -> tuple[list, dict]:
    """What a step gives eagerly, and the numbers that it leaves in what it moves; then all stands as it stood."""
    x, y, sample_weight = batch
    with Moved() as moved, enable_grad(), np.errstate(all="ignore"):
        output = model(x, training=True)
        loss = model.compute_loss(x, y, output, sample_weight)
        found = gradients(loss, model.trainable_weights) if model.trainable_weights else []
    each = [part.array for part in model._objective.parts] if model._objective.reported else []
    after = {thing: thing.array.copy() for thing in moved.first if isinstance(thing, Value)}
    moved.undo()
    return [*parts(output), *each, loss.array, *(g.array for g in found)], after


def assert_replays(step: Step, model: Any, batch: tuple, exact: bool = True) -> Again:
    """A step of a model gives on other data what eager does."""
    again = Again(step, parts(list(batch)))
    wanted, after = eager(model, batch)
    assert len(again.wanted) == len(wanted)
    moved = dict(again.moved)
    assert moved.keys() == after.keys()
    for found, right in zip([*again.wanted, *moved.values()], [*wanted, *(after[variable] for variable in moved)]):
        assert np.shape(found) == np.shape(right)
        if exact:
            np.testing.assert_array_equal(found, right)
        else:
            np.testing.assert_allclose(found, right, 1e-5, 1e-6)
    return again
