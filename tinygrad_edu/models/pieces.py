"""Steps of `fit` that the machine does: whole epochs at once where nobody looks in between, else pieces of one.

What is asked of the machine is `run_passes`: rows in, losses and outputs out. Everything else of an epoch is done here in bulk:
orders drawn, losses and metrics counted. A piece, and so many epochs at once, take some tenth of a second: signals that
arrive meanwhile wait for its end. How long pieces are changes no number.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..compiled import Runner, run_in_turns
from .batches import ArrayBatches, Stream
from .forward import Forward, MachineForward, forward_of
from .tally import Done, Tally, is_of_samples
from .validation import Validation

SECONDS = 0.1  # that a piece may take
FIRST = 16  # steps of the first piece, if it cannot be reckoned
ROUNDS = 2 * 10**9  # of loops that the machine does in a second, at least
NUMBERS = 2**22  # that the machine may write down at once, four bytes each


def run_passes(runner: Runner, orders: np.ndarray, forward: Forward, rows: np.ndarray) -> tuple[Done, Done | None]:
    """What came out of learning from rows in these orders, and of measuring others after each of them.

    A step whose loss is not finite is not done, nor anything after it.

    Shapes: orders (passes, rows), rows (passes, others).
    """
    if isinstance(forward, MachineForward):
        with forward.asker.lock:
            learnt, after = run_in_turns((runner, orders), forward.turns(rows))
        return Done(*learnt), Done(*after)
    trained, measured = [], []
    for order, others in zip(orders, rows):
        trained.append(Done(*runner.run_epochs(order[None])))
        if len(trained[-1].losses) * runner.size < len(order):
            break
        measured.append(forward.run(others))
    return joined(trained), joined(measured) if measured else None


class Pieces:
    """The steps of one call of `fit`, done by a machine.

    Args:
        model: what is trained.
        stream: where its batches come from: rows of arrays.
        validation: what is measured after epochs, or None.
        epochs: how many there will be.
    """

    def __init__(self, model: Any, stream: Stream, validation: Validation | None, epochs: int):
        source: Any = stream.source
        self.model, self.stream, self.source, self.validation = model, stream, source, validation
        self.tally, self.steps = Tally(model, source), 0  # that fit into a piece; 0 as long as none was done
        self._begun: Done | None = None  # steps that were done already of the epoch that comes
        self.epochs = epochs
        self.forward: Forward | None = None  # what measures, as long as nobody has changed the model
        if validation is not None and isinstance(validation.source, ArrayBatches):
            self.measured = Tally(model, validation.source)

    # Epochs at once ------------------------------------------------------------------------------

    def epochs_at_once(self, runner: Runner, epochs: range) -> int:
        """How many of these epochs can be done in one call; 0 if not even one."""
        if self._begun is not None or not self._measures_rows or not self.source.are_in_line:
            return 0
        most = self._most(runner)
        due = [False] if self.validation is None else [self.validation.is_due(epoch) for epoch in epochs[:most]]
        alike = len(epochs) if self.validation is None else (*due, not due[0]).index(not due[0])  # all measured, or none
        steps = self.source.steps + (self.measured.source.steps if due[0] else 0)
        return min(alike, most // steps, NUMBERS // (len(self.source.x) * max(runner.width, 1)))

    @property
    def _measures_rows(self) -> bool:
        """Whether what is measured are all rows of arrays, or nothing."""
        if self.validation is None:
            return True
        source, steps = self.validation.source, self.validation.steps
        return isinstance(source, ArrayBatches) and steps in (None, source.steps)

    def run_epochs(self, runner: Runner, epochs: range) -> dict[str, list]:
        """Train for some epochs. Returns the logs of those that were finished: by name a number for each."""
        began, orders, measures = time.perf_counter(), self.stream.orders(len(epochs)), self._is_due(epochs[0])
        rows = self.measured.source.orders(None, len(epochs)) if measures else None
        if rows is None:
            trained, measured = Done(*runner.run_epochs(orders)), None
        else:
            trained, measured = run_passes(runner, orders, self.known_forward(), rows)  # type: ignore[arg-type]
        steps = len(trained.losses)
        finished = steps // self.source.steps
        if finished < len(epochs):
            self.stream.only(finished)
            self._begun = trained.part(slice(finished * self.source.steps, None), slice(orders[:finished].size, None))
        logs = self._counted(self.tally, orders[:finished], trained)
        if measured is not None:
            counted = self._counted(self.measured, rows[:finished], measured)  # type: ignore[index]
            logs |= {f"val_{name}": values for name, values in counted.items()}
            steps += len(measured.losses)
        self._note(steps, began)
        return logs

    def known_forward(self) -> Forward | None:
        """What measures; None if there are no rows of arrays to measure."""
        if self.forward is None and self._measures_rows and self.validation is not None:
            self.forward = forward_of(self.model, self.measured.source, self.epochs)
        return self.forward

    def _is_due(self, epoch: int) -> bool:
        return self.validation is not None and self.validation.is_due(epoch)

    def _counted(self, tally: Tally, orders: np.ndarray, done: Done) -> dict[str, list]:
        """What whole passes come to, the first of what was done."""
        if not len(orders):
            return {}
        self.model.reset_metrics()
        return tally.count(orders, done.part(slice(len(orders) * tally.source.steps), slice(orders.size)))

    # Pieces of an epoch --------------------------------------------------------------------------

    def run_piece(self, runner: Runner, most: int) -> tuple[int, Any]:
        """Some of the next steps. Returns how many were done, and the batch that could not be learnt from, or None."""
        began, order, size = time.perf_counter(), self.stream.rest(), self.source.batch_size
        done, self._begun = self._begun, None
        if done is None:
            order = order[: min(most, self._most(runner), max(1, NUMBERS // (size * max(runner.width, 1)))) * size]
            done = Done(*runner.run_epochs(order[None]))
        steps = len(done.losses)
        rows, left = order[: steps * size], order[steps * size : (steps + 1) * size]
        if steps:
            self.tally.count(rows[None], done.part(slice(None), slice(len(rows))))
            self._note(steps, began)
        self.stream.skip(steps + (left.size > 0))
        return steps, self.source.batch(left) if left.size else None

    def _most(self, runner: Runner) -> int:
        """How many steps fit into a piece, as those tell that were done; before there are any, as the plan does."""
        if self.steps:
            return self.steps
        is_alone = self.validation is None and all(is_of_samples(placed.metric) for placed in self.model._scores.placed)
        return max(FIRST, int(SECONDS * ROUNDS / runner.rounds)) if is_alone and runner.rounds else FIRST

    def _note(self, steps: int, began: float) -> None:
        """How many steps fit into the time of a piece, as far as these tell."""
        self.steps = max(1, int(SECONDS * steps / max(time.perf_counter() - began, 1e-6)))


def joined(found: Sequence[Done]) -> Done:
    """What came out of several passes, one after another."""
    if len(found) == 1:
        return found[0]
    outputs = zip(*(done.outputs for done in found))
    return Done(np.concatenate([done.losses for done in found]), [np.concatenate(column) for column in outputs])
