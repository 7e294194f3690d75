"""A model's step, compiled and run: weights go into the arena, the machine runs batch after batch, and weights come back.

The arrays of weights and slots stay those of their Variables: others may look at them, change them, save them between two runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..optimizers import Optimizer
from . import machine
from .elementwise import BLOCK
from .lowering import plan_of
from .plan import Plan
from .program import program_of
from .step import NotCompiledError, known_step

WIDEST = 6  # numbers that an optimizer's loop reads


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
        self.states, self.update = _optimizer_of(model)
        self.key = self._key()
        weights = model.weights
        trained = [next(i for i, w in enumerate(weights) if w is state.variable) for state in self.states]
        self.plans: dict[int, Plan] = {}
        end, step = 0, None
        for count in dict.fromkeys((min(size, self.rows), self.rows % size or size)):
            step = known_step(model, [batch(rows) for rows in _two_batches(tables, count)], step)
            shapes = [weight.shape for weight in weights]
            plan = plan_of(program_of(step), count, shapes, trained, self.update, end)
            self.plans[count], end = plan, plan.size
        self.arena = np.zeros(end, np.float32)
        self.programs = {count: plan.rows() for count, plan in self.plans.items()}
        self.spare = np.empty((3, BLOCK), np.float32)
        self.tables = tuple(_as_table(table) for table in (tables[0], tables[1], tables[-1]))
        for plan in self.plans.values():
            for cell, array in plan.constants:
                self.arena[cell.address : cell.address + cell.size] = array.reshape(-1)
        self.pieces = self._pieces()
        self.width = plan.output.form[0].size

    @property
    def is_valid(self) -> bool:
        """Whether the same weights are still moved in the same way."""
        return self.key == self._key()

    def _key(self) -> tuple:
        optimizer = self.model.optimizer
        options = tuple(getattr(optimizer, option) for option in _OPTIONS)
        return id(optimizer), optimizer.loop, options, [id(weight) for weight in self.model.trainable_weights]

    def run(self, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Train on batches of rows, in that order. Returns the loss of every step done, and the outputs for all rows.

        A step whose loss is no finite number is not done, nor any after it.
        """
        steps = -(-len(order) // self.size)
        losses, outputs = np.empty(steps, np.float32), np.empty((len(order), self.width), np.float32)
        numbers = self._numbers(steps)
        self._load()
        whole, done, at = len(order) // self.size, 0, 0
        for count, some in ((self.size, slice(whole)), (len(order) % self.size, slice(whole, steps))):
            if losses[some].size and done == at:
                rest = slice(at * self.size, None)
                args = self.tables, order[rest], count, losses[some], outputs[rest], numbers[some]
                done += machine.run(self.programs[count], self.arena, self.spare, *args)
                at = some.stop
        self._store(done)
        return losses[:done], outputs

    def explain(self) -> str:
        """The plan for a whole batch."""
        return next(iter(self.plans.values())).explain()

    def _numbers(self, steps: int) -> np.ndarray:
        """What the optimizer needs to know for each of the next steps."""
        first = self.optimizer.iterations + 1
        found = [self.optimizer.numbers(self.optimizer.rate_at(step), step) for step in range(first, first + steps)]
        numbers = np.zeros((steps, WIDEST), np.float32)
        numbers[:, : len(found[0])] = found
        return numbers

    def _pieces(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Pairs of an array of a weight or a slot, or of a weight that stays, and its place in the arena."""
        plan = next(iter(self.plans.values()))
        size, at, pairs = plan.trained_size, 0, []
        for state in self.states:
            starts = at, *(at + (2 + slot) * size for slot in range(len(state.arrays)))
            pairs += [
                (array.reshape(-1), self.arena[start : start + array.size])
                for array, start in zip((state.p, *state.arrays), starts)
            ]
            at += state.p.size
        moved = {id(state.variable) for state in self.states}
        for weight, cell in zip(self.model.weights, plan.weights):
            if id(weight) not in moved:
                pairs.append((weight.array.reshape(-1), self.arena[cell.address : cell.address + cell.size]))
        return pairs

    def _load(self) -> None:
        for array, place in self.pieces:
            place[:] = array

    def _store(self, steps: int) -> None:
        for array, place in self.pieces:
            array[:] = place
        for state in self.states:
            state.variable.mark_changed()
        self.optimizer.iterations += steps


def _optimizer_of(model: Any) -> tuple[list, tuple[str, int]]:
    """The states of all trained weights, and the opcode of the update with its number of slots."""
    optimizer = model.optimizer
    name = getattr(optimizer.loop, "__name__", "")
    if name not in machine.OPCODES or type(optimizer).update is not Optimizer.update:
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
    if any(weight.dtype != np.float32 for weight in model.weights):
        raise NotCompiledError("the machine computes in float32, and not all weights do")
    return optimizer._states_of(weights), (name, len(optimizer.slots))


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


def _as_table(table: np.ndarray) -> np.ndarray:
    """Rows of float32, as the machine gathers them."""
    return np.ascontiguousarray(table.reshape(len(table), -1), np.float32)
