"""A model's step, compiled and run: weights stay where they are, the machine moves them batch after batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .errors import NotCompiledError
from .explain import Explanation, explain, names_of
from .fields import LOSSES, ORDER, OUTPUTS, POSITION, RATES, STEP, STRIDE
from .link import Linked, address, as_memory, machine_type, new_state, run_passes, words
from .plans import plan_of_step
from .step import known_step
from .translation import generators_of
from .updates import Updates, without_hooks


class Runner:
    """The compiled step of a model for batches of rows of some arrays.

    Args:
        model: compiled, and built.
        tables: inputs, labels, and weights of samples if there are any.
        batch: the batch of some rows, as eager steps get it: (x, y, sample_weight).
        size: rows of a batch; the last one of a pass may be shorter.

    Raises:
        NotCompiledError: says what stands in the way.
    """

    def __init__(self, model: Any, tables: Sequence[np.ndarray], batch: Callable[[np.ndarray], tuple], size: int):
        self.model, self.optimizer, self.size = model, model.optimizer, size
        self.rows = len(tables[0])
        weights = model.weights
        counts = list(dict.fromkeys((min(size, self.rows), self.rows % size or size)))
        steps: list[Any] = []
        with without_hooks(model.trainable_weights):
            for count in counts:
                batches = [batch(rows) for rows in _two_batches(tables, count)]
                steps.append(known_step(model, batches, steps[0] if steps else None))
        first = steps[0].taken
        self.dtype = machine_type(steps[0])
        self.updates = Updates(model.optimizer, model.trainable_weights, first.moved)
        self.key = self._key(self.updates)
        trained = [next(i for i, w in enumerate(weights) if w is moved) for moved in self.updates.weights]
        self.state = new_state()
        self.linked: dict[int, Linked] = {}
        for count, step in zip(counts, steps):
            homes: dict[Any, Any] = {("weight", i): weight.array for i, weight in enumerate(step.taken.weights)}
            homes |= {("table", i): _as_table(table, self.dtype) for i, table in enumerate(tables)}
            homes |= self.updates.homes(trained)
            plan = plan_of_step(step, count, trained, self.updates.move)
            self.linked[count] = Linked(plan, homes, self.dtype, self.state, generators_of(step))
        self.names = names_of(steps[0], batch(np.arange(1)), self.dtype.itemsize)
        self.width = sum(math.prod(np.shape(output)[1:]) for output in first.outputs)

    @property
    def is_valid(self) -> bool:
        """Whether the same weights are still moved in the same way."""
        return self.key == self._key(Updates(self.model.optimizer, self.model.trainable_weights, self.updates.numbers))

    def _key(self, updates: Updates) -> tuple:
        return updates.key, [id(weight.array) for weight in self.model.weights]

    def run(self, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Train on batches of rows, in that order. Returns the loss of every step done, and the outputs for all rows."""
        losses, outputs = self.run_epochs([order])
        return losses[0], outputs[0]

    def run_epochs(self, orders: Sequence[np.ndarray]) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Train for some epochs, each on all batches of an order. Returns for each the losses of the steps done, and the outputs.

        A step whose loss is no finite number is not done, nor any after it.
        """
        rows = len(orders[0])
        whole, rest = divmod(rows, self.size)
        each = whole + bool(rest)
        order = np.concatenate(orders, dtype=np.int64)
        losses, outputs = np.empty(each * len(orders), self.dtype), np.empty((len(order), self.width), self.dtype)
        self.updates.warn()
        told = self.updates.rows(len(losses), self.dtype)
        state = self.state
        state[ORDER], state[LOSSES], state[OUTPUTS], state[RATES] = (
            words(order),
            address(losses),
            address(outputs),
            address(told),
        )
        state[STRIDE] = told.shape[1] if len(told) > 1 else 0
        state[POSITION] = state[STEP] = 0
        passes = [self.linked[count].a_pass(steps, count) for count, steps in ((self.size, whole), (rest, 1)) if count and steps]
        first = self.linked[self.size if whole else rest]
        for linked in self.linked.values():
            linked.begin()
        run_passes(passes * len(orders), self.dtype)
        done = int(state[STEP])
        first.end(done)
        self.updates.done(done)
        ends = [min(done, (epoch + 1) * each) for epoch in range(len(orders))]
        split = np.split(losses[:done], ends[:-1])
        return split, np.split(outputs, len(orders))

    def explain(self) -> Explanation:
        """The plan for a whole batch."""
        return explain(next(iter(self.linked.values())).plan, self.names)


def _two_batches(tables: Sequence[np.ndarray], count: int) -> list[np.ndarray]:
    """Rows of two batches that differ in every table, unless all of its rows are the same."""
    rows = len(tables[0])
    first = np.arange(count)
    for shift in (count, rows // 2, 1, rows // 3 + 1):
        second = (first + shift) % rows
        if all(_differ(table, first, second) for table in tables):
            return [first, second]
    raise NotCompiledError("the samples are too much alike to tell data from constants")


def _differ(table: np.ndarray, first: np.ndarray, second: np.ndarray) -> bool:
    return not np.array_equal(table[first], table[second]) or bool((table == table[0]).all())


def _as_table(table: np.ndarray, dtype: Any) -> np.ndarray:
    """Rows of the machine's type, as it gathers them."""
    return as_memory(table.reshape(len(table), -1), dtype)
