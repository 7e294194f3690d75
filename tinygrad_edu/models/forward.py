"""Losses and outputs of rows from which nothing is learnt: for `evaluate`, `predict`, and what `fit` measures between epochs."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from ..calculus import no_grad
from ..compiled import Asker, NotCompiledError, run_in_turns, sizes_of_batches
from ..modes import current, detector
from ..rerun import Moved
from .batches import ArrayBatches, unpack
from .ports import outputs_of
from .sameness import Settings, forms
from .tally import Done
from .wishes import against, refusal, require_machine, unknown, wish_of


class Forward(Protocol):
    """A model on the rows of some arrays, in batches of a source.

    Attributes:
        is_eager: whether it takes batch after batch, as others can do as well.
    """

    is_eager: bool

    def run(self, order: np.ndarray) -> Done:
        """Losses and outputs of the batches of rows of these numbers."""

    def ask(self, order: np.ndarray) -> list[np.ndarray]:
        """The outputs alone, for rows that have no labels."""


class EagerForward:
    """The same in Python, as `test_step` and `predict_step` do it.

    Args:
        model: compiled, if there are labels.
        source: where the rows come from.
    """

    is_eager = True

    def __init__(self, model: Any, source: ArrayBatches):
        self.model, self.source = model, source

    def run(self, order: np.ndarray) -> Done:
        """Losses and outputs of the batches of rows of these numbers."""
        with no_grad():
            losses, outputs = zip(*(self._measured(rows) for rows in self._batches(order)))
        return Done(np.array(losses), [np.concatenate(column) for column in zip(*outputs)])

    def ask(self, order: np.ndarray) -> list[np.ndarray]:
        """The outputs alone, for rows that have no labels."""
        with no_grad():
            found = [outputs_of(self.model.predict_step(self.source.batch(rows))) for rows in self._batches(order)]
        return [np.concatenate([output.array for output in column]) for column in zip(*found)]

    def _batches(self, order: np.ndarray) -> list[np.ndarray]:
        size = self.source.batch_size
        return [order[at : at + size] for at in range(0, len(order), size)]

    def _measured(self, rows: np.ndarray) -> tuple[list[float], list[np.ndarray]]:
        model = self.model
        x, y, sample_weight = unpack(self.source.batch(rows))
        y_pred = model(x)
        loss = model.compute_loss(x, y, y_pred, sample_weight, training=False)
        parts = model._objective.parts if model._scores.output_losses else []
        return [loss.item(), *(part.item() for part in parts)], [output.array for output in outputs_of(y_pred)]


class MachineForward:
    """The same by a machine.

    Args:
        asker: taken down for rows of such a form.
        source: where the rows come from.

    Raises:
        NotCompiledError: says what stands in the way.
    """

    is_eager = False

    def __init__(self, asker: Asker, source: ArrayBatches):
        self.asker, self.source = asker, source
        counts = sizes_of_batches(len(source.x), source.batch_size)
        with asker.lock:
            asker.give(source.tables)
            asker.add([count for count in counts if count not in asker.linked], lambda some: unpack(source.batch(some)))

    def turns(self, orders: np.ndarray) -> tuple[Asker, np.ndarray]:
        """What `run_in_turns` needs to go through rows in these orders."""
        self.asker.give(self.source.tables)
        return self.asker, orders

    def run(self, order: np.ndarray) -> Done:
        """Losses and outputs of the batches of rows of these numbers."""
        with self.asker.lock:
            return Done(*run_in_turns(self.turns(order[None]))[0])

    def ask(self, order: np.ndarray) -> list[np.ndarray]:
        """The outputs alone, for rows that have no labels."""
        with self.asker.lock:
            return self.turns(order[None])[0].ask(order)


def forward_of(model: Any, source: ArrayBatches, times: int = 1, what: str = "test") -> Forward:
    """What runs a model forward on rows of arrays: the one place that decides on it.

    Args:
        model: that is asked.
        source: where the rows come from.
        times: how often they will be gone through.
        what: "test", for losses and outputs, or "predict".

    Raises:
        ValueError: for what must be compiled and cannot be.
    """
    if any(against(model, source.steps * times)) or detector() is not None:
        return EagerForward(model, source)
    settings = Settings(model)
    if any(unknown(model, settings)):
        return EagerForward(model, source)
    try:
        require_machine(model)
        with Moved() as moved:
            try:
                return MachineForward(_asker_of(model, settings, source, what), source)
            except BaseException:
                moved.undo()
                raise
    except NotCompiledError as reason:
        if wish_of(model) == "compile":
            raise refusal(reason, {"test": "evaluate"}.get(what, what)) from None
        return EagerForward(model, source)


def _asker_of(model: Any, settings: Settings, source: ArrayBatches, what: str) -> Asker:
    """The machine that was made for such rows, or a new one."""
    form = forms(source.tables), source.batch_size, current().phase
    if what in model._kept.askers:
        asker, form_before, settings_before = model._kept.askers[what]
        if form == form_before and settings_before == settings and asker.is_valid and asker.takes(source.tables):
            return asker
    asker = Asker(model, source.tables, source.batch_size, what)
    model._kept.askers[what] = asker, form, settings
    return asker
