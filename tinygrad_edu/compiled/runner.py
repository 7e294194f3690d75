"""Training by the machine: weights stay where they are, and are moved batch after batch."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from operator import is_
from typing import Any

import numpy as np

from ..variable import Variable
from .explain import Names
from .fields import RATES, STEP, STRIDE
from .kinds import Step
from .link import address, run_passes
from .moves import hooks_of
from .plan import Plan
from .plans import plan_of_step
from .stepper import Common, Ran, Stepper, run_in_turns, sizes_of_batches
from .updates import Updates, without_hooks

PIECE = 2**16  # rows that are asked for in one call of the machine


class Runner(Stepper):
    """The compiled training step of a model.

    Args:
        model: compiled, and built.
        tables, size: as for `Stepper`.
        batch: (x, y, sample_weight) of some rows, as eager steps get it.

    Raises:
        NotCompiledError: says what stands in the way.
    """

    def __init__(self, model: Any, tables: Sequence[np.ndarray], batch: Callable[[np.ndarray], tuple], size: int):
        super().__init__(model, tables, size, "train")
        self.add(sizes_of_batches(len(tables[0]), size), batch)
        self.key = self._key(self.updates, self.weights)
        self.note()

    def _taken(self, batches: Sequence[tuple]) -> Step:
        with without_hooks(self.model.trainable_weights):
            return super()._taken(batches)

    def _begin(self, step: Step, common: Common, names: Callable[[], Names]) -> None:
        super()._begin(step, common, names)
        self.updates = Updates(self.model.optimizer, self.model.trainable_weights, step.taken.moved)
        places = {id(weight): number for number, weight in enumerate(step.taken.weights)}
        self.trained = [places[id(weight)] for weight in self.updates.weights]
        self._homes |= self.updates.homes(self.trained)

    def _plan(self, form: Hashable, count: int, step: Step | None = None) -> Plan:
        return plan_of_step(form, step, count, self.trained, self.updates.move, self._tells)

    @property
    def is_valid(self) -> bool:
        """Whether the same weights are still moved in the same way."""
        updates = Updates(self.model.optimizer, self.model.trainable_weights, self.updates.numbers)
        return self.key == self._key(updates, self.model.weights)

    @property
    def is_untouched(self) -> bool:
        """Whether no weight has become another one, or is treated otherwise, since `note`. If one has, it may still be valid."""
        held, before = self._held(), self._before
        return len(held) == len(before) and all(map(is_, held, before)) and not any(map(hooks_of, self.updates.weights))

    def note(self) -> None:
        """Note what weights are now, for which it is valid."""
        self._before = self._held()

    def _held(self) -> list[Any]:
        weights = self._first.taken.weights  # type: ignore[union-attr]
        held = [one for w in weights if isinstance(w, Variable) for one in (w.array, w.trainable, w.constraint, w.regularizer)]
        return [*held, *self.updates.optimizer._states.values()]

    def _key(self, updates: Updates, weights: Sequence[Any]) -> tuple:
        return updates.key, [id(weight.array) for weight in weights]

    def begin(self, orders: np.ndarray, told: np.ndarray | None = None) -> list[tuple[int, ...]]:
        """Get ready for passes in these orders of rows, as any `Stepper`; and write down what the optimizer tells each step."""
        passes = super().begin(orders, told)
        self.updates.warn()
        self._rows = self.updates.rows(len(self._noted), self.dtype)
        self.state[RATES], self.state[STRIDE] = address(self._rows), self._rows.shape[1] if len(self._rows) > 1 else 0
        return passes

    def end(self) -> Ran:
        """What came out of the steps that were done, of all passes one after the other."""
        self.updates.done(int(self.state[STEP]))
        return super().end()

    def run_epochs(self, orders: np.ndarray) -> Ran:
        """Train for some epochs, each on all batches of an order of rows. Returns what came out of the steps that were done.

        A step whose loss is no finite number is not done, nor any after it.
        """
        return run_in_turns((self, orders))[0]


class Asker(Stepper):
    """The compiled step of a model from which nothing is learnt.

    Args:
        model: built.
        tables, size: as for `Stepper`.
        what: "test" or "predict".
    """

    def _plan(self, form: Hashable, count: int, step: Step | None = None) -> Plan:
        return plan_of_step(form, step, count, tells=self._tells)

    def ask(self, order: np.ndarray) -> list[np.ndarray]:
        """The outputs for rows of these numbers. Signals are heard every so many batches."""
        told, piece = np.empty((len(order), self.width), self.dtype), self.size * max(1, PIECE // self.size)
        for at in range(0, len(order), piece):
            run_passes(self.begin(order[None, at : at + piece], told[at : at + piece]), self.dtype, self.calls_python)
            self.end()
        return [np.ascontiguousarray(output) for output in self._outputs(told)]

    @property
    def is_valid(self) -> bool:
        """Whether weights are where they were; not before a step was taken down."""
        if self._first is None:
            return False
        weights = self._first.taken.weights
        return all(weight.array is self._arrays[i] for i, weight in enumerate(weights))

    def _begin(self, step: Step, common: Common, names: Callable[[], Names]) -> None:
        super()._begin(step, common, names)
        self._arrays = [weight.array for weight in step.taken.weights]
