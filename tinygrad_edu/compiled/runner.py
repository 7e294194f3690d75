"""A model's step, compiled and run: weights stay where they are, the machine moves them batch after batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..optimizers import Optimizer
from .errors import NotCompiledError
from .explain import Explanation, Names, explain, names_of
from .fields import LOSSES, ORDER, OUTPUTS, POSITION, RATES, STEP
from .link import Linked, address, machine_type, new_state, run_passes, words
from .plans import Move, plan_of_step
from .step import known_step
from .translation import generators_of


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
        self.states, self.kernel = _optimizer_of(model)
        self.key = self._key()
        weights = model.weights
        trained = [next(i for i, w in enumerate(weights) if w is state.variable) for state in self.states]
        width = len(self.optimizer.numbers(self.optimizer.rate_at(1), 1))
        self.state = new_state()
        self.linked: dict[int, Linked] = {}
        self.names: Names | None = None
        step: Any = None
        for count in dict.fromkeys((min(size, self.rows), self.rows % size or size)):
            step = known_step(model, [batch(rows) for rows in _two_batches(tables, count)], step)
            self.dtype = machine_type(step)
            plan = plan_of_step(step, count, trained, Move(self.kernel, len(self.optimizer.slots), width))
            homes: dict[Any, np.ndarray] = {("weight", i): weight.array for i, weight in enumerate(step.taken.weights)}
            homes |= {("table", i): _as_table(table, self.dtype) for i, table in enumerate(tables)}
            for number, state in zip(trained, self.states):
                homes |= {("slot", number, slot): array for slot, array in enumerate(state.arrays)}
            self.linked[count] = Linked(plan, homes, self.dtype, self.state, generators_of(step))
            self.names = self.names or names_of(step, batch(np.arange(1)), self.dtype.itemsize)
        self.width = sum(math.prod(np.shape(output)[1:]) for output in step.taken.outputs)

    @property
    def is_valid(self) -> bool:
        """Whether the same weights are still moved in the same way."""
        return self.key == self._key()

    def _key(self) -> tuple:
        optimizer = self.model.optimizer
        options = tuple(getattr(optimizer, option) for option in _OPTIONS)
        arrays = [weight.array.ctypes.data for weight in self.model.weights]
        return id(optimizer), optimizer.loop, options, [id(weight) for weight in self.model.trainable_weights], arrays

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
        rates = self._rates(len(losses))
        state = self.state
        state[ORDER], state[LOSSES], state[OUTPUTS], state[RATES] = (
            words(order),
            address(losses),
            address(outputs),
            address(rates),
        )
        state[POSITION] = state[STEP] = 0
        passes = [self.linked[count].a_pass(steps, count) for count, steps in ((self.size, whole), (rest, 1)) if count and steps]
        first = self.linked[self.size if whole else rest]
        for linked in self.linked.values():
            linked.begin()
        run_passes(passes * len(orders), self.dtype)
        done = int(state[STEP])
        first.end(done)
        for one in self.states:
            one.variable.mark_changed()
        self.optimizer.iterations += done
        ends = [min(done, (epoch + 1) * each) for epoch in range(len(orders))]
        split = np.split(losses[:done], ends[:-1])
        return split, np.split(outputs, len(orders))

    def explain(self) -> Explanation:
        """The plan for a whole batch."""
        return explain(next(iter(self.linked.values())).plan, self.names or Names())

    def _rates(self, steps: int) -> np.ndarray:
        """What the optimizer needs to know for each of the next steps."""
        first = self.optimizer.iterations + 1
        found = [self.optimizer.numbers(self.optimizer.rate_at(step), step) for step in range(first, first + steps)]
        return np.array(found, self.dtype)


def _optimizer_of(model: Any) -> tuple[list, Callable]:
    """The states of all trained weights, and the kernel of the update."""
    optimizer = model.optimizer
    if optimizer.loop is None or type(optimizer).update is not Optimizer.update:
        raise NotCompiledError(f"the optimizer {type(optimizer).__name__} has no opcode")
    for option in _OPTIONS:
        if getattr(optimizer, option):
            raise NotCompiledError(f"{option} of the optimizer has no opcode")
    weights = model.trainable_weights
    for weight in weights:
        if weight.constraint is not None:
            raise NotCompiledError(f"the constraint of {weight.path!r} has no opcode")
        if weight.node.notes is not None and weight.node.notes.hooks:
            raise NotCompiledError(f"a hook watches the gradient of {weight.path!r}")
    return optimizer._states_of(weights), optimizer.loop


_OPTIONS = (
    "weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "use_ema", "loss_scale_factor", "gradient_accumulation_steps",
)  # fmt: skip


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
    return np.ascontiguousarray(table.reshape(len(table), -1), dtype)
