"""Steps on batches that somebody else makes: each goes through the machine as it comes, and none is asked for any earlier.

So whoever makes them, and whoever is told of them, does the same in the same order as between eager steps. There is a
machine for each form of batch: shapes, types, structure. It is made when the first such batch comes, of that one and of another
that is made up (see `compiled.another`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Any

import numpy as np

from ..compiled import Asker, NotCompiledError, Ran, Runner, run_in_turns, with_others
from ..compiled.function import form_of_argument
from ..graph import Value, make_value
from ..modes import current, detector
from ..rerun import Moved
from ..structure import flatten
from .batches import unpack
from .ports import by_output
from .sameness import Settings, forms
from .steps import COUNTING, own_methods
from .wishes import WORTH, against, ended_with, refusal, require_machine, unknown, wish_of

FORMS = 8  # of batches that have a machine


class ByBatch:
    """`train_step`, `test_step` or `predict_step` of a model, done by machines as far as that is possible.

    Args:
        model: built; and compiled, unless it is only asked.
        what: "train", "test" or "predict".
        steps: how many there will be. None: nobody knows, so that the first ones are eager, until it is worth it.
        owner: the call, for messages.

    Raises:
        NotCompiledError: says what stands in the way.
    """

    def __init__(self, model: Any, what: str, steps: int | None, owner: str):
        for reason in _reasons(model, what, steps):
            raise NotCompiledError(reason)
        require_machine(model)
        self.model, self.what, self.owner, self.must = model, what, owner, wish_of(model) == "compile"
        self.patience = WORTH if steps is None and wish_of(model) == "auto" else 0  # eager steps that come first
        self.settings = Settings(model)
        self.machines, self._crowded = self._kept(), ""
        self._structure: Callable[[list], Any] | None = None
        self._say("no batch has come yet")

    def __call__(self, batch: Any) -> Any:
        """What the step returns of a batch."""
        ran = self._ran(batch)
        if ran is not None and len(ran.losses):
            self._say(self._crowded)
            return self._told(ran, batch)
        return getattr(self.model, f"{self.what}_step")(batch)  # a loss that is not finite, or what Python shall say

    def _say(self, why_eager: str) -> None:
        if self.what == "train" and self.model._why_eager != why_eager:
            self.model._why_eager = why_eager

    # What comes out ------------------------------------------------------------------------------

    def _told(self, ran: Ran, batch: Any) -> Any:
        """What an eager step would have returned."""
        if self.what == "predict":
            return self._put_together(batch)([make_value(output) for output in ran.outputs])
        model, losses, scores = self.model, ran.losses[0].tolist(), self.model._scores
        model.batch_loss = losses[0]
        for mean, loss in zip([scores.loss, *scores.output_losses], losses):
            mean.count_batch(loss, self._rows)
        if scores.placed:
            names, (_, y, weights) = model._objective.names or ["output_1"], unpack(batch)
            scores.count(by_output(y, names), [make_value(output) for output in ran.outputs], by_output(weights, names))
        return model.get_metrics_result()

    def _put_together(self, batch: Any) -> Callable[[list], Any]:
        """What puts outputs in the structure that the model returns."""
        if self._structure is None:
            with Moved() as moved:
                self._structure = flatten(self.model.predict_step(batch))[1]
            moved.undo()
        return self._structure

    # Machines ------------------------------------------------------------------------------------

    def _ran(self, batch: Any) -> Ran | None:
        """What came out of a machine; None if the step has to be eager."""
        if self.patience:
            self.patience -= 1
            self._say(f"nobody knows how many batches come, and the first {WORTH} are too few to be worth it")
            return None
        try:
            return self._run(batch)
        except NotCompiledError as reason:
            if self.must:
                raise refusal(reason, self.owner) from None
            self._say(str(reason))
            return None

    def _run(self, batch: Any) -> Ran:
        if detector() is not None:
            raise NotCompiledError("somebody looks for anomalies")
        if not self._is_same():
            self.settings = Settings(self.model)
            self.machines = self._kept()
        tables: list[Any] = []
        form = form_of_argument(unpack(batch), tables)
        machine = self.machines.get(form)
        if machine is None:
            machine = self.machines[form] = self._made(batch)
        if isinstance(machine, NotCompiledError):
            raise machine
        if self.what == "train" and self.model._kept.runner is not machine:
            kept = self.model._kept
            kept.runner, kept.settings, kept.forms = machine, self.settings, forms(machine.tables)
        self._rows = machine.size
        with machine.lock:
            machine.give([table.array if isinstance(table, Value) else table for table in tables])
            return run_in_turns((machine, np.arange(machine.size)[None]))[0]

    def _is_same(self) -> bool:
        """Whether the step is what it was, whoever has made batches or heard of them meanwhile."""
        made = [machine for machine in self.machines.values() if not isinstance(machine, NotCompiledError)]
        if self.settings.are_untouched and all(_is_untouched(machine) for machine in made):
            return True
        now = Settings(self.model)
        if now != self.settings or not all(machine.is_valid for machine in made):
            return False
        self.settings = now
        for machine in made:
            if isinstance(machine, Runner):
                machine.note()
        return True

    def _kept(self) -> dict[Hashable, Any]:
        """The machines of the last call, if the step is still the same; else none. By the forms of their batches."""
        kept, context = self.model._kept.by_batch, current().phase
        machines, settings, phase = kept.get(self.what, ({}, None, None))
        is_known = phase is context and settings == self.settings and all(map(_is_valid, machines.values()))
        if not is_known or (self.what == "train" and self.settings.foreign_code):
            machines = {}
        kept[self.what] = machines, self.settings, context
        return machines

    def _made(self, batch: Any) -> Any:
        """A new machine for batches like this one, or why there is none."""
        if len(self.machines) >= FORMS:
            self._crowded = f"the batches come in more than {FORMS} forms, and only those of the first {FORMS} run compiled"
            raise NotCompiledError(self._crowded)
        parts, put_together = flatten(list(unpack(batch)))
        weights = len(flatten(unpack(batch)[2])[0])
        tables = with_others([part.array if isinstance(part, Value) else part for part in parts], weights)

        def some(rows: Any) -> Any:
            taken = (table[rows] for table in tables)
            return put_together([make_value(one) if isinstance(part, Value) else one for part, one in zip(parts, taken)])

        with Moved() as moved:
            try:
                return self._new(tables, some)
            except BaseException as error:
                moved.undo()
                if isinstance(error, NotCompiledError):
                    return error
                if isinstance(error, MemoryError) or not isinstance(error, Exception):
                    raise
                return NotCompiledError(ended_with(error))  # an eager step says it in its own words, if it meets it too

    def _new(self, tables: list[np.ndarray], some: Callable[[Any], Any]) -> Any:
        rows = len(tables[0]) // 2
        if self.what == "train":
            return Runner(self.model, tables, some, rows)
        machine = Asker(self.model, tables, rows, self.what)
        machine.add([rows], some)
        return machine


def _is_untouched(machine: Any) -> bool:
    return machine.is_untouched if isinstance(machine, Runner) else machine.is_valid


def _is_valid(machine: Any) -> bool:
    return isinstance(machine, NotCompiledError) or machine.is_valid


def _reasons(model: Any, what: str, steps: int | None) -> Iterator[str]:
    """What stands in the way, as far as it can be told without a batch."""
    yield from against(model, steps)
    yield from unknown(model, Settings(model))
    for name in own_methods_in(model, what):
        yield f"the model has a {name} of its own"


def own_methods_in(model: Any, what: str) -> list[str]:
    """The methods of a step that the class of a model has overridden."""
    return own_methods(model, f"{what}_step", *(COUNTING if what != "predict" else ()))


def step_of(model: Any, what: str, steps: int | None) -> Callable[[Any], Any]:
    """`test_step` or `predict_step` of a model, for batches that come one by one: by machines, if that is worth it.

    Args:
        model, what, steps: as for `ByBatch`.

    """
    own_step = getattr(model, f"{what}_step")
    if any(own_methods_in(model, what)):
        return own_step
    try:
        return ByBatch(model, what, steps, {"test": "evaluate"}.get(what, what))
    except NotCompiledError:
        return own_step  # nobody insists on it
