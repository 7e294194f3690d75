"""The course of training: epochs of steps, what is measured between them, whom it tells, and where it could go on."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from ..calculus import enable_grad
from ..callbacks import CallbackList, nonfinite
from .asking import measure
from .batches import Stream, unpack
from .interruption import WholeSteps
from .position import capture, go_back
from .scores import plain_numbers
from .validation import Validation


class Course:
    """One call of `fit`.

    Args:
        model: what is trained.
        stream: where its batches come from.
        steps: batches of an epoch. None: until a pass of the stream ends.
        epochs: their numbers.
        validation: what is measured between them, or None.
        hooks: who is told.
    """

    def __init__(
        self, model: Any, stream: Stream, steps: int | None, epochs: range, validation: Validation | None, hooks: CallbackList
    ):
        self.model, self.stream, self.steps, self.validation, self.hooks = model, stream, steps, validation, hooks
        self.epoch, self.end = epochs.start, epochs.stop
        self.step = 0  # how many were done in this epoch
        self.in_hand = False  # whether a batch was drawn that is not trained on yet
        self.logs: dict[str, Any] = {}

    def run(self) -> None:
        """Train. If an exception ends it, weights are those of a whole step, and callbacks have closed what they opened."""
        self.model.stop_training = False
        with WholeSteps() as self.whole:
            try:
                self.hooks.call("on_train_begin", {})
                while self.epoch < self.end and not self.model.stop_training:
                    self._run_epoch()
                self.whole.run(self.model.optimizer.finalize_variable_values, self.model.trainable_weights)
                self.hooks.call("on_train_end", self.logs)
            except BaseException as error:
                self._clean_up(error)
                raise

    def _run_epoch(self) -> None:
        epoch = self.epoch
        if self.steps is None and self.stream.source.steps is not None:
            self.hooks.params["steps"] = self.stream.source.steps  # a Sequence may have changed its length
        self.hooks.call("on_epoch_begin", epoch, {})
        if not self.step:
            self.model.reset_metrics()
        with enable_grad():
            self._run_steps()
        self.logs = dict(self.logs)
        if self.steps is None:
            self.hooks.params["steps"] = self.step
        if self.validation is not None and self.validation.is_due(epoch):
            source, steps = self.validation.source, self.validation.steps
            measured = measure(self.model, source, source.steps if steps is None else steps, self.hooks, "fit (validation_data)")
            self.logs |= {f"val_{name}": value for name, value in measured.items()}
        self.epoch, self.step = epoch + 1, 0
        self.hooks.call("on_epoch_end", epoch, self.logs)

    def _run_steps(self) -> None:
        """The inner loop: what it costs, every batch of every training costs."""
        model, train, run = self.model, self.model.train_step, self.whole.run
        begin, end = self.hooks.of("on_train_batch_begin"), self.hooks.of("on_train_batch_end")
        for batch in self.stream.take(None if self.steps is None else self.steps - self.step):
            step, self.in_hand = self.step, True
            for hook in begin:
                hook(step, {})
            logs = run(train, batch)
            self.step, self.in_hand = step + 1, False
            self.logs = logs = plain_numbers(logs)
            if not math.isfinite(logs.get("loss", 0.0)):
                nonfinite.stop_training(model, self.epoch, step, partial(_loss, model, batch))
            for hook in end:
                hook(step, logs)
            if model.stop_training:
                break

    def _clean_up(self, error: BaseException) -> None:
        """Tell all callbacks that training ends by `error`, which stays the one that is raised."""
        for hook in self.hooks.of("on_train_interrupt"):
            try:
                hook(self.logs)
            except Exception as another:
                error.add_note(f"While callbacks were told of this, {type(another).__name__} was raised: {another}")

    # Where it is ---------------------------------------------------------------------------------

    @property
    def position(self) -> dict[str, Any]:
        """Everything that the rest of this training depends on, as plain data and arrays."""
        place = self.stream.place
        place["taken"] -= self.in_hand
        return {"epoch": self.epoch, "step": self.step, "stream": place, "logs": dict(self.logs), **capture(self.model)}

    @position.setter
    def position(self, position: dict[str, Any]) -> None:
        self.epoch, self.step, self.logs = position["epoch"], position["step"], dict(position["logs"])
        self.stream.place = position["stream"]
        go_back(self.model, position)


def _loss(model: Any, batch: Any) -> Any:
    """The loss of a batch, as a step of training computes it."""
    x, y, sample_weight = unpack(batch)
    return model.compute_loss(x, y, model(x, training=True), sample_weight)
