"""The course of training: epochs of steps, what is measured between them, whom it tells, and where it could go on."""

from __future__ import annotations

from functools import cached_property
from math import isfinite
from time import perf_counter
from typing import Any

from ..calculus import enable_grad
from ..callbacks import CallbackList, OtherTrainingError, nonfinite
from ..interruption import WholeSteps
from .asking import measure
from .batches import Stream
from .by_batch import ByBatch
from .compiling import Compiled
from .identity import difference, identity_of
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
        whole: keeps signals out of a step.
        compiled: runs the steps, as far as they can be compiled: of rows some at once, of batches that come one by one each.
    """

    def __init__(
        self,
        model: Any,
        stream: Stream,
        steps: int | None,
        epochs: range,
        validation: Validation | None,
        hooks: CallbackList,
        whole: WholeSteps,
        compiled: Compiled | ByBatch | None,
    ):
        self.by_batch = compiled if isinstance(compiled, ByBatch) else None
        self.compiled = compiled if isinstance(compiled, Compiled) else None
        self.whole = whole
        self.model, self.stream, self.steps, self.validation, self.hooks = model, stream, steps, validation, hooks
        self.epoch, self.end, self.epochs = epochs.start, epochs.stop, len(epochs)
        self.step = 0  # how many were done in this epoch
        self.in_hand = False  # whether a batch was drawn that is not trained on yet
        self.logs: dict[str, Any] = {}
        self.resumed: dict[str, Any] | None = None  # the position that it goes on from
        self.began = model.optimizer.iterations

    def run(self) -> None:
        """Train. If an exception ends it, weights are those of a whole step, and callbacks have closed what they opened."""
        self.model.stop_training = False
        try:
            self.hooks.call("on_train_begin", {})
            self._go_back()
            while self.epoch < self.end and (self.step or not self.model.stop_training):
                if not self._run_epochs_at_once():
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
        if self.step:
            self._go_back()
        self.resumed = None
        if not self._run_whole_epoch():
            self._run_step_by_step()
        self.epoch, self.step = epoch + 1, 0
        self.hooks.call("on_epoch_end", epoch, self.logs)

    def _run_step_by_step(self) -> None:
        """What is left of an epoch, and what is measured behind it."""
        if not self.step:
            self.model.reset_metrics()
        with enable_grad():
            if self.compiled is None or self._run_pieces(self.compiled):
                self._run_steps()
        self.logs = dict(self.logs)
        if self.steps is None:
            self.hooks.params["steps"] = self.step
        if self.validation is not None and self.validation.is_due(self.epoch):
            source, steps = self.validation.source, self.validation.steps
            steps = source.steps if steps is None else steps
            known = None if self.compiled is None else self.compiled.forward()
            measured = measure(self.model, source, steps, self.hooks, "fit (validation_data)", known, self.epochs)
            self.logs |= {f"val_{name}": value for name, value in measured.items()}

    def _run_steps(self) -> None:
        """The inner loop: what it costs, every batch of every training costs."""
        model, train, run = self.model, self.by_batch or self.model.train_step, self.whole.run
        begin, end = self.hooks.of("on_train_batch_begin"), self.hooks.of("on_train_batch_end")
        for batch in self.stream.take(self._steps_left()):
            step, self.in_hand = self.step, True
            for hook in begin:
                hook(step, {})
            logs = run(train, batch)
            self.step, self.in_hand = step + 1, False
            self.logs = logs = plain_numbers(logs)
            if type(loss := logs.get("loss")) is float and not isfinite(loss):
                nonfinite.stop_training(model, self.epoch, step, model.loss_again(batch))
            for hook in end:
                hook(step, logs)
            if model.stop_training:
                break

    def _steps_left(self) -> int | None:
        if self.model.stop_training:  # the training that goes on here was ended in this epoch
            return 0
        return None if self.steps is None else self.steps - self.step

    # Compiled ------------------------------------------------------------------------------------

    def _run_epochs_at_once(self) -> bool:
        """Several epochs in one call, if nobody looks in between. Says whether there were any."""
        compiled = self.compiled
        if compiled is None or self.step:
            return False
        before, count = self.epoch, compiled.epochs_at_once(range(self.epoch, self.end))
        if count:
            with enable_grad():
                self.whole.run(lambda epochs: self._take_epochs(compiled, epochs), range(before, before + count))
        return self.epoch > before

    def _take_epochs(self, compiled: Compiled, epochs: range) -> None:
        began, steps = perf_counter(), self.stream.source.steps
        self.resumed, self.hooks.params["steps"] = None, steps
        logs = compiled.run_epochs(epochs)
        done = len(logs.get("loss", ()))
        if done:
            seconds = (perf_counter() - began) / done
            for tell in self.hooks.at_once or ():
                tell(list(epochs[:done]), logs, steps, seconds)
            self.epoch, self.logs = epochs[done - 1] + 1, {name: values[-1] for name, values in logs.items()}

    def _run_whole_epoch(self) -> bool:
        """All of an epoch in one call, if nobody looks before its end. Says whether it was done."""
        compiled = self.compiled
        if compiled is None or self.step or self.model.stop_training:
            return False
        if compiled.takes_whole(self.epoch):
            with enable_grad():
                self.whole.run(self._take_epoch, compiled)
            self.stream.end()
        return self.step > 0

    def _take_epoch(self, compiled: Compiled) -> None:
        logs = compiled.run_epochs(range(self.epoch, self.epoch + 1))
        if logs:
            self.stream.stay()
            self.step, self.logs = compiled.source.steps, {name: values[0] for name, values in logs.items()}

    def _run_pieces(self, compiled: Compiled) -> bool:
        """The steps of an epoch, some at once. Says whether the others have to be taken one by one."""
        model, begin, end = self.model, self.hooks.of("on_train_batch_begin"), self.hooks.of("on_train_batch_end")
        while not self._is_over:
            for hook in begin:
                hook(self.step, {})
            is_ready = compiled.is_ready()
            if not is_ready and not begin:
                return True
            alone = self.whole.run(self._take_piece, self._steps_left()) if is_ready else list(self.stream.take(1)).pop()
            if alone is not None and not self._take_alone(alone):
                nonfinite.stop_training(model, self.epoch, self.step - 1, model.loss_again(alone))
            for hook in end:
                hook(self.step - 1, self.logs)
            if model.stop_training:
                break
        return False

    @property
    def _is_over(self) -> bool:
        """Whether the epoch has no steps left."""
        left = self._steps_left()
        self.stream.end()
        return left == 0 or (left is None and self.step > 0 and self.stream.is_between_passes)

    def _take_piece(self, most: int | None) -> Any:
        """Some steps. Returns the batch behind them, if nothing could be learnt from it."""
        done, refused = self.compiled.run_piece(most)  # type: ignore[union-attr]
        self.step, self.logs = self.step + done, self.model.get_metrics_result()
        return refused

    def _take_alone(self, batch: Any) -> bool:
        """A step that the machine did not take. Says whether its loss is finite."""
        self.in_hand = True
        self.logs = plain_numbers(self.whole.run(self.model.train_step, batch))
        self.step, self.in_hand = self.step + 1, False
        return isfinite(self.logs["loss"])

    def _clean_up(self, error: BaseException) -> None:
        """Tell all callbacks that training ends by `error`, which stays the one that is raised."""
        for hook in self.hooks.of("on_train_interrupt"):
            try:
                hook(self.logs)
            except Exception as another:
                error.add_note(f"While callbacks were told of this, {type(another).__name__} was raised: {another}")

    # Where it is ---------------------------------------------------------------------------------

    @cached_property
    def identity(self) -> dict[str, Any]:
        """What this is a training of."""
        steps = self.stream.source.steps if self.steps is None else self.steps
        return identity_of(self.model, self.stream, steps, self.validation)

    @property
    def position(self) -> dict[str, Any]:
        """Everything that the rest of this training depends on, as plain data and arrays."""
        place = self.stream.place
        place["taken"] -= self.in_hand
        own = {"epoch": self.epoch, "step": self.step, "stream": place, "logs": dict(self.logs)}
        ended = {"began": self.began, "ended": bool(self.model.stop_training)}
        return {"of": self.identity, **own, **ended, "callbacks": self.hooks.get_state(), **capture(self.model)}

    @position.setter
    def position(self, position: dict[str, Any]) -> None:
        self._refuse_another(position)
        self.epoch, self.step, self.logs = position["epoch"], position["step"], dict(position["logs"])
        self.model.stop_training, self.began = position["ended"], position["began"]
        self.stream.place = position["stream"]
        self.resumed = position
        self._go_back()

    def _go_back(self) -> None:
        """Model and callbacks as they were in the position to go on from.

        Not once only: `on_train_begin` and `on_epoch_begin` are called again, at which callbacks begin anew and change the rate.
        """
        if self.resumed is not None:
            go_back(self.model, self.resumed)
            self.hooks.set_state(self.resumed["callbacks"])

    def _refuse_another(self, position: dict[str, Any]) -> None:
        """Refuse the position of another training."""
        found = difference(position["of"], self.identity)
        if found is None and position["began"] > self.model.optimizer.iterations:
            found = f"began after step {position['began']} there, {self.model.optimizer.iterations} here"
        if found:
            raise OtherTrainingError(f"fit expects to go on from a position of the same training, got one of another: {found}.")
